/** The demo as a new user meets it: piped lines are committed, nothing is left behind, and no daemon outlives it. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { run, start, until } from './program.js';

interface Event {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** Whether a process still runs; one that ended and waits to be reaped does not. */
function isRunning(pid: number): boolean {
  const state = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
  return state !== '' && !state.startsWith('Z');
}

function childrenOf(pid: number): number[] {
  const found = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' }).stdout;
  return found.trim().split(/\s+/).filter(Boolean).map(Number);
}

/** The process ids that the demo names on stderr. */
function pidsIn(err: string): number[] {
  return [...err.matchAll(/ pid (\d+)/g)].map((match) => Number(match[1]));
}

const demo = ['demo', '--listen', '127.0.0.1:0', '--json', '--name', 'aaron'];

t.setTimeout(180_000);

t.test('three piped lines are three committed messages with slots', async (t) => {
  const { code, out, err } = await run('synod', demo, t.testdir(), 'one\ntwo\nthree\n');
  t.equal(code, 0, err);
  const events = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);
  const committed = events.filter((event) => event.event === 'state' && event.state === 'committed');
  t.strictSame(
    committed.map(({ id, n }) => [id, n]),
    [
      [1, 1],
      [2, 2],
      [3, 3],
    ],
  );
  for (const { slot } of committed) t.type(slot, 'number');
  t.same(
    events.filter((event) => event.event === 'quorum' || event.event === 'disconnected'),
    [],
    'nothing alarms a new user',
  );
  const messages = events.filter((event) => event.event === 'message');
  t.strictSame(
    messages.map(({ n, from, text }) => [n, from, text]),
    [
      [1, 'aaron', 'one'],
      [2, 'aaron', 'two'],
      [3, 'aaron', 'three'],
    ],
  );
  t.strictSame(
    messages.map((message) => message.slot),
    committed.map((state) => state.slot),
    'acknowledged and delivered in the same slots',
  );
  const folder = /data in (\S+) \(removed at the end\)/.exec(err)?.[1] ?? '';
  t.not(folder, '');
  t.notOk(existsSync(folder), 'the data is gone');
  t.equal(pidsIn(err).length, 5, 'balancer, proxy, three servers');
  t.notOk(pidsIn(err).some(isRunning), 'so are the processes');
});

t.test('a demo that is interrupted while it starts ends with 130 and leaves nothing', async (t) => {
  const running = start('synod', demo, t.testdir());
  await until(() => running.child.pid !== undefined && childrenOf(running.child.pid).length > 0, 'its first daemon');
  const daemons = childrenOf(running.child.pid ?? 0);
  running.child.kill('SIGINT');
  t.equal((await running.finished).code, 130);
  t.notOk(daemons.some(isRunning), 'no daemon is left');
});

t.test('with --data-dir the history is there again', async (t) => {
  const home = t.testdir();
  const kept = [...demo, '--data-dir', path.join(home, 'data')];
  t.equal((await run('synod', kept, home, 'first\n')).code, 0);
  const { code, out } = await run('synod', kept, home, 'second\n');
  t.equal(code, 0);
  t.match(out, /"n":1,"slot":\d+,"from":"aaron","text":"first"/);
  t.match(out, /"n":2,"slot":\d+,"from":"aaron","text":"second"/);
  const check = await run('synod', ['log', 'check', path.join(home, 'data/server-1')], home);
  t.match(check, { code: 0, out: /^sound: \d+ records in \d+ segments/ });
});

t.test('a demo that is killed takes its daemons with it', async (t) => {
  const running = start('synod', demo, t.testdir());
  await until(() => running.out().includes('"event":"connected"'), 'a connection');
  const pids = pidsIn(running.err());
  t.equal(pids.length, 5);
  running.child.kill('SIGKILL');
  await running.finished;
  await until(() => !pids.some(isRunning), 'all daemons have ended');
  t.pass('no daemon outlived it');
});

t.test('when a server is killed the demo says how to start it again, and chats on', async (t) => {
  const running = start('synod', demo, t.testdir());
  running.child.stdin?.write('before\n');
  await until(() => running.out().includes('"text":"before"'), 'the first message');
  const connected = /"event":"connected","server":(\d)/.exec(running.out())?.[1];
  const pid = Number(new RegExp(`^server ${connected} .* pid (\\d+)`, 'm').exec(running.err())?.[1]);
  process.kill(pid, 'SIGKILL');
  await until(() => running.err().includes(`server ${connected} has ended (SIGKILL)`), 'the notice');
  t.match(
    running.err(),
    /Start it again: node \S+main\.js server --id \d --listen 127\.0\.0\.1:\d+ --balancer 127\.0\.0\.1:\d+/,
  );
  running.child.stdin?.end('after\n');
  const { code, out } = await running.finished;
  t.equal(code, 0);
  t.match(out, /"text":"after"/);
});
