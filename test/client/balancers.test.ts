/** Several balancers, of which some are away: who is asked when, and what it costs whoever is not needed. */
import t from 'tap';
import { limits } from '../../src/base/index.js';
import { ScriptedBalancer, ScriptedLog, ScriptedServer } from '../support/scripted-cluster.js';
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

t.test('one that names nobody does not end the round: the next one is asked at once', (t) => {
  for (const status of ['mostFail', 'notReady'] as const) {
    const w = new World({ balancers: [DEAD[0]!, BALANCER] });
    const emptied = new ScriptedBalancer(DEAD[0]!, SERVERS, w.network);
    emptied.status = status;
    emptied.cluster = new Uint8Array(16);
    w.client.connect();
    t.ok(w.until(() => w.client.phase === 'ready', 5_000, 'connected') <= 5, status);
    t.same([...w.of('quorum').filter(({ ok }) => !ok), ...w.of('waiting')], [], 'nothing that is not so is told');
  }
  t.end();
});

t.test('none names anybody: the one that knows servers counts, in whatever order they answer', (t) => {
  for (const balancers of [
    [DEAD[0]!, BALANCER],
    [BALANCER, DEAD[0]!],
  ]) {
    const w = new World({ balancers });
    const emptied = new ScriptedBalancer(DEAD[0]!, [], w.network);
    emptied.status = 'notReady';
    w.balancer.status = 'mostFail';
    w.balancer.up = 1;
    w.client.connect();
    w.until(() => w.client.phase === 'ready', 5_000, 'connected, to read');
    t.match(w.of('quorum')[0], { ok: false, up: 1 });
    t.same(w.of('waiting'), []);
  }
  t.end();
});

t.test('none names anybody, and one is a black hole: no longer than its time-out is waited for it', (t) => {
  const w = new World({ balancers: [BALANCER, DEAD[0]!], dialTimeoutMs: 500 });
  w.network.swallow(DEAD[0]!);
  w.balancer.status = 'notReady';
  w.balancer.registered = 1;
  w.client.connect();
  const tookMs = w.until(() => w.of('waiting').length === 1, 5_000, 'told');
  t.ok(tookMs >= 500 && tookMs <= 520, `${tookMs} ms`);
  t.end();
});

t.test('none names anybody, and one greets late and never answers: it has one time-out for both', (t) => {
  const w = new World({ balancers: [BALANCER, DEAD[0]!], dialTimeoutMs: 500 });
  const hung = new ScriptedBalancer(DEAD[0]!, SERVERS, w.network);
  hung.isHung = true;
  w.network.listen(hung.address, (connection) => void w.clock.setTimeout(() => hung.accept(connection), 400));
  w.balancer.status = 'mostFail';
  w.balancer.up = 1;
  w.client.connect();
  const tookMs = w.until(() => w.client.phase === 'ready', 5_000, 'connected, to read');
  t.equal(hung.asked.length, 1, 'it greeted and was asked');
  t.ok(tookMs >= 500 && tookMs <= 520, `${tookMs} ms`);
  t.end();
});

t.test('an old balancer without servers comes first: the one of the cluster that was made anew is followed', (t) => {
  for (const status of ['mostFail', 'notReady'] as const) {
    const w = new World({ balancers: [DEAD[0]!, BALANCER] });
    const old = new ScriptedBalancer(DEAD[0]!, SERVERS, w.network);
    w.up();
    w.startAnew();
    old.status = status;
    old.up = 0;
    w.until(() => w.of('cluster').length === 1 && w.client.phase === 'ready', 5_000, 'moved');
    t.same(w.of('error'), []);
  }
  t.end();
});

/** Another cluster that lives beside ours, with a balancer of its own. */
function neighbour(w: World): { readonly log: ScriptedLog; readonly balancer: ScriptedBalancer } {
  const log = new ScriptedLog(new Uint8Array(16).fill(2));
  const addresses = ['127.0.0.1:9110', '127.0.0.1:9111'];
  for (const [i, address] of addresses.entries()) new ScriptedServer(i + 1, address, log, w.network, addresses);
  const balancer = new ScriptedBalancer(DEAD[0]!, addresses, w.network);
  balancer.cluster = log.cluster;
  return { log, balancer };
}

t.test('balancers of two clusters that live: while one of ours names a server, the other moves nobody', (t) => {
  const w = new World({ balancers: [DEAD[0]!, BALANCER] });
  const { balancer } = neighbour(w);
  balancer.kill();
  w.up();
  balancer.start();
  for (const server of w.servers) server.kill();
  w.clock.advance(20_000);
  t.ok(balancer.asked.length > 3, 'it was asked, first each time');
  for (const server of w.servers) server.start();
  w.until(() => w.client.phase === 'ready', 10_000, 'back at home');
  t.same(w.of('cluster'), []);
  t.end();
});

t.test('ours are silent: every server of ours is tried before another cluster is gone to', (t) => {
  const w = new World({ balancers: [BALANCER, DEAD[0]!] });
  const { log } = neighbour(w);
  w.up();
  w.balancer.kill();
  for (const server of w.servers.slice(0, 2)) server.kill();
  w.client.moveTo(SERVERS[0]!);
  w.until(() => w.client.server?.address === SERVERS[2], 10_000, 'the last one of ours');
  t.same(w.of('cluster'), []);
  w.servers[2]!.kill();
  w.until(() => w.of('cluster').length === 1 && w.client.phase === 'ready', 20_000, 'nothing of ours is left');
  t.ok(log.slot > 0);
  t.end();
});

t.test('ours are silent, and what the other names is not there: ours are tried again', (t) => {
  const w = new World({ balancers: [BALANCER, DEAD[0]!] });
  const other = new ScriptedBalancer(DEAD[0]!, ['127.0.0.1:9110'], w.network);
  other.cluster = new Uint8Array(16).fill(2);
  w.up();
  w.balancer.kill();
  for (const server of w.servers) server.kill();
  w.clock.advance(20_000);
  t.ok(w.network.dialled.includes('127.0.0.1:9110'), 'all of ours were tried');
  w.servers[1]!.start();
  w.until(() => w.client.phase === 'ready', 20_000, 'back at home');
  t.same(w.of('cluster'), []);
  t.end();
});
