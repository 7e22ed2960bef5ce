/** The client's promises one by one: states, reroutes, routing answers, moving, expiry, gaps. */
import t from 'tap';
import { ChatClient, type GroupEvent } from '../../src/client/index.js';
import { BALANCER, SERVERS, World } from './world.js';

t.test('a line goes queued, sending, committed, and comes back once as a message with its id', async (t) => {
  const w = new World().up();
  w.client.subscribe('#lobby');
  const answers: unknown[] = [];
  const id = w.client.post('#lobby', 'hello', (...answer) => answers.push(answer));
  t.same(w.states(id), ['queued'], 'told at once, before the turn ends');
  w.clock.settle();
  t.same(w.states(id), ['queued', 'sending', 'committed']);
  t.same(answers, [['ok', w.log.slot, 1, id]]);
  t.match(w.of('state').at(-1), { state: 'committed', slot: w.log.slot, n: 1, room: '#lobby' });
  t.match(w.of('message'), [
    { room: '#lobby', n: 1, from: 'Aaron', text: 'hello', id, time: '2026-01-01T00:00:00.000Z' },
  ]);
  t.match(w.of('connected'), [{ server: 1, address: SERVERS[0] }]);
});

t.test('a listener that comes late hears of lines from then on, one that goes hears no more', async (t) => {
  const w = new World();
  const token = new Uint8Array(32).fill(9);
  const client = new ChatClient({ name: 'Lee', token, balancers: [BALANCER], environment: w.environment });
  client.connect();
  w.until(() => client.phase === 'ready', 5_000, 'connected');
  client.post('#lobby', 'before');
  w.clock.settle();
  const states: string[] = [];
  const off = client.on('state', ({ state }) => states.push(state));
  client.post('#lobby', 'meanwhile');
  w.clock.settle();
  t.same(states, ['queued', 'sending', 'committed']);
  off();
  client.post('#lobby', 'after');
  w.clock.settle();
  t.equal(states.length, 3);
});

t.test('a program that listens to groups alone knows its own lines, each once', async (t) => {
  const w = new World();
  const token = new Uint8Array(32).fill(8);
  const client = new ChatClient({ name: 'Gus', token, balancers: [BALANCER], environment: w.environment });
  const told: GroupEvent[] = [];
  client.on('group', (event) => told.push(event));
  client.subscribe('#lobby');
  client.connect();
  w.until(() => client.phase === 'ready', 5_000, 'connected');
  const joinId = client.join('#lobby');
  const ids = ['a', 'b'].map((text) => client.post('#lobby', text));
  w.clock.settle();
  t.same(
    told.map(({ skip, ids: own }) => [skip, own]),
    [
      [
        0,
        new Map([
          [0, joinId],
          [1, ids[0]],
          [2, ids[1]],
        ]),
      ],
    ],
  );
  const { id: session } = w.log.sessions[0]!;
  w.log.append('#lobby', ++w.log.slot, [{ kind: 'post', from: 'Gus', text: 'a', session, seq: 2 }]);
  w.clock.settle();
  t.equal(told[1]?.ids, undefined, 'its id was told already');
});

t.test('the age of the last contact: small while the server answers pings, growing while it is silent', async (t) => {
  const w = new World();
  t.equal(w.client.contactAgeMs, undefined, 'no connection');
  w.up();
  t.ok(w.client.contactAgeMs! <= 10);
  let mostMs = 0;
  for (let i = 0; i < 100; i++) {
    w.clock.advance(100);
    mostMs = Math.max(mostMs, w.client.contactAgeMs!);
  }
  t.ok(mostMs >= 500 && mostMs <= 1_500, `${mostMs} ms at most on an idle connection`);
  const pair = w.network.pairs.findLast(({ address }) => address === w.client.server?.address)!;
  pair.listener.muted = true;
  const beforeMs = w.client.contactAgeMs!;
  w.clock.advance(1_500);
  t.equal(w.client.contactAgeMs, beforeMs + 1_500);
  w.until(() => w.client.server === undefined, 5_000, 'given up');
  t.equal(w.client.contactAgeMs, undefined);
});

t.test('all lines of one turn leave as one run', async (t) => {
  const w = new World().up();
  w.clock.settle();
  for (let i = 0; i < 50; i++) w.client.post('#lobby', `line ${i}`);
  w.clock.settle();
  const runs = w.current.received.filter((message) => message.type === 'submit');
  t.equal(runs.length, 1);
  t.equal(w.log.texts('#lobby').length, 50);
});

t.test('the window bounds what is in flight; acks let more go', async (t) => {
  const w = new World({ window: 4 }).up();
  w.clock.settle();
  w.current.script.mute = true;
  for (let i = 0; i < 10; i++) w.client.post('#lobby', `line ${i}`);
  w.clock.settle();
  t.equal(w.log.texts('#lobby').length, 4);
  t.equal(w.client.queuedLines, 6);
  w.current.script.mute = false;
  w.until(() => w.client.openLines === 0, 60_000, 'all answered after asking again');
  t.same(
    w.log.texts('#lobby'),
    Array.from({ length: 10 }, (_, i) => `line ${i}`),
  );
});

t.test(
  'without a session lines stay queued; without an answer they are unconfirmed after exactly 10 s, then committed',
  async (t) => {
    const w = new World();
    for (const server of w.servers) server.script.quorum = false;
    w.up();
    const first = w.client.post('#lobby', 'one');
    w.clock.advance(30_000);
    t.same(w.states(first), ['queued'], 'no session: never unconfirmed');
    t.match(w.of('quorum'), [{ ok: false, up: 1, servers: 3 }]);
    for (const server of w.servers) server.script.quorum = true;
    w.until(() => w.states(first).includes('committed'), 20_000, 'registered at the next asking');
    w.current.script.mute = true;
    const second = w.client.post('#lobby', 'two');
    w.clock.settle();
    w.clock.advance(9_999);
    t.same(w.states(second), ['queued', 'sending']);
    w.clock.advance(1);
    t.same(w.states(second), ['queued', 'sending', 'unconfirmed']);
    w.current.script.mute = false;
    w.until(() => w.client.openLines === 0, 21_000, 'retried under the same id');
    t.same(w.states(second), ['queued', 'sending', 'unconfirmed', 'committed']);
    t.same(w.log.texts('#lobby'), ['one', 'two'], 'and applied once');
  },
);

t.test('a killed server: moved to another one, lines resent under their seqs, nothing doubled', async (t) => {
  const w = new World().up();
  w.client.subscribe('#lobby');
  w.clock.settle();
  w.current.script.mute = true;
  const ids = ['a', 'b', 'c'].map((text) => w.client.post('#lobby', text));
  w.clock.settle();
  const killed = w.current;
  killed.kill();
  const late = w.client.post('#lobby', 'd');
  const tookMs = w.until(() => w.client.openLines === 0, 2_000, 'moved and answered');
  t.ok(tookMs <= 200, `${tookMs} ms`);
  t.not(w.current.address, killed.address);
  t.match(w.balancer.asked.at(-1), { kind: 'retry', failed: killed.address });
  t.same(w.log.texts('#lobby'), ['a', 'b', 'c', 'd']);
  t.same(
    w.of('message').map((message) => message.n),
    [1, 2, 3, 4],
  );
  for (const id of [...ids, late]) t.equal(w.states(id).at(-1), 'committed');
  const lost = w.of('disconnected');
  t.match(lost, [{ server: 1 }]);
  t.ok(lost[0]!.retryInMs >= 25 && lost[0]!.retryInMs <= 50, `first pause ${lost[0]!.retryInMs} ms`);
});

t.test('a server that falls silent is left after about 3 s', async (t) => {
  const w = new World().up();
  const silent = w.current;
  const pair = w.network.pairs.findLast((pair) => pair.address === silent.address)!;
  pair.caller.muted = true;
  pair.listener.muted = true;
  const tookMs = w.until(() => w.of('disconnected').length > 0, 5_000, 'noticed');
  t.ok(tookMs >= 2_500 && tookMs <= 3_600, `${tookMs} ms`);
  t.match(w.of('disconnected')[0]?.reason, /stopped answering/);
  w.until(() => w.client.phase === 'ready', 2_000, 'moved');
  t.not(w.current.address, silent.address);
});

t.test('a living server that answers late is never left', async (t) => {
  const w = new World().up();
  w.client.subscribe('#lobby');
  w.current.script.mute = true;
  w.client.post('#lobby', 'late');
  w.clock.advance(120_000);
  t.same(w.of('disconnected'), []);
  t.equal(w.of('connected').length, 1);
});

t.test('notReady is told when k changes, and asked again', async (t) => {
  const w = new World();
  w.balancer.status = 'notReady';
  w.balancer.registered = 1;
  w.client.connect();
  w.clock.advance(5_000);
  w.balancer.registered = 2;
  w.clock.advance(5_000);
  t.same(w.of('waiting'), [
    { event: 'waiting', for: 'servers', registered: 1, servers: 3 },
    { event: 'waiting', for: 'servers', registered: 2, servers: 3 },
  ]);
  t.same(w.of('disconnected'), [], 'waiting is no trouble');
  w.balancer.status = 'ok';
  w.until(() => w.client.phase === 'ready', 600, 'connected soon after');
});

t.test('mostFail: no quorum is told, typed lines stay, a surviving server is still used', async (t) => {
  const w = new World();
  for (const server of w.servers) server.kill();
  w.balancer.status = 'mostFail';
  w.balancer.up = 1;
  const id = w.client.post('#lobby', 'kept');
  w.client.connect();
  w.clock.advance(10_000);
  t.match(w.of('quorum'), [{ ok: false, up: 1, servers: 3 }]);
  t.same(w.states(id), ['queued']);
  w.servers[2]!.start();
  w.servers[2]!.script.quorum = false;
  w.until(() => w.client.phase === 'ready', 10_000, 'connected for reading');
  w.servers[2]!.script.quorum = true;
  w.until(() => w.states(id).includes('committed'), 20_000, 'sent once the quorum is back');
});

t.test('balancer down: a cached server is used', async (t) => {
  const w = new World().up();
  w.balancer.kill();
  const before = w.current;
  before.kill();
  w.until(() => w.client.phase === 'ready' && w.client.server?.id !== before.id, 3_000, 'moved by the cached list');
  for (const server of w.servers) server.kill();
  w.clock.advance(2_500);
  t.match(w.of('disconnected').at(-1)?.reason, new RegExp(`No balancer at ${BALANCER}|connection refused`));
});

t.test('back-off doubles to 2 s, jittered', async (t) => {
  const w = new World();
  w.balancer.kill();
  w.client.connect();
  w.clock.advance(60_000);
  const pauses = w.of('disconnected').map((event) => event.retryInMs);
  pauses.slice(0, 6).forEach((pause, i) => {
    t.ok(pause <= 50 * 2 ** i && pause >= 25 * 2 ** i, `pause ${i}: ${pause}`);
  });
  t.ok(Math.max(...pauses) <= 2_000);
  t.ok(new Set(pauses.slice(-10)).size > 1, 'jittered');
});

t.test('session expired: sent lines are unconfirmed for good, unsent ones go under a new session', async (t) => {
  const w = new World({ window: 2 }).up();
  w.clock.settle();
  w.servers.forEach((server) => {
    server.script.mute = true;
  });
  const outcomes = new Map<number, string>();
  const ids = ['a', 'b', 'c'].map((text) =>
    w.client.post('#lobby', text, (code, _slot, _n, id) => outcomes.set(id, code)),
  );
  w.clock.settle();
  t.same(w.log.texts('#lobby'), ['a', 'b']);
  w.log.expire();
  w.servers.forEach((server) => {
    server.script.mute = false;
  });
  w.current.kill();
  w.until(() => w.client.openLines === 0, 5_000, 'settled');
  t.same(
    ids.map((id) => outcomes.get(id)),
    ['UNKNOWN', 'UNKNOWN', 'ok'],
  );
  t.same(w.log.texts('#lobby'), ['a', 'b', 'c'], 'never sent again');
  t.equal(w.states(ids[0]!).at(-1), 'unconfirmed');
  t.match(
    w.of('error').map((event) => event.code),
    ['SESSION_EXPIRED'],
  );
  t.equal(w.log.sessions.length, 1);
});

t.test('a certain refusal is failed, the lines around it are committed', async (t) => {
  const w = new World().up();
  w.log.refusals.set('bad', 'BAD_TEXT');
  const ids = ['good', 'bad', 'good too'].map((text) => w.client.post('#lobby', text));
  w.clock.settle();
  t.same(
    ids.map((id) => w.states(id).at(-1)),
    ['committed', 'failed', 'committed'],
  );
  t.match(w.of('state').find((event) => event.state === 'failed')?.reason, /send it again/);
});

t.test('a line above the limit fails here, and nothing is sent', async (t) => {
  const w = new World().up();
  const id = w.client.post('#lobby', 'é'.repeat(4_097));
  t.same(w.states(id), ['failed']);
  t.match(w.of('state').at(-1)?.reason, /8,194 bytes; the limit is 8,192/);
  const fits = w.client.post('#lobby', 'é'.repeat(4_096));
  w.clock.settle();
  t.equal(w.states(fits).at(-1), 'committed');
});

t.test('busy: the same lines again after the pause, in order', async (t) => {
  const w = new World().up();
  w.clock.settle();
  w.current.script.busy = 2;
  w.client.post('#lobby', 'a');
  w.clock.settle();
  w.client.post('#lobby', 'b');
  w.clock.settle();
  t.same(w.log.texts('#lobby'), []);
  w.until(() => w.client.openLines === 0, 200, 'sent again');
  t.same(w.log.texts('#lobby'), ['a', 'b']);
});

t.test('a gap is told and asked for; duplicates are dropped', async (t) => {
  const w = new World().up();
  w.client.subscribe('#lobby');
  w.clock.settle();
  w.current.script.skipGroups = 1;
  w.current.script.twice = true;
  for (const text of ['a', 'b', 'c']) {
    w.client.post('#lobby', text);
    w.clock.settle();
  }
  t.same(
    w.of('message').map((message) => message.text),
    ['a', 'b', 'c'],
  );
  t.match(w.of('error'), [{ code: 'GAP', text: /Events 1–1 of #lobby are missing/ }]);
});

t.test('after a reroute the stream goes on behind the last event seen', async (t) => {
  const w = new World().up();
  w.client.subscribe('#lobby', 'all');
  for (const text of ['a', 'b']) w.client.post('#lobby', text);
  w.clock.settle();
  w.current.kill();
  w.log.append('#lobby', ++w.log.slot, [
    { kind: 'post', from: 'Lala', text: 'meanwhile', session: { slot: 99, index: 0 }, seq: 1 },
  ]);
  w.until(() => w.of('message').length === 3, 2_000, 'caught up');
  const asked = w.current.received.find((message) => message.type === 'subscribe');
  t.match(asked, { fromEvent: 3 });
  t.same(
    w.of('message').map((message) => message.text),
    ['a', 'b', 'meanwhile'],
  );
});

t.test('a late callback of a replaced connection does nothing: reroute during the greeting', async (t) => {
  const w = new World();
  w.network.listen(SERVERS[0]!, () => undefined);
  w.client.connect();
  w.until(() => w.client.phase === 'greeting', 1_000, 'greeting a server that never answers');
  w.until(() => w.client.phase === 'ready', 4_000, 'gave it up for another one');
  t.not(w.client.server?.id, 1);
  w.clock.advance(20_000);
  t.equal(w.of('connected').length, 1);
  t.equal(w.of('disconnected').length, 1);
});

t.test('a forced leave is answered by joining again; a wanted one is not', async (t) => {
  const w = new World().up();
  w.client.subscribe('#lobby');
  w.client.join('#lobby');
  w.clock.settle();
  const { id } = w.log.sessions[0]!;
  w.log.append('#lobby', ++w.log.slot, [{ kind: 'leave', from: 'Aaron', text: '', session: id, seq: 0 }]);
  w.clock.settle();
  t.same(
    w.of('room').map((event) => event.kind),
    ['join', 'leave', 'join'],
  );
  w.client.leave('#lobby');
  w.clock.settle();
  t.same(
    w.of('room').map((event) => event.kind),
    ['join', 'leave', 'join', 'leave'],
  );
});

t.test('close waits for open lines, then ends what is left honestly', async (t) => {
  const w = new World().up();
  w.clock.settle();
  w.current.script.mute = true;
  const outcomes: string[] = [];
  w.client.post('#lobby', 'sent', (code) => outcomes.push(code));
  w.clock.settle();
  const closing = w.client.close(5_000);
  w.clock.advance(5_000);
  await closing;
  t.same(outcomes, ['UNKNOWN']);
  t.equal(w.client.phase, 'closed');
  w.clock.advance(5_000);
  t.equal(w.clock.timers, 0, 'no timer is left behind');
  const id = w.client.post('#lobby', 'too late');
  t.same(w.states(id), ['failed']);
});

t.test('a full outbox refuses clearly', async (t) => {
  const w = new World({ linesMax: 3 });
  const ids = [1, 2, 3, 4].map((i) => w.client.post('#lobby', `line ${i}`));
  t.same(
    ids.map((id) => w.states(id)),
    [['queued'], ['queued'], ['queued'], ['failed']],
  );
});

t.test('a direct-message room is one room however it is spelled', async (t) => {
  const w = new World().up();
  w.client.subscribe('@Lala,Aaron');
  w.client.subscribe('@aaron,lala');
  const id = w.client.post('@Aaron,LALA', 'psst');
  w.clock.settle();
  t.match(w.of('message'), [{ room: '@aaron,lala', text: 'psst', id }]);
  t.equal(w.current.received.filter((message) => message.type === 'subscribe').length, 1);
});

t.test('a server that forgot who speaks: the session is resumed, nothing is given up', async (t) => {
  const w = new World().up();
  w.clock.settle();
  w.current.script.mute = true;
  const id = w.client.post('#lobby', 'kept');
  w.clock.settle();
  const session = w.log.sessions[0]!.id;
  for (const connection of w.current.connections) {
    connection.send({ type: 'reject', request: 0, session, code: 'BAD_NONCE', text: 'resume first' });
  }
  w.until(() => w.client.openLines === 0, 2_000, 'resumed elsewhere');
  t.equal(w.states(id).at(-1), 'committed');
  t.same(w.log.texts('#lobby'), ['kept']);
  t.same(w.of('error'), []);
});

t.test('NAME_TAKEN: told once, lines wait, another name goes on', async (t) => {
  const w = new World();
  w.log.takenNames.add('Aaron');
  t.equal(w.client.sessionState, 'none', 'nobody asked yet');
  const id = w.client.post('#lobby', 'hello');
  w.up();
  w.clock.advance(40_000);
  t.match(w.of('error'), [{ code: 'NAME_TAKEN', text: /"Aaron" belongs to another user/ }]);
  t.same(w.states(id), ['queued']);
  t.equal(w.client.sessionState, 'refused');
  w.client.useName('Aaron2');
  t.equal(w.client.sessionState, 'opening');
  w.until(() => w.states(id).includes('committed'), 1_000, 'registered under the other name');
  t.equal(w.client.sessionState, 'open');
  t.match(w.of('disconnected'), []);
});

t.test('a server of an older release is never asked for the rooms: it would end the connection', async (t) => {
  const w = new World();
  t.equal(w.client.canListRooms, undefined);
  w.up();
  t.equal(w.client.canListRooms, false);
  const asked = w.client.rooms('', 1_000);
  w.clock.advance(1_001);
  t.match(await asked, { ok: false, code: 'TIMEOUT' });
  t.equal(w.client.phase, 'ready');
  t.notOk(w.servers.some(({ received }) => received.some(({ type }) => type === 'listRooms')));
});

t.test('history is asked again after a reroute, and gives up at its deadline', async (t) => {
  const w = new World().up();
  const page = w.client.history({ room: '#lobby', limit: 10 }, 3_000);
  w.clock.settle();
  const first = w.current;
  t.match(first.received.at(-1), { type: 'history', direction: 'before', event: Number.MAX_SAFE_INTEGER, limit: 10 });
  first.kill();
  w.until(() => w.client.phase === 'ready', 2_000, 'moved');
  w.clock.settle();
  const asked = w.current.received.find((message) => message.type === 'history');
  t.ok(asked, 'asked the new server');
  w.clock.advance(3_000);
  t.match(await page, { ok: false, code: 'TIMEOUT' });
});

t.test('a leave asked for while the join is in flight is not undone by a new session', async (t) => {
  const w = new World().up();
  w.client.subscribe('#ops');
  w.clock.settle();
  w.current.script.mute = true;
  w.client.join('#ops');
  w.clock.settle();
  w.client.leave('#ops');
  w.current.script.mute = false;
  w.until(() => w.client.openLines === 0, 30_000, 'both answered');
  w.log.expire();
  w.client.post('#lobby', 'finds out');
  w.until(() => w.client.openLines === 0, 30_000, 'a new session');
  w.clock.settle();
  t.same(
    w.of('room').map((event) => event.kind),
    ['join', 'leave'],
    'nobody asked to join again',
  );
});

t.test('a callback may post again while the client closes: that fails at once, and the close ends', async (t) => {
  const w = new World().up();
  w.clock.settle();
  w.current.script.mute = true;
  const codes: string[] = [];
  let lastId = 0;
  const again = (code: string): void => {
    codes.push(code);
    if (codes.length < 10) lastId = w.client.post('#lobby', 'again', again);
  };
  w.client.post('#lobby', 'sent', again);
  w.clock.settle();
  await w.client.close();
  t.equal(codes[0], 'UNKNOWN');
  t.same([...new Set(codes.slice(1))], ['NOT_SENT']);
  t.same(w.states(lastId), ['failed'], 'never queued: a caller that posts for ever would keep the close from ending');
  t.equal(w.client.openLines, 0, 'nothing is left behind in a closed client');
  t.equal(w.client.phase, 'closed');
});

t.test('a direct room opened before the register was applied is asked for again, without an error', async (t) => {
  const w = new World();
  for (const server of w.servers) server.script.quorum = false;
  w.client.subscribe('@aaron,bob', 'now');
  w.up();
  w.clock.settle();
  t.same(w.of('subscribed'), [], 'the server does not know Aaron yet');
  for (const server of w.servers) server.script.quorum = true;
  const id = w.client.post('@Aaron,Bob', 'psst');
  w.until(() => w.client.openLines === 0, 30_000, 'registered and committed');
  w.clock.settle();
  t.match(w.of('message'), [{ room: '@aaron,bob', text: 'psst', id }]);
  t.same(w.of('error'), []);
});

t.test('a reader is refused a direct room with a reason, and may ask again', async (t) => {
  const w = new World();
  const reader = new ChatClient({ token: new Uint8Array(32), balancers: [BALANCER], environment: w.environment });
  t.equal(reader.sessionState, undefined);
  const errors: string[] = [];
  reader.on('error', (event) => errors.push(`${event.code} ${event.text}`));
  reader.subscribe('@aaron,bob');
  reader.connect();
  w.until(() => reader.phase === 'ready', 5_000, 'connected');
  reader.subscribe('@aaron,bob');
  w.clock.settle();
  const text = 'NOT_ALLOWED @aaron,bob: Only the two people of a direct-message room can read it; check the names';
  t.same(errors, [text, text]);
});
