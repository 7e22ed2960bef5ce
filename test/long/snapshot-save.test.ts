/**
 * `synod snapshot save` as an operator meets it: a signal in the midst, and a server that cannot know its last slots.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { FailpointName } from '../../src/base/index.js';
import { Cluster, User } from '../daemon/cluster.js';
import { agree } from '../daemon/snapshots.js';
import { Program, runToEnd } from '../support/program.js';
import { until } from '../support/until.js';

t.setTimeout(120_000);
const deadlineMs = 30_000;
const room = '#ops';

/** Three servers with a line, and a folder for what is saved. */
async function begin(t: { teardown(fn: () => Promise<void>): void }) {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.end());
  const leader = await cluster.leader();
  const user = await User.at(cluster.server(leader).address, 'Aaron');
  await user.say(room, 'one');
  const folder = path.join(cluster.directory, 'saved');
  mkdirSync(folder);
  return { cluster, leader, user, folder, file: path.join(folder, 'ops.snap') };
}

async function stop(cluster: Cluster, id: number): Promise<void> {
  await cluster.server(id).stop();
  cluster.servers.delete(id);
}

function saveArgs(cluster: Cluster, id: number, file: string): string[] {
  return ['snapshot', 'save', file, '--data-dir', cluster.dataDir(`server-${id}`), '--json'];
}

t.test('a signal while it saves: no file, nothing in its place, and the next one saves', async (t) => {
  const { cluster, leader, folder, file } = await begin(t);
  await stop(cluster, leader);
  const args = saveArgs(cluster, leader, file);
  const signals: readonly (readonly [NodeJS.Signals, number, FailpointName, boolean])[] = [
    // Before the first byte is written, and when all of it is, but not yet read again.
    ['SIGINT', 130, 'open.after-head-write', false],
    ['SIGTERM', 143, 'wal.close', true],
  ];
  for (const [signal, code, name, isThere] of signals) {
    const report = path.join(cluster.directory, signal);
    const env = {
      SYNOD_TEST_BUILD: '1',
      SYNOD_FAILPOINTS: `${name}=1*stall(3000)->off`,
      SYNOD_FAILPOINTS_REPORT: report,
    };
    const program = new Program('synod', args, { env });
    await until(`${name} to be reached`, deadlineMs, async () => existsSync(report) && readFileSync(report).length > 0);
    t.equal(existsSync(file), isThere, `${name}: the file is ${isThere ? '' : 'not '}there`);
    program.signal(signal);
    const ended = await program.waitForExit(deadlineMs);
    t.same([ended.code, ended.signal], [code, null], `${signal}: ${program.stderr}`);
    t.same([program.lines, program.stderr], [[], ''], 'the signal says it all');
    t.same(readdirSync(folder), [], 'nothing is left');
  }
  const saved = await runToEnd('synod', args, deadlineMs);
  t.same([saved.code, saved.stderr], [0, ''], 'the directory is free, and whole');
  t.match(JSON.parse(saved.stdout), { event: 'save', server: leader, messages: 1 });
});

t.test('votes for slots that may be chosen are warned of; what the warning advises gives all', async (t) => {
  const { cluster, leader, user, folder, file } = await begin(t);
  const [unaware = 0, third = 0] = [1, 2, 3].filter((id) => id !== leader);
  // It learns of the first line as it starts, and then hears of no slot that it is chosen.
  await cluster.kill(unaware);
  await cluster.startServer(unaware, { mode: 'c:600' });
  await until('it has caught up', deadlineMs, async () => {
    const [own, leading] = await Promise.all([cluster.status(unaware), cluster.status(leader)]);
    return own.happy && own.applied > 0 && own.applied === leading.applied;
  });
  await cluster.kill(third);
  t.match(await user.say(room, 'two'), { outcomes: [{ code: 'ok', n: 2 }] }, 'so it has voted for that, too');
  await stop(cluster, unaware);
  const first = await runToEnd('synod', saveArgs(cluster, unaware, file), deadlineMs);
  t.equal(first.code, 0, first.stderr);
  const advice = 'save another server, or start the cluster and stop it in order';
  const warning = `(1 later slot is|[1-9]\\d* later slots are) voted for and not known to be chosen: ${advice}`;
  t.match(first.stderr, new RegExp(`^synod: warning: ${warning}\n$`));
  const contents = JSON.parse(first.stdout) as { messages: number; undecided?: number };
  t.ok(contents.messages < 2, 'what is not known to be chosen is not in the file');
  t.notOk('undecided' in contents, 'what is printed is what status prints, too');

  await cluster.kill(leader);
  await cluster.startServers(1, 2, 3);
  await cluster.leader();
  t.ok(await agree(cluster, [1, 2, 3]));
  // The first one: whoever goes on without a majority votes for what nobody else will know of.
  await stop(cluster, unaware);
  const second = await runToEnd('synod', saveArgs(cluster, unaware, path.join(folder, 'two.snap')), deadlineMs);
  t.same([second.code, second.stderr], [0, ''], 'no warning');
  t.match(JSON.parse(second.stdout), { messages: 2 });
});
