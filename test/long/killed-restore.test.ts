/** Restores that are killed or interrupted in the midst, and what servers make of what is left. */
import { rejects } from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { type FailpointName, silentLogger } from '../../src/base/index.js';
import { takeOffline, withDriver } from '../../src/daemon/server/offline.js';
import { Directory, FileDisk } from '../../src/storage/index.js';
import { Cluster as InProcess } from '../daemon/cluster.js';
import { restoreNames } from '../failpoints/plan.js';
import { Cluster } from '../support/cluster.js';
import { endRun } from '../support/end-run.js';
import { Load } from '../support/load.js';
import { Program, runToEnd } from '../support/program.js';
import { timePasses, until } from '../support/until.js';

t.setTimeout(600_000);
const deadlineMs = 60_000;

interface Contents {
  readonly slot: number;
}

async function snapshot<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await runToEnd('synod', ['snapshot', ...args, '--json'], deadlineMs);
  if (code !== 0) throw new Error(`snapshot ${args.join(' ')}: exit ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

t.test('a restore that is killed leaves nothing that starts without its state', async (t) => {
  const old = await Cluster.start();
  t.teardown(() => old.stop());
  const clients = [old.chat('Aaron')];
  await clients[0]?.waitForConnected(deadlineMs);
  const load = new Load(clients, { linesPerSecond: 200, inFlightMax: 64, explain: () => old.describe() });
  t.teardown(() => load.stop());
  await load.progress('some lines', 200, deadlineMs);
  await endRun(old, clients, load, [], deadlineMs);
  const file = path.join(old.root, 'ops.snap');
  const { slot } = await snapshot<Contents>('save', file, '--data-dir', old.dataDir(1));
  const folder = path.join(old.root, 'made');
  const part = `${folder}.part`;
  const found = { nothing: 0, refused: 0, whole: 0 };
  const restore = (): ReturnType<typeof runToEnd> =>
    runToEnd('synod', ['snapshot', 'restore', file, '--data-dir', folder], deadlineMs);

  /** What is left where the restore was killed, and what servers make of it that are started on it together. */
  const judge = async (what: string): Promise<void> => {
    const isWhole = existsSync(folder);
    const place = isWhole ? folder : path.join(part, 'new');
    const names = existsSync(place) ? readdirSync(place).filter((name) => name.startsWith('server-')) : [];
    if (names.length === 0) found.nothing++;
    const identified = names.filter((name) => existsSync(path.join(place, name, 'identity')));
    const finished = identified.filter((name) => !isUnfinished(path.join(place, name)));
    if (isWhole) t.equal(finished.length, 3, `${what}: all of it is there`);
    const again = isWhole || finished.length > 0 ? await restore() : undefined;
    if (again !== undefined) {
      t.equal(again.code, 3, `${what}: the next one touches nothing that may have been started`);
      t.match(again.stderr, isWhole ? /it holds server-1/ : /move .*\.part away, or name another --data-dir/);
    }
    if (identified.length === 3) {
      const copy = path.join(old.root, 'copy');
      cpSync(place, copy, { recursive: true });
      await startTogether(what, copy, finished);
      rmSync(copy, { recursive: true });
    }
    if (again === undefined) {
      const next = await restore();
      t.equal(next.code, 0, `${what}: the next one clears what is left: ${next.stderr}`);
      t.notOk(existsSync(part), 'and leaves nothing behind');
    }
    for (const rest of [folder, part]) rmSync(rest, { recursive: true, force: true });
  };

  /** With a balancer that has no seal, as after the restore. */
  const startTogether = async (what: string, place: string, finished: readonly string[]): Promise<void> => {
    const made = new InProcess();
    try {
      await made.startBalancer(3);
      const alive: number[] = [];
      const starts = [1, 2, 3].map(async (id) => {
        const name = `server-${id}`;
        const started = made.startServer(id, { dataDir: path.join(place, name) });
        if (finished.includes(name)) alive.push((await started).id);
        else {
          found.refused++;
          await rejects(started, { code: 'RESTORE_UNFINISHED', exitCode: 7 }, `${what}: server ${id} does not start`);
        }
      });
      await Promise.all(starts);
      // A majority of them is a cluster; one alone decides nothing.
      if (alive.length >= 2) await made.leader(...alive);
    } finally {
      await made.end();
    }
    for (const name of finished) {
      found.whole++;
      await checkWhole(path.join(place, name), slot);
    }
  };

  const points: readonly (readonly [FailpointName, number])[] = [
    ['identity.after-write', 0],
    ['identity.after-rename', 3],
    ['open.after-head-write', 0],
    ['open.after-head-sync', 2],
    ['wal.before-sync', 1],
    ['snapshot.before-switch', 0],
    ['snapshot.after-switch', 1],
    ['wal.close', 2],
    ...restoreNames.flatMap((name) =>
      name.includes('rename') ? [[name, 0] as const] : [[name, 0] as const, [name, 2] as const],
    ),
  ];
  for (const [name, passes] of points) {
    const chain = passes === 0 ? 'crash' : `${passes}*off->crash`;
    const env = { SYNOD_TEST_BUILD: '1', SYNOD_FAILPOINTS: `${name}=${chain}` };
    const program = new Program('synod', ['snapshot', 'restore', file, '--data-dir', folder], { env });
    const { signal } = await program.waitForExit(deadlineMs);
    t.equal(signal, 'SIGKILL', `${name}, after ${passes}`);
    await judge(name);
  }
  for (let round = 0; round < 12; round++) {
    const program = new Program('synod', ['snapshot', 'restore', file, '--data-dir', folder]);
    await timePasses(150 + 100 * round);
    await program.kill();
    await judge(`killed after ${150 + 100 * round} ms`);
  }
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const env = { SYNOD_TEST_BUILD: '1', SYNOD_FAILPOINTS: 'restore.sealed=1*stall(3000)->off' };
    const program = new Program('synod', ['snapshot', 'restore', file, '--data-dir', folder], { env });
    await until('the directories', deadlineMs, async () => existsSync(path.join(part, 'new', 'server-3', 'identity')));
    program.signal(signal);
    const ended = await program.waitForExit(deadlineMs);
    t.same([ended.code, ended.signal], [code, null], `${signal}: ${program.stderr}`);
    t.notOk(existsSync(folder) || existsSync(part), 'and nothing is left');
  }
  t.comment(JSON.stringify(found));
  t.ok(found.refused > 0 && found.whole > 0, JSON.stringify(found));
});

function isUnfinished(directory: string): boolean {
  const disk = new FileDisk(directory);
  try {
    return Directory.isUnfinished(disk);
  } finally {
    disk.close();
  }
}

/** It was given the state, whatever has been applied since. */
async function checkWhole(directory: string, slot: number): Promise<void> {
  const offline = await takeOffline(directory, 0);
  try {
    await withDriver(offline, { logger: silentLogger }, async ({ chat }) => {
      if (chat.applied >= slot && chat.origin === slot) return;
      throw new Error(`${directory} starts with slot ${chat.applied}, origin ${chat.origin}`);
    });
  } finally {
    offline.release();
  }
}
