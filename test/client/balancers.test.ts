/** Several balancers, of which some are away: who is asked when, and what it costs whoever is not needed. */
import t from 'tap';
import { limits } from '../../src/base/index.js';
import { ScriptedBalancer } from '../support/scripted-cluster.js';
import { BALANCER, SERVERS, World } from './world.js';

const DEAD = ['127.0.0.1:8007', '127.0.0.1:8008'];

t.test('the first one is a black hole: the second one is asked a moment later', (t) => {
  const w = new World({ balancers: [DEAD[0]!, BALANCER] });
  w.network.swallow(DEAD[0]!);
  w.client.connect();
  const tookMs = w.until(() => w.client.phase === 'ready', 5_000, 'connected');
  t.ok(tookMs >= limits.balancerStaggerMs && tookMs <= limits.balancerStaggerMs + 20, `${tookMs} ms`);
  t.same(w.of('disconnected'), [], 'nothing failed');
  w.clock.advance(10_000);
  t.same(w.network.dialled.slice(0, 3), [DEAD[0], BALANCER, SERVERS[0]]);
  t.equal(w.network.dialled.length, 3, 'once each');
  t.end();
});

t.test('one that refuses is not waited for at all', (t) => {
  const w = new World({ balancers: [...DEAD, BALANCER] });
  w.client.connect();
  t.ok(w.until(() => w.client.phase === 'ready', 5_000, 'connected') <= 5);
  t.end();
});

t.test('one that answers is the only one that is asked', (t) => {
  const w = new World({ balancers: [BALANCER, ...DEAD] }).up();
  w.clock.advance(10_000);
  t.same(w.network.dialled, [BALANCER, SERVERS[0]]);
  t.end();
});

t.test('one that takes the call and says nothing is let go when another one answers', (t) => {
  const w = new World({ balancers: [DEAD[0]!, BALANCER] });
  w.network.listen(DEAD[0]!, () => undefined);
  w.client.connect();
  const tookMs = w.until(() => w.client.phase === 'ready', 5_000, 'connected');
  t.ok(tookMs >= limits.balancerStaggerMs && tookMs <= limits.balancerStaggerMs + 20, `${tookMs} ms`);
  w.clock.advance(10_000);
  t.equal(w.network.pairs.filter(({ caller }) => !caller.destroyed).length, 1, 'only the server is left');
  t.end();
});

t.test('none answers, then one does: the next round finds it', (t) => {
  const w = new World({ balancers: DEAD });
  const late = new ScriptedBalancer(DEAD[0]!, SERVERS, w.network);
  for (const address of DEAD) w.network.swallow(address);
  w.client.connect();
  w.clock.advance(limits.balancerStaggerMs + 100);
  t.same(w.network.dialled, DEAD);
  w.network.heal(DEAD[0]!);
  w.until(() => w.client.phase === 'ready', 10_000, 'connected');
  t.equal(late.asked.length, 1);
  t.end();
});

t.test('none answers: as many attempts a round as there are, and each one’s trouble is told in order', (t) => {
  const w = new World({ balancers: DEAD });
  w.network.swallow(DEAD[0]!);
  w.network.swallow(DEAD[1]!);
  w.client.connect();
  w.until(() => w.of('disconnected').length === 1, 5_000, 'given up');
  t.same(w.network.dialled, DEAD);
  t.match(w.of('disconnected')[0]?.reason, new RegExp(`balancer at ${DEAD[0]}.*balancer at ${DEAD[1]}`));
  t.end();
});

t.test('closing ends all questions', async (t) => {
  const w = new World({ balancers: DEAD });
  w.network.swallow(DEAD[0]!);
  w.client.connect();
  w.clock.advance(100);
  await w.client.close();
  w.clock.advance(60_000);
  t.same(w.network.dialled, [DEAD[0]]);
  t.equal(w.clock.timers, 0);
});
