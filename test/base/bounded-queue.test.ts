/** The queue against an array that does the same slowly. */
import fc from 'fast-check';
import t from 'tap';
import { BoundedQueue, InvariantError } from '../../src/base/index.js';

const seed = Number(process.env.SEED ?? 20260105);
t.comment(`seed ${seed}`);

t.test('behaves like an array with two bounds', async (t) => {
  const step = fc.oneof(
    fc.nat(40),
    fc.constant('shift' as const),
    fc.constant('shift' as const),
    fc.constant('clear' as const),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 400 }),
      fc.array(step, { maxLength: 300 }),
      (items, bytes, steps) => {
        const queue = new BoundedQueue<number>(items, bytes, (item) => item);
        const twin: number[] = [];
        const sum = (): number => twin.reduce((a, b) => a + b, 0);
        for (const action of steps) {
          if (action === 'shift') {
            if (queue.peek() !== twin[0] || queue.shift() !== twin.shift()) throw new Error('order');
          } else if (action === 'clear' && twin.length > 20) {
            queue.clear();
            twin.length = 0;
          } else if (typeof action === 'number') {
            const fits = twin.length < items && (twin.length === 0 || sum() + action <= bytes);
            if (queue.hasRoom(action) !== fits || queue.push(action) !== fits) throw new Error(`room for ${action}`);
            if (fits) twin.push(action);
          }
          if (queue.length !== twin.length || queue.bytes !== sum() || queue.isEmpty !== (twin.length === 0))
            throw new Error('sums');
          if (JSON.stringify([...queue]) !== JSON.stringify(twin)) throw new Error('items');
        }
      },
    ),
    { seed, numRuns: 500 },
  );
  t.pass('500 histories');
});

t.test('a full queue says so and keeps what it has', async (t) => {
  const queue = new BoundedQueue<string>(2);
  t.ok(queue.push('a'));
  t.ok(queue.push('b'));
  t.notOk(queue.push('c'));
  t.same([...queue], ['a', 'b']);
  t.equal(queue.shift(), 'a');
  t.ok(queue.push('c'));
  t.same([queue.shift(), queue.shift(), queue.shift()], ['b', 'c', undefined]);
});

t.test('one item above the bytes is let into an empty queue only', async (t) => {
  const queue = new BoundedQueue<number>(10, 100, (item) => item);
  t.ok(queue.push(500));
  t.notOk(queue.push(1));
  t.equal(queue.shift(), 500);
  t.ok(queue.push(1));
  t.notOk(queue.push(500));
});

t.test('a size that changes behind its back is noticed', async (t) => {
  const queue = new BoundedQueue<{ size: number }>(10, 100, (item) => item.size);
  const item = { size: 1 };
  queue.push(item);
  item.size = 2;
  t.throws(() => queue.shift(), InvariantError);
});

t.test('a queue without a bound is refused', async (t) => {
  t.throws(() => new BoundedQueue(0), InvariantError);
  t.throws(() => new BoundedQueue(1.5), InvariantError);
  t.throws(() => new BoundedQueue(1, 0), InvariantError);
});
