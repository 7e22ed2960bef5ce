/** The real clock: rises, fires, stops, and does not keep a process alive when told so. */
import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { InvariantError, nodeClock, silentLogger, unreachable } from '../../src/base/index.js';

t.test('the clock', async (t) => {
  const before = nodeClock.monotonicMs();
  await new Promise<void>((resolve) => {
    nodeClock.setTimeout(resolve, 5);
  });
  t.ok(nodeClock.monotonicMs() - before >= 4);
  t.ok(Number.isInteger(nodeClock.wallMs()) && nodeClock.wallMs() > 1_600_000_000_000);
});

t.test('a stopped timer stays silent', async (t) => {
  let fired = false;
  const timer = nodeClock.setTimeout(() => {
    fired = true;
  }, 1);
  nodeClock.clearTimeout(timer);
  await new Promise<void>((resolve) => {
    nodeClock.setTimeout(resolve, 10);
  });
  t.notOk(fired);
  nodeClock.clearTimeout(timer);
});

t.test('an unreferenced timer lets the process end', async (t) => {
  const face = pathToFileURL(new URL('../../src/base/index.js', import.meta.url).pathname).href;
  const code = `import { nodeClock } from '${face}'; nodeClock.setTimeout(() => process.exit(9), 20000).unref();`;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', code], { timeout: 10_000, encoding: 'utf8' });
  t.equal(run.status, 0, run.stderr);
});

t.test('the silent logger and the end of an exhaustive switch', async (t) => {
  silentLogger.child({ server: 1 }).warn('nothing is written');
  t.equal(silentLogger.child({}), silentLogger);
  t.throws(() => unreachable('odd' as never), InvariantError);
});
