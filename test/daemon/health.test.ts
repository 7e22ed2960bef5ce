/** Health: what the balancer itself observed decides, never a client's word alone. */
import t from 'tap';
import { limits } from '../../src/base/index.js';
import { Health } from '../../src/daemon/balancer/health.js';

const { linkAskMs: askAfterMs, linkDeadMs: deadAfterMs, linkCloseMs: closeAfterMs } = limits;

t.test('live while heard, dead after three silent seconds, closed later', async (t) => {
  const health = new Health();
  t.notOk(health.isLive(1, 0), 'unknown');
  health.linkUp(1, 0);
  t.ok(health.isLive(1, deadAfterMs - 1));
  t.notOk(health.isLive(1, deadAfterMs));
  t.equal(health.silence(1, askAfterMs - 1), 'none');
  t.equal(health.silence(1, askAfterMs), 'ask');
  t.equal(health.silence(1, closeAfterMs), 'close');
  health.heard(1, false, closeAfterMs);
  t.ok(health.isLive(1, closeAfterMs), 'any frame revives a silent link');
  health.linkDown(1);
  t.notOk(health.isLive(1, closeAfterMs), 'a closed link is dead at once');
  t.equal(health.silence(1, 99_999), 'none');
});

t.test('a failed probe counts until the next report, not until the next frame', async (t) => {
  const health = new Health();
  health.linkUp(1, 0);
  health.probeFailed(1);
  t.notOk(health.isLive(1, 10));
  health.heard(1, false, 20);
  t.notOk(health.isLive(1, 20), 'a late pong is no report');
  health.heard(1, true, 30);
  t.ok(health.isLive(1, 30));
});

t.test('what is said about an unknown server is ignored', async (t) => {
  const health = new Health();
  health.heard(5, true, 0);
  health.probeFailed(5);
  t.notOk(health.isLive(5, 0));
});
