/** What a server or a balancer finds on its own disk: log segments, identity, seal, addresses, checkpoint. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32, Prng, silentLogger } from '../../../src/base/index.js';
import { formatSeal, parseSeal } from '../../../src/daemon/balancer/seal-file.js';
import { AddressBook } from '../../../src/daemon/server/address-book.js';
import {
  Directory,
  IDENTITY_NAME,
  loadCheckpoint,
  MemoryRows,
  MemoryStore,
  StorageError,
  scanLog,
  segmentNumber,
} from '../../../src/storage/index.js';
import { RECORD_HEAD_BYTES, segmentSeed } from '../../../src/storage/wal-record.js';
import { appendDurably, closeLog, openLog, RecordStream, show, testIdentity, World } from '../../storage/world.js';
import type { SimDisk } from '../../support/sim-disk.js';
import { mutate } from '../mutate.js';
import { demand, type Target } from '../target.js';

const segmentBytes = 4900;
const world = new World(11);

interface SmallLog {
  readonly disk: SimDisk;
  readonly names: readonly string[];
  readonly contents: readonly Buffer[];
  readonly records: readonly string[];
  /** Of everything in it, marks included. */
  readonly lastSequence: number;
}

/** Two lives, several segments, closed in order: nothing in it may look like a torn end. */
function buildLog(): SmallLog {
  const stream = new RecordStream(new Prng(4), 120);
  let disk = world.disk();
  const records: string[] = [];
  for (let life = 1; life <= 2; life++) {
    const sizes = { segmentBytes, firstSegmentBytes: segmentBytes };
    const log = openLog(world, disk, { identity: testIdentity(life), ...sizes });
    for (let turn = 0; turn < 4; turn++) {
      const some = stream.some(2);
      records.push(...some.map(show));
      appendDurably(world, log, some);
    }
    if (life === 2) closeLog(world, log);
    else world.run(20_000);
    world.forget();
    disk = disk.kill();
  }
  const names = disk.list().filter((name) => name.startsWith('wal-'));
  const { lastSequence } = scanLog(disk, { identity: testIdentity(1000) });
  return { disk, names, contents: names.map((name) => Buffer.from(disk.content(name))), records, lastSequence };
}

const small = buildLog();
/** Set in an input's first byte: its records' checksums are made right again, as only a forger could. */
const forged = 0x80;
const recordsAt = 4096;
/** Each segment begins with a promise and a commit hint that repeat what was known. */
const preambleEnd = recordsAt + 50 + 40;

/** One segment is replaced by the input behind its first byte, which says which one. */
export const wal: Target = {
  name: 'wal',
  about: 'recovery of a log with one changed segment: the whole log or a refusal, never less than was durable',
  seeds: () => small.contents.map((content, place) => Buffer.concat([Buffer.from([place]), content])),
  make: (random, seed) => {
    const place = (seed[0] ?? 0) % small.names.length;
    const pool = small.contents.map((content) => content.subarray(recordsAt));
    const content = Buffer.from(small.contents[place] as Buffer);
    // The header is one checksum over 4 KiB: what lies behind it is where the judgement is.
    const changed = mutate(random, content.subarray(recordsAt), { pool, words: [] });
    const flag = random.chance(1, 4) ? forged : 0;
    return Buffer.concat([Buffer.from([place | flag]), content.subarray(0, recordsAt), changed]);
  },
  read: (input) => {
    const place = ((input[0] ?? 0) & 0x7f) % small.names.length;
    const isForged = ((input[0] ?? 0) & forged) !== 0;
    const name = small.names[place] as string;
    const content = Buffer.from(input.subarray(1));
    if (isForged) forgeChecksums(content, segmentNumber(name) ?? 0);
    small.disk.put(name, content);
    try {
      const withFloor = scanned(small.lastSequence);
      const alone = scanned(0);
      demand(
        isForged || (withFloor !== 'less' && withFloor !== 'forged'),
        'less than the checkpoint saw durable is accepted',
      );
      demand(isForged || alone !== 'forged', 'records that were never written');
      // Without a checkpoint two wounds can take both a record and the proof of it; then it may look torn, no more.
      return `${alone}; with a checkpoint: ${withFloor}`;
    } finally {
      small.disk.put(name, small.contents[place] as Buffer);
    }
  },
};

/** How the log reads: whole, less (a beginning of it), forged, or refused. */
function scanned(durableFloor: number): string {
  const found: string[] = [];
  try {
    scanLog(small.disk, {
      identity: testIdentity(1000),
      durableFloor,
      visit: (_segment, { place, record }) => {
        if (record.kind !== 'mark' && record.kind !== 'history' && place.offset >= preambleEnd)
          found.push(show(record));
      },
    });
  } catch (error) {
    if (error instanceof StorageError) return error.code === 'LOG_DAMAGED' ? damageText(error) : error.code;
    throw error;
  }
  if (!found.every((text, at) => text === small.records[at])) return 'forged';
  return found.length === small.records.length ? 'whole' : 'less';
}

/** What was damaged, without the advice that follows. */
function damageText(error: Error): string {
  return why(error)
    .replace(/^.*?: /, '')
    .replace(/\. .*/, '');
}

/** Makes the header's, and each record's, checksum right, and the chain from one record to the next. */
function forgeChecksums(content: Buffer, segment: number): void {
  if (content.length < recordsAt) return;
  content.writeUInt32BE(crc32(content.subarray(0, recordsAt - 4)), recordsAt - 4);
  const seed = segmentSeed(testIdentity().birthId, segment);
  let previous: number | undefined;
  for (let at = recordsAt; at + RECORD_HEAD_BYTES <= content.length; ) {
    const length = content.readUInt32BE(at + 4);
    if (length < RECORD_HEAD_BYTES || at + length > content.length) return;
    if (previous !== undefined) content.writeUInt32BE(previous, at + 12);
    previous = crc32(content.subarray(at + 4, at + length), seed);
    content.writeUInt32BE(previous, at);
    at += length;
  }
}

function why(error: Error): string {
  return error.message.replace(/\d+/g, 'N').slice(0, 100);
}

const sealOfThree = {
  clusterId: Buffer.alloc(16, 3),
  epoch: 1,
  members: [1, 2, 3].map((id) => ({ id, birthId: Buffer.alloc(16, id), address: `127.0.0.1:${9009 + id}` })),
  joining: [],
};

/** A line of JSON and a line with its checksum. */
export const identity: Target = {
  name: 'identity',
  about: "the file identity of a server's data directory, opened and written again",
  seeds: () => identityFiles(),
  words: ['"counter":', '"birthId":"', 'null', '-1', '1e99', '{}', '[]', '2097151', '""', 'true', '__proto__'],
  make: (random, seed) => {
    const [line = ''] = seed.toString('utf8').split('\n');
    const words = (identity.words ?? []).map((word) => Buffer.from(word));
    const json = mutate(random, Buffer.from(line), { pool: [seed], words })
      .toString('utf8')
      .replaceAll('\n', '');
    return withChecksum(json);
  },
  read: (input) => {
    const disk = world.disk();
    disk.put(IDENTITY_NAME, input);
    const outcome = openDirectory(disk);
    if (outcome instanceof StorageError) return `${outcome.code} ${why(outcome)}`;
    if (outcome instanceof Error) throw outcome;
    const again = openDirectory(disk);
    if (again instanceof Error) throw again;
    demand(again.serverId === outcome.serverId, 'another server after the next start');
    demand(again.incarnation > outcome.incarnation, 'a life that is not newer than the one before');
    return `opened ${outcome.seal === undefined ? 'unsealed' : 'sealed'}`;
  },
};

function identityFiles(): Buffer[] {
  const disk = world.disk();
  const fresh = openDirectory(disk);
  if (fresh instanceof Error) throw fresh;
  const files = [Buffer.from(disk.content(IDENTITY_NAME))];
  let done = false;
  fresh.setServerId(2, () => fresh.setSeal(sealOfThree, () => fresh.logBegun(() => (done = true))));
  world.until(() => done, 'a sealed directory');
  return [...files, Buffer.from(disk.content(IDENTITY_NAME))];
}

function openDirectory(disk: SimDisk): Directory | Error {
  let outcome: Directory | Error | undefined;
  const randomBytes = (count: number): Buffer => Buffer.alloc(count, 5);
  Directory.open(disk, { serverId: 0, randomBytes }, (error, directory) => {
    outcome = error ?? directory;
  });
  world.until(() => outcome !== undefined, 'the directory opened');
  return outcome as Directory | Error;
}

function withChecksum(json: string): Buffer {
  return Buffer.from(`${json}\n${crc32(Buffer.from(json)).toString(16).padStart(8, '0')}\n`);
}

/** One JSON object that holds its own checksum. */
export const seal: Target = {
  name: 'seal',
  about: "the balancer's seal.json",
  seeds: () => [Buffer.from(formatSeal(sealOfThree))],
  words: ['"members":[', 'null', '-1', '1e99', '{}', '[]', '""', '"id":0', '__proto__', '"crc":'],
  make: (random, seed) => {
    const words = (seal.words ?? []).map((word) => Buffer.from(word));
    const text = mutate(random, seed, { pool: [seed], words }).toString('utf8');
    try {
      const { crc: _, ...body } = JSON.parse(text) as Record<string, unknown>;
      const crc = crc32(Buffer.from(JSON.stringify(body)))
        .toString(16)
        .padStart(8, '0');
      return Buffer.from(JSON.stringify({ ...body, crc }));
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof TypeError) return Buffer.from(text);
      throw error;
    }
  },
  read: (input) => {
    const found = parseSeal(input.toString('utf8'));
    if (found === undefined) return 'damaged';
    const again = parseSeal(formatSeal(found));
    demand(again !== undefined && formatSeal(again) === formatSeal(found), 'a seal that does not come back');
    return 'read';
  },
};

const folder = mkdtempSync(path.join(tmpdir(), 'synod-fuzz-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

export const addresses: Target = {
  name: 'addresses',
  about: "a server's addresses.json: advice, never an error",
  seeds: () => [Buffer.from('{"1":"127.0.0.1:9010","2":"127.0.0.1:9011"}')],
  words: ['null', '[]', '{}', '"":""', '"1":', '1e9', '__proto__', '"-1":"a:1"'],
  read: (input) => {
    writeFileSync(path.join(folder, 'addresses.json'), input);
    const book = new AddressBook(folder, silentLogger);
    return book.of(1) === '' ? 'unknown' : 'known';
  },
};

const metaKey = Buffer.from([0]);

function metaRow(version: number, bytes: number): Buffer {
  const row = Buffer.alloc(bytes, 1);
  row.writeUInt32BE(version, 0);
  return row;
}

export const checkpoint: Target = {
  name: 'checkpoint',
  about: "the store's meta row, of this and of earlier versions",
  seeds: () => [metaRow(1, 52), metaRow(2, 69)],
  read: (input) => {
    const rows = new MemoryRows();
    rows.apply([{ key: metaKey, value: input }], []);
    const pending: (() => void)[] = [];
    const store = new MemoryStore(rows, (act) => pending.push(act));
    let answer = 'nothing';
    loadCheckpoint(store, (error, meta) => {
      answer = error === undefined ? (meta === undefined ? 'none' : 'read') : refusal(error);
    });
    for (let act = pending.shift(); act !== undefined; act = pending.shift()) act();
    return answer;
  },
};

function refusal(error: Error): string {
  if (error instanceof StorageError) return `${error.code} ${why(error)}`;
  throw error;
}
