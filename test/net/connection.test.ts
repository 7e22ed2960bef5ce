/**
 * A connection's rules on an in-memory socket and a fake clock: one write per turn, bounds, deadlines, silence,
 * farewells.
 */
import t from 'tap';
import {
  type CloseReason,
  type Connection,
  type ConnectionLimits,
  clientLimits,
  dialLimits,
  netContext,
  strangerLimits,
} from '../../src/net/index.js';
import { encode, encodeRun, type Message } from '../../src/wire/index.js';
import { connectionOn, type MemorySocket, socketPair } from '../support/duplex.js';
import { FakeClock } from '../support/fake-clock.js';

interface End {
  readonly connection: Connection;
  readonly socket: MemorySocket;
  readonly messages: Message[];
  readonly closes: CloseReason[];
  drains: number;
}

function pair(callerLimits: ConnectionLimits, listenerLimits: ConnectionLimits = clientLimits) {
  const clock = new FakeClock();
  const context = netContext(clock, clock.turn);
  const sockets = socketPair(clock);
  const make = (socket: MemorySocket, limits: ConnectionLimits): End => {
    const end: End = { connection: connectionOn(socket, limits, context), socket, messages: [], closes: [], drains: 0 };
    end.connection.attach({
      onMessage: (message) => end.messages.push(message),
      onClose: (reason) => end.closes.push(reason),
      onDrain: () => {
        end.drains++;
      },
    });
    return end;
  };
  return {
    clock,
    context,
    caller: make(sockets.caller, callerLimits),
    listener: make(sockets.listener, listenerLimits),
  };
}

const quiet: ConnectionLimits = { ...clientLimits, pingEveryMs: 0, silentMs: 0, firstFrameMs: 0 };
const submit = (bytes: number): Message => ({ type: 'refuse', code: 'BUSY', text: 'x'.repeat(bytes) });
const route = (request: number): Message => ({ type: 'route', request, kind: 'init', failed: '' });

t.test('all frames of a turn leave in one write, in order', async (t) => {
  const { clock, caller, listener } = pair(quiet, quiet);
  for (let turn = 1; turn <= 3; turn++) {
    for (let i = 0; i < 100; i++) t.equal(caller.connection.send(route(turn * 1_000 + i)), 'queued');
    clock.settle();
    t.equal(caller.socket.writes, turn, 'one write per turn');
    t.equal(caller.connection.stats.writes, turn);
  }
  const requests = listener.messages.map((message) => (message.type === 'route' ? message.request : -1));
  t.same(
    requests,
    [1, 2, 3].flatMap((turn) => Array.from({ length: 100 }, (_, i) => turn * 1_000 + i)),
  );
});

t.test('what cannot wait for the end of the turn leaves at once, the rest with its end', async (t) => {
  const { clock, caller, listener } = pair(quiet, quiet);
  caller.connection.send(route(1));
  caller.connection.send(route(2));
  caller.connection.flush();
  t.equal(caller.socket.writes, 1, 'before the turn is over, both in one write');
  caller.connection.flush();
  t.equal(caller.socket.writes, 1, 'nothing waits: nothing is written');
  caller.connection.send(route(3));
  clock.settle();
  t.equal(caller.socket.writes, 2);
  caller.connection.send(route(4));
  caller.connection.flush();
  caller.connection.close('LOCAL', 'done');
  caller.connection.flush();
  clock.settle();
  t.same(listener.messages, [1, 2, 3, 4].map(route));
  t.match(listener.closes, [{ code: 'ENDED', byPeer: true }], 'the end comes behind what was flushed');
});

t.test('how long the other side has been silent counts from its last byte, pings answered included', async (t) => {
  const { clock, caller, listener } = pair({ ...quiet, pingEveryMs: 1_000 }, quiet);
  t.equal(caller.connection.silentForMs, 0, 'opened just now');
  clock.advance(400);
  t.equal(caller.connection.silentForMs, 400);
  listener.connection.send(route(1));
  clock.settle();
  t.equal(caller.connection.silentForMs, 0);
  t.equal(listener.connection.silentForMs, 400, 'sending is not hearing');
  let mostMs = 0;
  for (let i = 0; i < 50; i++) {
    clock.advance(100);
    mostMs = Math.max(mostMs, caller.connection.silentForMs);
  }
  t.ok(mostMs >= 1_000 && mostMs <= 1_500, `${mostMs} ms: the answer to a ping is a sign of life`);
  listener.socket.muted = true;
  clock.advance(10_000);
  t.ok(caller.connection.silentForMs >= 10_000);
});

t.test('a turn of large frames is one vectored write without copying', async (t) => {
  const { clock, caller } = pair(quiet, quiet);
  const page = encode({ type: 'submit', run: bigRun() });
  for (let i = 0; i < 3; i++) caller.connection.sendFrame(page);
  clock.settle();
  t.equal(caller.socket.writes, 1);
  t.equal(caller.socket.bytesWritten, 3 * page.length);
});

t.test('the scratch buffer is not reused while the system still holds it', async (t) => {
  const { clock, caller, listener } = pair(quiet, quiet);
  listener.connection.pause();
  for (let turn = 0; turn < 5; turn++) {
    caller.connection.send(route(2 * turn));
    caller.connection.send(route(2 * turn + 1));
    clock.settle();
  }
  t.same(listener.messages, []);
  listener.connection.resume();
  clock.settle();
  t.same(
    listener.messages.map((message) => (message.type === 'route' ? message.request : -1)),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
});

t.test(
  'a reader that does not read: not writable, then dropped with TOO_SLOW at the bound, memory given back',
  async (t) => {
    const limits = { ...quiet, outboundBytesMax: 10_000, highWaterBytes: 4_000 };
    const { clock, caller, listener } = pair(limits, quiet);
    listener.connection.pause();
    const frame = encode(submit(300));
    let sent = 0;
    while (caller.connection.writable) {
      t.equal(caller.connection.sendFrame(frame), 'queued');
      clock.settle();
      sent++;
    }
    t.ok(sent * frame.length >= 4_000 && (sent - 1) * frame.length < 4_000, `not writable after ${sent} frames`);
    while (caller.connection.sendFrame(frame) === 'queued') sent++;
    t.ok(sent * frame.length <= 10_000 && (sent + 1) * frame.length > 10_000, `dropped after ${sent} frames`);
    t.equal(caller.closes.length, 0, 'told after the turn, never inside send');
    clock.settle();
    t.match(caller.closes, [{ code: 'TOO_SLOW', byPeer: false }]);
    t.equal(caller.connection.sendFrame(frame), 'closed');
    t.ok(caller.socket.destroyed);
  },
);

t.test('drain is told once the reader has caught up', async (t) => {
  const { clock, caller, listener } = pair({ ...quiet, highWaterBytes: 1_000 }, quiet);
  listener.connection.pause();
  for (let i = 0; i < 50; i++) caller.connection.send(route(i));
  clock.settle();
  t.notOk(caller.connection.writable);
  t.equal(caller.drains, 0);
  listener.connection.resume();
  clock.settle();
  t.equal(caller.drains, 1);
  t.ok(caller.connection.writable);
  t.equal(listener.messages.length, 50);
});

t.test('pause keeps back what was already split, resume gives it in order', async (t) => {
  const { clock, caller, listener } = pair(quiet, quiet);
  const { connection } = listener;
  const seen: number[] = [];
  connection.attach({
    onMessage: (message) => {
      if (message.type !== 'route') return;
      seen.push(message.request);
      if (message.request === 1) connection.pause();
    },
    onClose: () => undefined,
  });
  for (let i = 0; i < 4; i++) caller.connection.send(route(i));
  clock.settle();
  t.same(seen, [0, 1]);
  connection.resume();
  t.same(seen, [0, 1], 'resume does not re-enter');
  clock.settle();
  t.same(seen, [0, 1, 2, 3]);
});

t.test('no hello within 5 s: refused; a slow one in time is fine', async (t) => {
  const { clock, caller, listener } = pair(quiet, strangerLimits);
  clock.advance(4_500);
  t.same(listener.closes, []);
  clock.advance(1_000);
  t.match(listener.closes, [{ code: 'NO_HELLO' }]);
  t.match(caller.closes, [{ code: 'BAD_HELLO', byPeer: true, text: /No hello within 5 s/ }]);
  const other = pair(quiet, strangerLimits);
  other.clock.advance(4_000);
  other.caller.connection.send(route(1));
  other.clock.advance(20_000);
  t.same(other.listener.closes, []);
  const pinging = pair(quiet, strangerLimits);
  pinging.caller.connection.send({ type: 'ping', token: 1 });
  pinging.clock.advance(5_500);
  t.match(pinging.listener.closes, [{ code: 'NO_HELLO' }], 'a ping is no hello');
});

t.test('half a frame then silence, or bytes that drip: closed after 10 s', async (t) => {
  const { clock, caller, listener } = pair(quiet, quiet);
  const frame = encode(submit(1_000));
  caller.socket.write(frame.subarray(0, 20));
  for (let s = 0; s < 9; s++) {
    clock.advance(1_000);
    caller.socket.write(frame.subarray(20 + s, 21 + s));
  }
  t.same(listener.closes, []);
  clock.advance(1_500);
  t.match(listener.closes, [{ code: 'HALF_FRAME', text: /incomplete for 10 s/ }]);
});

t.test('a length above the limit is refused before anything is kept', async (t) => {
  const { clock, caller, listener, context } = pair(quiet, strangerLimits);
  const header = Buffer.alloc(12);
  header.writeUInt32BE(0xfffffff0, 0);
  caller.socket.write(header);
  clock.settle();
  t.match(listener.closes, [{ code: 'PROTOCOL_ERROR' }]);
  t.match(caller.closes, [{ code: 'PROTOCOL_ERROR', byPeer: true }]);
  t.equal(context.inbound.usedBytes, 0);
});

t.test('unfinished frames of all connections together are bounded', async (t) => {
  const clock = new FakeClock();
  const { ByteBudget } = await import('../../src/net/index.js');
  const context = { ...netContext(clock, clock.turn), inbound: new ByteBudget(5_000) };
  const closes: CloseReason[] = [];
  const frame = encode(submit(3_000 / 4));
  const callers = Array.from({ length: 10 }, () => {
    const { caller, listener } = socketPair(clock);
    connectionOn(listener, quiet, context).attach({
      onMessage: () => undefined,
      onClose: (reason) => closes.push(reason),
    });
    return caller;
  });
  for (const caller of callers) {
    caller.write(frame.subarray(0, 600));
    clock.settle();
  }
  t.equal(closes.length, 2, '8 × 600 bytes fit into 5,000');
  t.match(closes[0], { code: 'OVER_BUDGET' });
  for (const caller of callers.slice(0, 8)) caller.write(frame.subarray(600));
  clock.settle();
  t.equal(context.inbound.usedBytes, 0, 'whole frames give their share back');
});

t.test('links between servers live on when strangers fill the bound on unfinished frames', async (t) => {
  const clock = new FakeClock();
  const { ByteBudget, peerLimits } = await import('../../src/net/index.js');
  const context = { ...netContext(clock, clock.turn), inbound: new ByteBudget(500) };
  const frame = encode({ type: 'busy', session: { slot: 1, index: 0 }, fromSeq: 1, retryMs: 1, text: 'x'.repeat(700) });
  const closes: CloseReason[] = [];
  const received: string[] = [];
  const link = (limits: typeof quiet) => {
    const { caller, listener } = socketPair(clock);
    const connection = connectionOn(listener, limits, context);
    connection.attach({
      onMessage: (message) => received.push(message.type),
      onClose: (reason) => closes.push(reason),
    });
    return { caller, connection };
  };
  const peer = link(quiet);
  peer.caller.write(frame.subarray(0, 100));
  clock.settle();
  t.equal(context.inbound.usedBytes, 100, 'a stranger until its hello was judged');
  peer.connection.useLimits(peerLimits);
  peer.caller.write(frame.subarray(100, 400));
  clock.settle();
  const stranger = link(quiet);
  stranger.caller.write(frame.subarray(0, 450));
  clock.settle();
  peer.caller.write(frame.subarray(400, 600));
  stranger.caller.write(frame.subarray(450, 490));
  clock.settle();
  t.same(closes, []);
  t.equal(context.inbound.usedBytes, 490);
  peer.caller.write(frame.subarray(600));
  clock.settle();
  t.same(received, ['busy']);
  t.equal(context.inbound.usedBytes, 490, 'nothing is given back that was not taken');
});

t.test('silence: pinged each second, closed after 3 s; a living peer is never closed', async (t) => {
  const { clock, caller, listener } = pair(dialLimits, quiet);
  caller.connection.send(route(1));
  listener.connection.send(route(1));
  clock.advance(60_000);
  t.same(caller.closes, [], 'pongs are answers');
  const pings = listener.connection.stats.framesIn - 1;
  t.ok(pings >= 40 && pings <= 60, `${pings} pings in 60 s`);
  listener.socket.muted = true;
  const tookMs = clock.advanceUntil(() => caller.closes.length > 0, 5_000, 'silence noticed');
  t.ok(tookMs >= 2_500 && tookMs <= 3_500, `${tookMs} ms`);
  t.match(caller.closes, [{ code: 'SILENT', text: /stopped answering 3 s ago/ }]);
});

t.test('between servers silence closes nothing', async (t) => {
  const { peerLimits } = await import('../../src/net/index.js');
  const { clock, caller, listener } = pair({ ...peerLimits, firstFrameMs: 0 }, { ...peerLimits, firstFrameMs: 0 });
  clock.advance(120_000);
  t.same([...caller.closes, ...listener.closes], []);
});

t.test('refuse and goodbye arrive as the close reason, after everything sent before them', async (t) => {
  const { clock, caller, listener } = pair(quiet, quiet);
  listener.connection.send(route(7));
  listener.connection.refuse('FOREIGN_CLUSTER', 'Not this cluster; check --balancer');
  t.equal(listener.connection.send(route(8)), 'closed');
  clock.settle();
  t.same(caller.messages, [route(7)]);
  t.same(caller.closes, [{ code: 'FOREIGN_CLUSTER', text: 'Not this cluster; check --balancer', byPeer: true }]);
  t.match(listener.closes, [{ code: 'FOREIGN_CLUSTER', byPeer: false }]);
});

t.test('after abandon no handler is called any more, whatever arrives', async (t) => {
  const { clock, caller, listener } = pair(quiet, quiet);
  listener.connection.send(route(1));
  caller.connection.abandon('replaced');
  clock.advance(5_000);
  t.same(caller.messages, []);
  t.same(caller.closes, []);
  t.match(listener.closes, [{ code: 'ENDED', byPeer: true }]);
});

t.test('a close ends sockets and the sweep timer even if the other side never ends its half', async (t) => {
  const { clock, caller, listener } = pair(quiet, quiet);
  listener.socket.muted = true;
  caller.connection.close('LOCAL', 'done');
  clock.advance(3_000);
  t.ok(caller.socket.destroyed);
  listener.connection.close('LOCAL', 'done');
  clock.advance(3_000);
  t.equal(clock.timers, 0);
});

t.test('a reset is told once', async (t) => {
  const { clock, caller, listener } = pair(quiet, quiet);
  caller.socket.reset();
  clock.settle();
  t.match(caller.closes, [{ code: 'RESET' }]);
  t.match(listener.closes, [{ code: 'RESET' }]);
});

function bigRun(): Uint8Array {
  // A run of the largest lawful size: the header and messages of 8,000 bytes.
  const messages = Array.from(
    { length: 30 },
    () => ({ kind: 'post', room: '#lobby', text: 'x'.repeat(8_000) }) as const,
  );
  return encodeRun(
    { session: { slot: 1, index: 0 }, nonce: new Uint8Array(16), firstSeq: 1, answeredBelow: 1 },
    messages,
  );
}
