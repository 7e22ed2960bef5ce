/** What a failpoint does and does not; and a share of `npm run failpoints`: a few of them in a real cluster. */
import { spawnSync } from 'node:child_process';
import t from 'tap';
import { armFailpoints, type FailpointName, failpoint, failStep, Prng } from '../../src/base/index.js';
import { describeVerdict } from '../checkers/history.js';
import { runFailpoints } from './failpoints.js';
import { allNames, needsRetention, reachOf } from './plan.js';

t.setTimeout(220_000);
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

function stepError(name: FailpointName): Promise<Error | undefined> {
  return new Promise((resolve) => failStep(name)(resolve));
}

t.test('off they do nothing, armed they do what their chain says', async (t) => {
  t.doesNotThrow(() => failpoint('wal.append'));
  t.equal(await stepError('wal.before-write'), undefined);
  const fired: string[] = [];
  armFailpoints('wal.append=2*off->1*panic->1*stall(5)->off; wal.before-write=1*error->1*delay(10)', (name, action) => {
    fired.push(`${name} ${action}`);
  });
  t.doesNotThrow(() => failpoint('wal.append'));
  t.doesNotThrow(() => failpoint('wal.append'));
  t.throws(() => failpoint('wal.append'), /failpoint wal.append/);
  const before = performance.now();
  failpoint('wal.append');
  t.ok(performance.now() - before >= 5, 'it stood still');
  t.doesNotThrow(() => failpoint('wal.append'), 'the chain is over');
  t.match(await stepError('wal.before-write'), { code: 'EIO' });
  t.equal(await stepError('wal.before-write'), undefined, 'late, without an error');
  t.equal(await stepError('wal.before-sync'), undefined, 'another one');
  t.same(fired, ['wal.append panic', 'wal.append stall', 'wal.before-write error', 'wal.before-write delay']);
  for (const wrong of ['no.such=crash', 'wal.append=burn', 'wal.append=delay', 'wal.append=crash(5)', 'wal.append']) {
    t.throws(() => armFailpoints(wrong, () => undefined), /failpoint/, wrong);
  }
  armFailpoints('', () => undefined);
});

t.test('a crash is kill -9, and only a test build has it', async (t) => {
  const run = (testBuild: string) =>
    spawnSync(
      process.execPath,
      [
        'bin/synod',
        'server',
        '--id',
        '1',
        '--balancer',
        '127.0.0.1:1',
        '--listen',
        '127.0.0.1:0',
        '--data-dir',
        t.testdir(),
      ],
      {
        env: { ...process.env, SYNOD_TEST_BUILD: testBuild, SYNOD_FAILPOINTS: 'identity.after-sync=crash' },
        timeout: 3_000,
        killSignal: 'SIGTERM',
      },
    );
  t.equal(run('1').signal, 'SIGKILL');
  t.not(run('').signal, 'SIGKILL', 'the variable alone does nothing');
});

t.test(`at least forty, and each has a way to be reached`, async (t) => {
  t.ok(allNames.length >= 40, `${allNames.length} failpoints`);
  for (const name of allNames) t.ok(reachOf(name), name);
});

t.test(`some failpoints in a cluster under load, seed ${seed}`, async (t) => {
  const quick = allNames.filter((name) => !needsRetention(reachOf(name)) && reachOf(name).how !== 'depose');
  const names = new Prng(seed).shuffle(quick).slice(0, 4);
  const { hits, verdicts } = await runFailpoints({ names, seed, print: (line) => t.comment(line) });
  for (const name of names) t.ok((hits.get(name) ?? 0) > 0, `${name} was hit`);
  for (const verdict of verdicts) t.ok(verdict.ok, describeVerdict(verdict));
});
