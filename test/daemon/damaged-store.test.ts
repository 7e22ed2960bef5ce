/**
 * The state store lost or damaged in every way a disk can think of: the server comes up with the same state by itself.
 * `SYNOD_STORE_DAMAGES=N` tries so many flips in each large file instead of 20.
 */
import * as fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { Prng } from '../../src/base/index.js';
import type { Row } from '../../src/chat/index.js';
import { segmentName } from '../../src/storage/index.js';
import { LoneServer } from '../support/lone-server.js';

const segmentBytes = 32 * 1024;
const flipsPerFile = Number(process.env.SYNOD_STORE_DAMAGES ?? 20);
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
t.setTimeout(60_000 + flipsPerFile * 2_000);

interface Built {
  readonly directory: string;
  readonly rows: readonly Row[];
  readonly texts: readonly string[];
  readonly applied: number;
}

/**
 * Two lives with many checkpoints: LevelDB has a table, a log of its own that spans several of its blocks, and a
 * manifest; the slot index and the room's index have rows that are read only when somebody asks for history.
 */
async function build(directory: string): Promise<Built> {
  let rows: Row[] = [];
  let applied = 0;
  const texts: string[] = [];
  for (let life = 1; life <= 2; life++) {
    const server = await LoneServer.open({ directory, life, segmentBytes });
    for (let checkpoint = 0; checkpoint < 14; checkpoint++) {
      await server.say(30);
      await server.checkpoint();
    }
    rows = server.rows();
    applied = server.applied;
    texts.splice(0, texts.length, ...((await server.readAll()) ?? []));
    await server.end();
  }
  return { directory, rows, texts, applied };
}

interface Outcome {
  /** The store was good enough, set aside at the start, or given up when history was read from it. */
  readonly how: 'kept' | 'set aside' | 'set aside later';
}

/** Starts on a copy that `damage` has changed, and demands that all of it is there in the end. */
async function start(built: Built, copy: string, damage: (state: string) => void): Promise<Outcome> {
  fs.rmSync(copy, { recursive: true, force: true });
  fs.cpSync(built.directory, copy, { recursive: true });
  damage(path.join(copy, 'state'));
  const server = await LoneServer.open({ directory: copy, life: 3, segmentBytes });
  await server.settled(built.applied);
  let texts = await server.readAll();
  const code = (server.fatal as { code?: string } | undefined)?.code;
  const rows = server.rows();
  await server.end();
  expectSame('rows', rows.map(rowText), built.rows.map(rowText));
  let later = false;
  if (texts === undefined) {
    if (code !== 'STORE_DAMAGED') throw server.fatal ?? new Error('no page came');
    later = true;
    const again = await LoneServer.open({ directory: copy, life: 4, segmentBytes });
    texts = await again.readAll();
    await again.end();
  }
  expectSame('texts', texts ?? [], built.texts);
  const kept = fs.readdirSync(copy).filter((name) => name.startsWith('state.damaged-'));
  if (kept.length > 1) throw new Error(`${kept.length} damaged stores are kept`);
  const said = server.log.some((line) => line.startsWith('error state-store-damaged'));
  if (kept.length === 1 && !later && !said) throw new Error('it was set aside without a word');
  return { how: later ? 'set aside later' : kept.length === 1 ? 'set aside' : 'kept' };
}

function rowText({ key, value }: Row): string {
  return `${Buffer.from(key).toString('latin1')}=${Buffer.from(value).toString('hex')}`;
}

function expectSame(what: string, found: readonly string[], wanted: readonly string[]): void {
  if (found.length === wanted.length && found.every((text, i) => text === wanted[i])) return;
  const at = wanted.findIndex((text, i) => text !== found[i]);
  throw new Error(`${found.length} ${what} instead of ${wanted.length}, differ at ${at}: ${found[at]}`);
}

interface Damage {
  readonly what: string;
  readonly act: (state: string) => void;
}

function flip(file: string, at: number, bit: number): Damage {
  return {
    what: `bit ${bit} of byte ${at} of ${file}`,
    act: (state) => {
      const bytes = fs.readFileSync(path.join(state, file));
      bytes[at] = (bytes[at] as number) ^ (1 << bit);
      fs.writeFileSync(path.join(state, file), bytes);
    },
  };
}

function cut(file: string, length: number): Damage {
  return { what: `${file} cut to ${length} bytes`, act: (state) => fs.truncateSync(path.join(state, file), length) };
}

function damages(state: string, random: Prng): Damage[] {
  const found: Damage[] = [
    { what: 'the directory is gone', act: (at) => fs.rmSync(at, { recursive: true }) },
    {
      what: 'the directory is a file',
      act: (at) => {
        fs.rmSync(at, { recursive: true });
        fs.writeFileSync(at, 'what is this?');
      },
    },
  ];
  const files = fs.readdirSync(state).filter((name) => fs.statSync(path.join(state, name)).size > 0);
  for (const file of files) {
    found.push({ what: `${file} is missing`, act: (at) => fs.rmSync(path.join(at, file)) });
    const { size } = fs.statSync(path.join(state, file));
    const isData = /^(\d+\.(ldb|log)|MANIFEST-.*|CURRENT)$/.test(file);
    const isLarge = file.endsWith('.log') || file.endsWith('.ldb');
    const sample = isLarge ? flipsPerFile : isData ? 8 : 0;
    for (let i = 0; i < sample; i++) {
      found.push(flip(file, random.below(size), random.below(8)));
      if (i % 4 === 0) found.push(cut(file, random.below(size)));
    }
  }
  return found;
}

t.test(`every damage to the state store is noticed and made good, seed ${seed}`, async (t) => {
  const directory = path.join(t.testdir(), 'data');
  const built = await build(directory);
  t.equal(built.texts.length, 840);
  const copy = path.join(t.testdirName, 'copy');
  t.equal((await start(built, copy, () => undefined)).how, 'kept', 'an undamaged store is used');
  const state = path.join(directory, 'state');
  const files = fs.readdirSync(state);
  t.ok(files.some((name) => name.endsWith('.ldb')) && files.some((name) => name.endsWith('.log')), files.join(' '));
  const counts = { kept: 0, 'set aside': 0, 'set aside later': 0 };
  for (const { what, act } of damages(state, new Prng(seed))) {
    try {
      counts[(await start(built, copy, act)).how]++;
    } catch (error) {
      t.fail(`${what}: ${(error as Error).message}`);
    }
  }
  t.comment(JSON.stringify(counts));
  t.ok(counts.kept > 0 && counts['set aside'] > 20, JSON.stringify(counts));
});

t.test('a lost store whose log does not reach back to slot 1: it says so and does not vote', async (t) => {
  const directory = path.join(t.testdir(), 'data');
  await build(directory);
  // As retention leaves it.
  for (const segment of [1, 2]) fs.rmSync(path.join(directory, segmentName(segment)));
  const server = await LoneServer.open({ directory, life: 3, segmentBytes });
  await server.end();
  fs.rmSync(path.join(directory, 'state'), { recursive: true });
  await t.rejects(LoneServer.open({ directory, life: 4, segmentBytes }), {
    code: 'LOG_TRIMMED',
    exitCode: 7,
    message: /begins with wal-0000000003.log.*or with an empty directory/,
  });
});
