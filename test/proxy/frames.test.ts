/** Rules on real connections: each thing that a rule can do to a frame, seen by the one who receives it. */
import t from 'tap';
import { encode } from '../../src/wire/index.js';
import { nowMs, until } from '../support/until.js';
import { accept, commit, FramedPair, helloOf } from './framed-pair.js';

const soonMs = 20_000;

async function pairOf(t: { teardown(end: () => Promise<void>): void }): Promise<FramedPair> {
  const pair = await FramedPair.start();
  t.teardown(() => pair.stop());
  return pair;
}

t.test('without rules frames and their order stay what they are, and the link is known by its hello', async (t) => {
  const pair = await FramedPair.start({ listenerEnd: 2 });
  t.teardown(() => pair.stop());
  const { caller, listener } = await pair.greet();
  caller.send(accept(1), commit(1), accept(2, 300_000), accept(3, 0), commit(3));
  await until('five frames', soonMs, () => listener.received.length === 6);
  t.same(listener.slots(), [1, 1, 2, 3, 3]);
  const link = pair.faults.link(1, 2);
  t.equal(link.connections, 1, 'the link 1>2 is open');
  t.equal(link.counts.totalFrames, 6, 'and counted its frames, the hello among them');
  t.equal(pair.faults.link(2, 1).counts.totalFrames, 1, 'the welcome went 2>1');
});

t.test('delay: each frame on its own, never early, and others overtake it', async (t) => {
  const pair = await pairOf(t);
  const { caller, listener } = await pair.greet();
  pair.rule({ match: { from: 1, to: 2, kinds: ['accept'] }, do: { type: 'delay', time: '150ms' } });
  const sentMs = nowMs();
  caller.send(accept(1), commit(7), accept(2));
  await until('all three', soonMs, () => listener.slots().length === 3);
  t.same(listener.slots(), [7, 1, 2], 'the commit overtook both accepts');
  for (const { message, atMs } of listener.received) {
    if (message.type === 'accept') t.ok(atMs - sentMs >= 150, `accept after ${(atMs - sentMs).toFixed(2)} ms`);
  }
});

t.test('drop: the frame is gone and the stream around it whole; hello and welcome are exempt', async (t) => {
  const pair = await pairOf(t);
  pair.rule({ id: 'cut', match: { from: '*', to: '*' }, do: 'drop' });
  const { caller, listener } = await pair.greet();
  caller.send(accept(1), commit(1));
  await until('two drops', soonMs, () => pair.faults.link(1, 2).counts.total('dropped') === 2);
  pair.faults.removeRules(['cut']);
  pair.rule({ match: { kinds: 'commit' }, do: 'drop' });
  caller.send(commit(8), accept(9));
  await until('the next frame', soonMs, () => listener.slots().length > 0);
  t.same(listener.slots(), [9], 'what was dropped never comes');
  t.equal(listener.broken, undefined);
});

t.test('duplicate and reorder', async (t) => {
  const pair = await pairOf(t);
  const { caller, listener } = await pair.greet();
  pair.rule({ id: 'twice', match: { kinds: 'commit' }, do: { type: 'duplicate', copies: 2 } });
  caller.send(commit(5));
  await until('three commits', soonMs, () => listener.slots().length === 3);
  t.same(listener.slots(), [5, 5, 5]);
  pair.faults.heal();
  pair.rule({ match: { kinds: 'accept', first: 1 }, do: { type: 'reorder', frames: 2, within: '60s' } });
  caller.send(accept(10), commit(11), commit(12), commit(13));
  await until('four more', soonMs, () => listener.slots().length === 7);
  t.same(listener.slots().slice(3, 5), [11, 12], 'two frames passed the accept first');
  t.same([...listener.slots().slice(3)].sort(), [10, 11, 12, 13], 'and it came');
});

t.test('reorder waits no longer than it may, and lets go when its rule is taken away', async (t) => {
  const pair = await pairOf(t);
  const { caller, listener } = await pair.greet();
  pair.rule({ match: { kinds: 'accept', first: 1 }, do: { type: 'reorder', frames: 5, within: '50ms' } });
  caller.send(accept(1));
  await until('it comes although nothing passed it', soonMs, () => listener.slots().includes(1));
  pair.faults.heal();
  pair.rule({ id: 'long', match: { kinds: 'accept', first: 1 }, do: { type: 'reorder', frames: 5, within: '60s' } });
  caller.send(accept(2));
  await until('it is held', soonMs, () => pair.heldFrames === 1);
  pair.faults.removeRules(['long']);
  await until('it is let go', soonMs, () => listener.slots().includes(2));
  t.same(listener.slots(), [1, 2]);
});

t.test('corrupt: the receiver notices, whichever part was damaged', async (t) => {
  for (const what of ['payload', 'length', 'truncate']) {
    const pair = await pairOf(t);
    const { caller, listener } = await pair.greet();
    pair.rule({ match: { kinds: 'accept' }, do: { type: 'corrupt', what } });
    caller.send(accept(1, 600), commit(1), commit(2), accept(3, 9_000), commit(4));
    await until(`a broken stream (${what})`, soonMs, () => listener.broken);
    t.notOk(listener.slots().includes(3), `${what}: nothing damaged was taken for good (${listener.broken})`);
  }
});

t.test('throttle: no faster than its rate, in order; clog: a burst when it is taken away', async (t) => {
  const pair = await pairOf(t);
  const { caller, listener } = await pair.greet();
  pair.rule({ match: { kinds: 'accept' }, do: { type: 'throttle', bytesPerSecond: 20_000 } });
  const sentMs = nowMs();
  for (let slot = 1; slot <= 5; slot++) caller.send(accept(slot, 1_000));
  await until('five accepts', soonMs, () => listener.slots().length === 5);
  t.same(listener.slots(), [1, 2, 3, 4, 5]);
  const tookMs = (listener.received.at(-1)?.atMs ?? 0) - sentMs;
  t.ok(tookMs >= 250, `5 kB at 20 kB/s took ${tookMs.toFixed(0)} ms`);
  pair.faults.heal();
  pair.rule({ id: 'clog', match: { from: 1, to: 2 }, do: 'clog' });
  caller.send(accept(6), commit(7), accept(8));
  await until('three held', soonMs, () => pair.heldFrames === 3);
  t.equal(listener.slots().length, 5, 'nothing passes a clogged link');
  pair.faults.heal();
  await until('the burst', soonMs, () => listener.slots().length === 8);
  t.same(listener.slots().slice(5), [6, 7, 8], 'in the order in which they came');
});

t.test('cut mid-frame and reset: half a frame or none, then RST on both sides', async (t) => {
  const pair = await pairOf(t);
  const first = await pair.greet();
  pair.rule({ id: 'half', match: { kinds: 'accept' }, do: 'cutMidFrame' });
  const before = first.listener.bytes;
  first.caller.send(commit(1), accept(2, 1_000));
  await until('the reset', soonMs, () => first.listener.error !== undefined && first.caller.error !== undefined);
  t.equal(first.listener.error, 'ECONNRESET');
  t.equal(first.caller.error, 'ECONNRESET');
  t.ok(first.listener.bytes - before < 1_000, 'the accept never came whole');
  pair.faults.heal();
  const second = await pair.greet();
  pair.rule({ match: { kinds: 'accept' }, do: 'reset' });
  second.caller.send(accept(3));
  await until('the reset', soonMs, () => second.listener.error !== undefined && second.caller.error !== undefined);
  t.same(second.listener.slots(), []);
});

t.test('refuse and stall: connections that open, by the ends that their hello names', async (t) => {
  const pair = await FramedPair.start({ listenerEnd: 2 });
  t.teardown(() => pair.stop());
  pair.rule({ id: 'no', match: { from: 1, to: 2 }, do: 'refuse' });
  const refused = await pair.dial();
  refused.send(helloOf('server', 1));
  await until('the refusal', soonMs, () => refused.error === 'ECONNRESET');
  await until('the upstream end of it', soonMs, () => pair.accepted.every(({ socket }) => socket.destroyed));
  t.ok(await pair.greet(helloOf('server', 3)), 'another server may come');
  pair.faults.heal();
  pair.rule({ id: 'wait', match: { from: 1, to: 2 }, do: 'stall' });
  const place = pair.accepted.length;
  const stalled = await pair.dial();
  stalled.send(helloOf('server', 1), accept(1));
  await until('the upstream connection', soonMs, () => pair.accepted[place]);
  await until('the stall', soonMs, () => pair.faults.book.list().some(({ applied }) => applied === 1));
  t.same(pair.accepted[place]?.received, [], 'not even the hello passes');
  stalled.send(accept(2));
  pair.faults.heal();
  await until('all of it', soonMs, () => pair.accepted[place]?.slots().length === 2);
  t.same(pair.accepted[place]?.kinds(), ['hello', 'accept', 'accept']);
});

t.test('first, every, after, window: which frames of a link are meant', async (t) => {
  const pair = await pairOf(t);
  const { caller, listener } = await pair.greet();
  const arrivals = async (count: number): Promise<number[]> => {
    await until(`${count} frames`, soonMs, () => listener.slots().length === count);
    const slots = listener.slots();
    listener.received.length = 0;
    pair.faults.heal();
    return slots;
  };
  const accepts = Array.from({ length: 6 }, (_, i) => accept(i + 1));
  pair.rule({ match: { kinds: 'accept', first: 2 }, do: 'drop' });
  caller.send(...accepts);
  t.same(await arrivals(4), [3, 4, 5, 6]);
  pair.rule({ match: { kinds: 'accept', every: 3 }, do: 'drop' });
  caller.send(...accepts);
  t.same(await arrivals(4), [1, 2, 4, 5]);
  pair.rule({ match: { kinds: 'accept', after: { kind: 'commit', count: 2 } }, do: 'drop' });
  caller.send(accept(1), commit(2), accept(3), commit(4), accept(5), commit(6));
  t.same(await arrivals(5), [1, 2, 3, 4, 6]);
  pair.rule({ match: { kinds: 'accept', window: { from: '60s', for: '1s' } }, do: 'drop' });
  caller.send(accept(1), accept(2));
  t.same(await arrivals(2), [1, 2], 'the window has not begun');
});

t.test('rules change under a running stream of frames, and nothing else is lost', async (t) => {
  const pair = await pairOf(t);
  const { caller, listener } = await pair.greet();
  const count = 2_000;
  let sent = 0;
  for (let round = 0; sent < count; round++) {
    pair.rule({ id: 'd', match: { every: 2 }, do: { type: 'delay', distribution: 'uniform', least: 0, most: '20ms' } });
    if (round % 2 === 0) pair.rule({ id: 'c', match: { every: 3 }, do: 'clog' });
    const goal = sent + 100;
    while (sent < goal) caller.send(accept(++sent, (sent * 37) % 3_000));
    await until('half of them', soonMs, () => pair.faults.link(1, 2).counts.totalFrames > goal - 50);
    pair.faults.heal();
  }
  await until('all of them', soonMs, () => listener.slots().length >= count);
  t.same(
    [...listener.slots()].sort((a, b) => a - b),
    Array.from({ length: count }, (_, i) => i + 1),
    'each one once',
  );
  t.equal(listener.broken, undefined);
});

t.test('healing a clog: the burst comes in its order, and nothing that arrives meanwhile passes it', async (t) => {
  const pair = await pairOf(t);
  const { caller, listener } = await pair.greet();
  for (let round = 0; round < 20; round++) {
    listener.received.length = 0;
    pair.rule({ id: 'clog', match: { from: 1, to: 2 }, do: 'clog' });
    caller.send(...Array.from({ length: 20 }, (_, i) => accept(i + 1)));
    await until('twenty held', soonMs, () => pair.heldFrames === 20);
    // On its way before the rule goes, and read after it has gone.
    caller.send(commit(99));
    pair.faults.heal();
    await until('all of them', soonMs, () => listener.slots().length === 21);
    t.same(listener.slots(), [...Array.from({ length: 20 }, (_, i) => i + 1), 99], `round ${round}`);
  }
});

t.test('stalled connections whose ends have gone are forgotten, and a replaced stall lets go', async (t) => {
  const pair = await FramedPair.start({ listenerEnd: 2 });
  t.teardown(() => pair.stop());
  pair.rule({ id: 'wait', match: { from: 1, to: 2 }, do: 'stall' });
  const callers = await Promise.all(Array.from({ length: 10 }, () => pair.dial()));
  for (const caller of callers) caller.send(helloOf('server', 1));
  await until('ten stalls', soonMs, () => pair.faults.book.list().some(({ applied }) => applied === 10));
  for (const caller of callers.slice(0, 5)) caller.socket.end();
  for (const caller of callers.slice(5)) caller.socket.destroy();
  await until('none is left', soonMs, () => pair.proxy.connections.size === 0);
  const stalled = await pair.dial();
  stalled.send(helloOf('server', 1));
  await until('one more', soonMs, () => pair.faults.book.list().some(({ applied }) => applied === 11));
  pair.rule({ id: 'wait', match: { from: 9 }, do: 'drop' });
  await until('its welcome', soonMs, () => stalled.kinds().includes('welcome'));
  t.pass('a rule of the same name that is no stall keeps nothing waiting');
});

t.test('cut mid-frame: nothing that was held comes out behind the half', async (t) => {
  const pair = await pairOf(t);
  const { caller, listener } = await pair.greet();
  pair.rule({ match: { kinds: 'commit' }, do: { type: 'delay', time: '3ms' } });
  pair.rule({ match: { kinds: 'accept' }, do: 'cutMidFrame' });
  const before = listener.bytes;
  const half = encode(accept(1, 1_000)).length >> 1;
  caller.send(commit(7), accept(1, 1_000));
  await until('the reset', soonMs, () => listener.error);
  t.equal(listener.bytes - before, half);
});

t.test('many frames that are held back behind others cost nothing while others pass', async (t) => {
  const pair = await pairOf(t);
  const { caller, listener } = await pair.greet();
  pair.rule({ match: { kinds: 'accept' }, do: { type: 'reorder', frames: 10_000, within: '60s' } });
  const count = 9_000;
  for (let slot = 1; slot <= count; slot++) caller.send(accept(slot, 0));
  await until('all held', soonMs, () => pair.heldFrames === count);
  const startMs = nowMs();
  for (let upto = 1; upto <= 10_000; upto++) caller.send(commit(upto));
  await until('everything', 20_000, () => listener.slots().length === count + 10_000);
  // Looking at each of them for each that passes took tens of seconds.
  t.ok(nowMs() - startMs < 10_000, `${(nowMs() - startMs).toFixed(0)} ms`);
});

t.test('a server is who was welcomed by another one: strangers do not widen the presets', async (t) => {
  const pair = await FramedPair.start({ listenerEnd: 'balancer' });
  t.teardown(() => pair.stop());
  await pair.greet(helloOf('registrant', 4));
  t.same(pair.faults.servers, []);
  const other = await FramedPair.start();
  t.teardown(() => other.stop());
  await other.greet(helloOf('server', 1));
  t.same(other.faults.servers, [1, 2]);
});
