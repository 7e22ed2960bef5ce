/** Health: what the balancer itself observed decides, never a client's word alone. */
import t from 'tap';
import { Health } from '../../src/daemon/balancer/health.js';

t.test('live while the link is open', async (t) => {
  const health = new Health();
  t.notOk(health.isLive(1), 'unknown');
  health.linkUp(1);
  t.ok(health.isLive(1));
  health.linkDown(1);
  t.notOk(health.isLive(1), 'a closed link is dead at once');
});

t.test('a failed probe counts until the next report', async (t) => {
  const health = new Health();
  health.linkUp(1);
  health.linkUp(2);
  health.probeFailed(1);
  t.notOk(health.isLive(1));
  t.ok(health.isLive(2));
  health.reported(1);
  t.ok(health.isLive(1));
});

t.test('a new link starts afresh', async (t) => {
  const health = new Health();
  health.linkUp(1);
  health.probeFailed(1);
  health.linkUp(1);
  t.ok(health.isLive(1));
});

t.test('what is said about an unknown server is ignored', async (t) => {
  const health = new Health();
  health.reported(5);
  health.probeFailed(5);
  t.notOk(health.isLive(5));
});
