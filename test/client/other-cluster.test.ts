/**
 * A client whose cluster is another one all at once: restored or made anew at its addresses, or a stray at one of them.
 */
import t from 'tap';
import type { FinalCode } from '../../src/client/index.js';
import { ScriptedBalancer, ScriptedLog, ScriptedServer } from '../support/scripted-cluster.js';
import { BALANCER, SERVERS, World } from './world.js';

const one = '01'.repeat(16);
const two = '02'.repeat(16);

/** One line after the other: each in a slot of its own. */
function say(w: World, ...texts: readonly string[]): void {
  for (const text of texts) {
    w.client.post('#lobby', text);
    w.clock.settle();
  }
}

t.test('made anew: another session, the rooms from their beginning, and it is told before anything new', (t) => {
  const w = new World();
  w.client.subscribe('#lobby');
  t.equal(w.client.cluster, '');
  w.up();
  t.equal(w.client.cluster, one);
  w.client.join('#lobby');
  say(w, 'a', 'b', 'c');
  t.equal(w.client.openLines, 0);
  const seen = w.events.length;
  w.startAnew();
  w.until(() => w.of('room').length === 2, 5_000, 'entered the room again, in a log that has fewer slots');
  say(w, 'first');
  t.match(w.of('cluster'), [{ before: one, now: two, unconfirmed: 0, notSent: 0, text: /02020202.*01010101.*anew/ }]);
  t.equal(w.client.cluster, two);
  t.same(w.log.texts('#lobby'), ['', 'first']);
  t.match(w.of('message').slice(3), [{ n: 1, text: 'first', id: Number }], 'its number is the new log’s');
  const after = w.events.slice(seen).filter(({ event }) => !['disconnected', 'phase', 'quorum'].includes(event));
  t.equal(after[0]?.event, 'cluster');
  t.end();
});

t.test(
  'a line that was sent is unconfirmed for good, one that waited was not sent; neither goes into the new log',
  (t) => {
    const w = new World({ window: 2 }).up();
    w.clock.settle();
    w.current.script.mute = true;
    const outcomes = new Map<number, FinalCode>();
    const post = (text: string): number =>
      w.client.post('#lobby', text, (code, _slot, _n, id) => {
        outcomes.set(id, code);
        // A program that tries again by itself: its line is meant for whoever answers now, and ends once.
        if (text === 'waits' && code === 'NOT_SENT') again = post('again');
      });
    let again = 0;
    const ids = ['sent', 'sent too', 'waits'].map(post);
    w.clock.settle();
    w.startAnew();
    w.until(() => w.client.openLines === 0, 5_000, 'all ended');
    t.same([...outcomes], [...ids.map((id, i) => [id, i < 2 ? 'UNKNOWN' : 'NOT_SENT']), [again, 'ok']]);
    t.same(w.log.texts('#lobby'), ['again']);
    const told = ids.map((id) => w.of('state').findLast((event) => event.id === id));
    t.match(told, [
      { state: 'unconfirmed', reason: /Another cluster.*may be.*not sent again/ },
      { state: 'unconfirmed', reason: /Another cluster/ },
      { state: 'failed', reason: /Another cluster.*send it again/ },
    ]);
    t.match(w.of('cluster'), [
      { unconfirmed: 2, notSent: 1, text: /2 lines without an answer.*1 waiting line was not/ },
    ]);
    t.end();
  },
);

t.test('a room that was just being entered is entered in the new cluster, one that was being left is not', (t) => {
  const w = new World().up();
  w.client.join('#old');
  w.clock.settle();
  w.current.script.mute = true;
  w.client.join('#lobby');
  w.client.leave('#old');
  w.clock.settle();
  w.startAnew();
  w.until(() => w.log.rooms.has('#lobby') && w.client.openLines === 0, 5_000, 'entered');
  t.same([...w.log.rooms.keys()], ['#lobby']);
  t.end();
});

t.test('what a listener posts when it hears of it goes to the new cluster, whatever else it does', (t) => {
  const w = new World().up();
  say(w, 'old');
  let id = 0;
  w.client.on('cluster', () => {
    id = w.client.post('#lobby', 'hello again');
    w.client.moveTo(SERVERS[2]!);
  });
  w.startAnew();
  w.until(() => w.states(id).includes('committed'), 5_000, 'committed');
  t.same(w.log.texts('#lobby'), ['hello again']);
  t.equal(w.of('cluster').length, 1);
  t.end();
});

t.test('a question that waited is answered: by neither', async (t) => {
  const w = new World().up();
  const page = w.client.history({ room: '#lobby', event: 900 }, 60_000);
  w.clock.settle();
  w.startAnew();
  w.until(() => w.of('cluster').length === 1, 5_000, 'met');
  t.match(await page, { ok: false, code: 'OTHER_CLUSTER', text: /ask again/ });
});

t.test(
  'a reader: from an event on means from the first on; from now on, and the last so many, mean what they did',
  (t) => {
    const w = new World({ name: undefined as never });
    w.client.subscribe('#a', { event: 3 });
    w.client.subscribe('#b', 'now');
    w.client.subscribe('#c', { lastPosts: 2 });
    const speak = (room: string, ...texts: readonly string[]): void => {
      for (const text of texts) {
        const session = { slot: 1, index: 0 };
        w.log.append(room, ++w.log.slot, [{ kind: 'post', from: 'Lala', text, session, seq: w.log.slot }]);
      }
    };
    speak('#a', '1', '2', '3', '4');
    w.up();
    w.clock.settle();
    t.same(
      w.of('message').map(({ text }) => text),
      ['3', '4'],
    );
    w.startAnew();
    speak('#a', 'new');
    speak('#b', 'said before');
    w.until(() => w.of('message').length === 3, 5_000, 'begun anew');
    const asked = w.current.received.filter((message) => message.type === 'subscribe');
    t.match(asked, [
      { room: '#a', fromEvent: 1 },
      { room: '#b', fromEvent: 0, lastPosts: 0 },
      { room: '#c', fromEvent: 0, lastPosts: 2 },
    ]);
    t.same(w.of('error'), [], 'no gap is told: none of it is missing');
    t.end();
  },
);

t.test('a name that was refused there is tried here', (t) => {
  const w = new World();
  w.log.takenNames.add('Aaron');
  w.up();
  w.until(() => w.client.sessionState === 'refused', 1_000, 'refused');
  w.startAnew();
  w.until(() => w.client.sessionState === 'open', 5_000, 'another log, another owner');
  t.match(w.log.sessions, [{ name: 'Aaron' }]);
  t.end();
});

/** A server of another cluster where one of ours was. */
function stray(w: World, address: string, cluster = 9): ScriptedServer {
  const log = new ScriptedLog(new Uint8Array(16).fill(cluster));
  w.network.kill(address);
  return new ScriptedServer(1, address, log, w.network, [address]);
}

t.test('a stray at the address of a server, with no balancer to say that it is ours: left alone', (t) => {
  const w = new World().up();
  say(w, 'a');
  const before = w.current;
  const session = w.log.sessions[0]!.id;
  w.balancer.kill();
  const others = w.servers.filter((server) => server !== before);
  const visitor = stray(w, others[0]!.address);
  others[1]!.kill();
  before.kill();
  w.clock.advance(10_000);
  t.notOk(w.client.server, 'better nobody than somebody else');
  t.same(w.of('cluster'), []);
  const told = w.of('error').filter(({ code }) => code === 'FOREIGN_CLUSTER');
  t.equal(told.length, 1, 'told once');
  t.match(told[0]?.text, new RegExp(`${visitor.address} belongs to another cluster \\(09090909\\).*--server`));
  const id = w.client.post('#lobby', 'b');
  before.start();
  w.until(() => w.states(id).includes('committed'), 5_000, 'back at home');
  t.same(w.log.texts('#lobby'), ['a', 'b']);
  t.same(
    w.log.sessions.map((known) => known.id),
    [session],
    'in the same session',
  );
  t.same(visitor.log.sessions, []);
  t.end();
});

t.test('a balancer that vouches for another cluster than the server is of vouches for nothing', (t) => {
  const w = new World().up();
  w.startAnew();
  w.balancer.cluster = new Uint8Array(16).fill(5);
  w.clock.advance(5_000);
  t.same(w.of('cluster'), []);
  t.match(w.of('error')[0], { code: 'FOREIGN_CLUSTER' });
  w.balancer.cluster = w.log.cluster;
  w.until(() => w.client.phase === 'ready', 5_000, 'both say the same');
  t.equal(w.client.cluster, two);
  t.end();
});

t.test('so it is at the very first server: none is taken for ours that the balancer did not mean', (t) => {
  const w = new World();
  w.startAnew();
  w.balancer.cluster = new Uint8Array(16).fill(1);
  w.client.connect();
  w.clock.advance(10_000);
  t.equal(w.client.cluster, '');
  t.match(w.of('error'), [
    { code: 'FOREIGN_CLUSTER', text: /another cluster \(02020202\) than the balancer .*\(01010101\).*--server/ },
  ]);
  w.balancer.cluster = w.log.cluster;
  w.until(() => w.client.phase === 'ready', 5_000, 'both say the same');
  t.equal(w.client.cluster, two);
  t.end();
});

t.test('three strays of one cluster are told once in ten minutes, and once more after all was well', (t) => {
  const w = new World().up();
  w.balancer.kill();
  const told = (): number => w.of('error').filter(({ code }) => code === 'FOREIGN_CLUSTER').length;
  for (const times of [1, 2]) {
    for (const server of w.servers) stray(w, server.address);
    w.clock.advance(600_000);
    t.equal(told(), times);
    for (const server of w.servers) {
      server.kill();
      server.start();
    }
    w.until(() => w.client.phase === 'ready', 10_000, 'back at home');
  }
  t.end();
});

t.test('strays of three clusters are told once each', (t) => {
  const w = new World().up();
  w.balancer.kill();
  for (const [i, server] of w.servers.entries()) stray(w, server.address, 7 + i);
  w.clock.advance(600_000);
  t.equal(w.of('error').length, 3);
  t.end();
});

/** All servers but the one that the client is connected to are another cluster's, and that one knows no leader. */
function leaveOne(w: World): ScriptedServer {
  const last = w.current;
  for (const server of w.servers) if (server !== last) stray(w, server.address, 2);
  last.leader = 0;
  last.stand(1, 0, false);
  return last;
}

t.test('one server of ours is left without a leader: a balancer of the other cluster is followed', (t) => {
  const w = new World().up();
  w.client.subscribe('#lobby');
  const last = leaveOne(w);
  w.balancer.cluster = new Uint8Array(16).fill(2);
  w.until(() => w.of('cluster').length === 1 && w.client.phase === 'ready', 20_000, 'moved');
  t.not(w.client.server?.address, last.address);
  t.match(w.of('disconnected')[0]?.reason, /no leader while a balancer names .* another cluster/);
  t.end();
});

t.test('it stays there while no balancer vouches for that one, or one of ours names a server; and asks seldom', (t) => {
  const other = '127.0.0.1:8008';
  for (const ours of ['names nobody', 'names a server'] as const) {
    const w = new World({ balancers: [BALANCER, other] });
    const second = new ScriptedBalancer(other, SERVERS, w.network);
    second.cluster = new Uint8Array(16).fill(ours === 'names nobody' ? 3 : 2);
    w.up();
    const last = leaveOne(w);
    if (ours === 'names nobody') w.balancer.status = 'mostFail';
    const before = w.balancer.asked.length;
    w.clock.advance(600_000);
    t.equal(w.current, last, ours);
    t.same(w.of('disconnected'), []);
    const asked = w.balancer.asked.length - before;
    t.ok(asked > 10 && asked < 100, `asked ${asked} times in ten minutes`);
  }
  t.end();
});

t.test('where no balancer is, the servers that the user named are his word', (t) => {
  for (const where of [{ server: SERVERS[1]! }, { servers: SERVERS }]) {
    const w = new World({ balancers: [], ...where }).up();
    say(w, 'a');
    w.startAnew();
    w.until(() => w.of('cluster').length === 1 && w.client.phase === 'ready', 10_000, 'met');
    say(w, 'b');
    t.same(w.log.texts('#lobby'), ['b']);
    t.same(w.of('error'), []);
  }
  t.end();
});

t.test('a stray that has a leader is no reason to leave a server that has none', (t) => {
  const w = new World().up();
  const first = w.current;
  for (const server of w.servers) {
    server.leader = 0;
    if (server !== first) stray(w, server.address);
  }
  first.stand(1, 0, false);
  w.clock.advance(60_000);
  t.equal(w.current, first);
  t.same(w.of('disconnected'), []);
  t.end();
});

t.test('a server that names no cluster is like any: no release of ours does so', (t) => {
  const w = new World().up();
  w.startAnew(new Uint8Array(16));
  w.until(() => w.client.phase === 'ready', 5_000, 'connected');
  t.same(w.of('cluster'), []);
  t.equal(w.client.cluster, one);
  t.end();
});
