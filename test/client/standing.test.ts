/** When a client leaves a server that has no leader: asked to, or because another server says that it has one. */
import t from 'tap';
import { limits } from '../../src/base/index.js';
import { SERVERS, World } from './world.js';

/** Nobody has a leader. */
function leaderless(w: World): void {
  for (const server of w.servers) {
    server.leader = 0;
    server.stand(1, 0, false);
  }
}

t.test('its server asks it to move: it goes at once', async (t) => {
  const w = new World().up();
  const first = w.current;
  first.stand(3, 0, true);
  w.until(() => w.client.phase === 'ready' && w.client.server?.id !== first.id, 100, 'moved');
  t.match(w.of('disconnected').at(-1)?.reason, /no leader/);
});

t.test('no leader alone is no reason: it stays, and asks the others less and less often', async (t) => {
  const w = new World().up();
  const first = w.current;
  leaderless(w);
  const dialled = w.network.dialled.length;
  w.clock.advance(60_000);
  t.equal(w.client.server?.id, first.id);
  t.same(w.of('disconnected'), []);
  t.match(w.of('quorum').at(-1), { ok: false, up: 1 });
  const asked = w.network.dialled.slice(dialled);
  t.ok(asked.length >= 6 && asked.length <= 14, `${asked.length} questions in a minute`);
  t.same(
    new Set(asked),
    new Set(SERVERS.filter((address) => address !== first.address)),
    'to both others, never to its own',
  );
  t.equal(w.network.pairs.filter(({ caller }) => !caller.destroyed).length, 1, 'and hung up each time');
});

t.test('its server has no leader and another one says that it has: it goes there, after a second', async (t) => {
  const w = new World().up();
  const first = w.current;
  leaderless(w);
  const other = w.servers.find((server) => server !== first)!;
  other.leader = other.id;
  const tookMs = w.until(() => w.client.phase === 'ready' && w.client.server?.id !== first.id, 3000, 'moved');
  t.ok(tookMs >= limits.moveMs && tookMs <= 2 * limits.moveMs, `after ${tookMs} ms`);
  t.equal(w.current.id, other.id, 'to the one that has a leader, wherever the balancer would have sent it');
  t.match(w.of('disconnected').at(-1)?.reason, /no leader/);
});

t.test('a leader that comes back within the second ends the search before it began', async (t) => {
  const w = new World().up();
  const first = w.current;
  first.stand(1, 0, false);
  w.clock.advance(limits.moveMs - 100);
  first.stand(3, 1, false);
  w.clock.advance(20_000);
  t.equal(w.client.server?.id, first.id);
  t.equal(w.network.dialled.length, 2, 'the balancer and its server: nobody else was asked');
});

t.test('a server that does not answer is not waited for', async (t) => {
  let asked = 0;
  for (const at of [0, 1]) {
    const w = new World().up();
    const first = w.current;
    const others = w.servers.filter((server) => server !== first);
    const silent = others[at]!;
    w.network.swallow(silent.address);
    first.stand(1, 0, false);
    const tookMs = w.until(() => w.client.phase === 'ready' && w.current === others[1 - at], 3000, 'moved');
    t.ok(tookMs <= 2 * limits.moveMs, `after ${tookMs} ms`);
    if (w.network.dialled.includes(silent.address)) asked += 1;
  }
  t.equal(asked, 1, 'one of the two was asked first');
});

t.test('closing ends the search', async (t) => {
  const w = new World().up();
  leaderless(w);
  w.clock.advance(2 * limits.moveMs);
  await w.client.close();
  const dialled = w.network.dialled.length;
  w.clock.advance(60_000);
  t.equal(w.network.dialled.length, dialled, 'nobody is asked any more');
});

t.test('a pinned client stays with its server', async (t) => {
  const w = new World({ server: SERVERS[1]!, balancers: [] }).up();
  t.equal(w.client.server?.id, 2);
  w.current.stand(3, 0, true);
  w.clock.advance(20_000);
  w.client.moveTo(SERVERS[0]!);
  t.equal(w.of('disconnected').length, 0);
  w.servers[1]!.kill();
  w.clock.advance(3_000);
  t.notOk(w.client.server);
  w.servers[1]!.start();
  w.until(() => w.client.phase === 'ready', 3_000, 'back on the same one');
  t.equal(w.client.server?.id, 2);
});

t.test('the user may name the server: gone to at once, from a connection and during the search for one', async (t) => {
  const w = new World().up();
  w.client.subscribe('#lobby');
  const id = w.client.post('#lobby', 'before');
  const [, second, third] = w.servers;
  w.client.moveTo(third!.address);
  t.match(w.of('disconnected'), [{ server: 1, reason: `Left server 1 for ${third!.address}, as asked` }]);
  const tookMs = w.until(() => w.client.phase === 'ready', 1_000, 'there');
  t.ok(tookMs <= limits.rerouteMs, `${tookMs} ms`);
  t.equal(w.client.server?.id, 3);
  w.until(() => w.states(id).includes('committed'), 1_000, 'its lines went along');
  w.client.moveTo(third!.address);
  t.equal(w.of('disconnected').length, 1, 'it is there already');
  w.network.swallow(SERVERS[0]!);
  w.servers[2]!.kill();
  w.client.moveTo(SERVERS[0]!);
  w.until(() => w.client.phase === 'dialling', 1_000, 'a dial that nobody answers');
  w.client.moveTo(second!.address);
  t.ok(w.until(() => w.client.phase === 'ready', 1_000, 'there') <= 1, 'nothing else was waited for');
  t.equal(w.client.server?.id, 2);
});

t.test('a server that the user named and that is down is not insisted on', async (t) => {
  const w = new World().up();
  w.servers[2]!.kill();
  w.client.moveTo(SERVERS[2]!);
  w.until(() => w.client.phase === 'ready', 2_000, 'elsewhere');
  t.not(w.client.server?.id, 3);
  t.match(w.of('disconnected').at(-1)?.reason, /refused/);
  await w.client.close();
  w.client.moveTo(SERVERS[1]!);
  w.clock.advance(5_000);
  t.equal(w.client.phase, 'closed');
});

t.test('two confused servers do not throw a client back and forth', async (t) => {
  const w = new World();
  w.client.on('connected', () => {
    for (const server of w.servers) server.stand(3, 0, true);
  });
  w.up();
  w.clock.advance(30_000);
  const moves = w.of('disconnected').length;
  t.ok(moves >= 2 && moves <= 6, `${moves} moves in 30 s`);
});
