/**
 * The durable gate: nothing leaves before what it vouches for, in what order it leaves, and that a closed gate stays
 * shut.
 */
import fc from 'fast-check';
import t from 'tap';
import { DurableGate } from '../../src/daemon/server/gate.js';
import type { PaxosMessage } from '../../src/paxos/index.js';

const frame = (round: number): PaxosMessage => ({ type: 'heartbeat', round });

function newGate(waitingMax = 100): { gate: DurableGate; out: number[] } {
  const out: number[] = [];
  const gate = new DurableGate((_to, message) => {
    if (message.type === 'heartbeat') out.push(message.round);
  }, waitingMax);
  return { gate, out };
}

t.test('with a disk that never syncs only frames that wait for nothing leave', async (t) => {
  const { gate, out } = newGate();
  gate.push({ to: 2, message: frame(1), after: 1 });
  gate.push({ to: 2, message: frame(2), after: 0 });
  gate.push({ to: 2, message: frame(3), after: 7 });
  t.same(out, [2], 'it does not stand behind those that wait');
  t.equal(gate.waiting, 2);
});

t.test('frames leave in the order of what they wait for, a resend as its first send did', async (t) => {
  const { gate, out } = newGate();
  gate.push({ to: 2, message: frame(30), after: 3 });
  gate.push({ to: 2, message: frame(10), after: 1 });
  gate.push({ to: 2, message: frame(31), after: 3 });
  gate.push({ to: 2, message: frame(11), after: 1 });
  gate.release(2);
  t.same(out, [10, 11]);
  gate.push({ to: 2, message: frame(12), after: 1 });
  t.same(out, [10, 11, 12], 'what is durable already goes at once');
  gate.release(3);
  t.same(out, [10, 11, 12, 30, 31]);
});

t.test('a full queue drops the newest frame and counts it', async (t) => {
  const { gate, out } = newGate(2);
  for (const n of [1, 2, 3]) gate.push({ to: 2, message: frame(n), after: n });
  t.equal(gate.dropped, 1);
  gate.release(9);
  t.same(out, [1, 2]);
});

t.test('a closed gate lets nothing out, not even what waits for nothing', async (t) => {
  const { gate, out } = newGate();
  gate.push({ to: 2, message: frame(1), after: 1 });
  gate.close();
  gate.release(1);
  gate.push({ to: 2, message: frame(2), after: 0 });
  t.same(out, []);
  t.equal(gate.waiting, 0);
});

t.test('a gate that is closed by what it lets out stops at once', async (t) => {
  const out: number[] = [];
  const gate: DurableGate = new DurableGate((_to, message) => {
    if (message.type === 'heartbeat') out.push(message.round);
    gate.close();
  }, 10);
  gate.push({ to: 2, message: frame(1), after: 1 });
  gate.push({ to: 2, message: frame(2), after: 1 });
  gate.release(1);
  t.same(out, [1]);
});

t.test('records on disk never become fewer', async (t) => {
  const { gate } = newGate();
  gate.release(5);
  t.throws(() => gate.release(4), /durable records fell/);
});

t.test('property: every frame leaves once, never early, and equals a slow twin that sorts', async (t) => {
  const step = fc.oneof(
    fc.record({ after: fc.integer({ min: 0, max: 30 }) }),
    fc.record({ release: fc.integer({ min: 0, max: 30 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { gate, out } = newGate();
      const twin: number[] = [];
      let waiting: { id: number; after: number }[] = [];
      let durable = 0;
      steps.forEach((step, id) => {
        if ('after' in step) {
          gate.push({ to: 1, message: frame(id), after: step.after });
          if (step.after <= durable) twin.push(id);
          else waiting.push({ id, after: step.after });
          return;
        }
        durable = Math.max(durable, step.release);
        gate.release(durable);
        const free = waiting.filter((frame) => frame.after <= durable).sort((a, b) => a.after - b.after || a.id - b.id);
        waiting = waiting.filter((frame) => frame.after > durable);
        twin.push(...free.map((frame) => frame.id));
      });
      return JSON.stringify(out) === JSON.stringify(twin) && gate.waiting === waiting.length;
    }),
    { numRuns: 500 },
  );
  t.pass();
});
