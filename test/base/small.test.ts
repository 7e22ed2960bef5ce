/** The small set and map against Set and Map. */
import fc from 'fast-check';
import t from 'tap';
import { SmallMap, SmallSet } from '../../src/base/index.js';

const seed = Number(process.env.SEED ?? 20261126);
t.comment(`seed ${seed}`);

const things = Array.from({ length: 5 }, (_, number) => ({ number }));
/** Mostly of few things, so that one, none and several change into each other again and again. */
const step = fc.record({
  action: fc.constantFrom('add', 'add', 'delete'),
  which: fc.oneof({ weight: 3, arbitrary: fc.nat(1) }, { weight: 1, arbitrary: fc.nat(4) }),
  value: fc.nat(4),
});
const steps = fc.array(step, { maxLength: 60 });

t.test('a small set is a Set, in the same order', async (t) => {
  fc.assert(
    fc.property(steps, (history) => {
      const small = new SmallSet<object>();
      const twin = new Set<object>();
      for (const { action, which } of history) {
        const thing = things[which] as object;
        if (action === 'add') {
          twin.add(thing);
          if (small.add(thing) !== small) throw new Error('add gives the set');
        } else if (small.delete(thing) !== twin.delete(thing)) throw new Error('deleted');
        if (small.size !== twin.size) throw new Error('size');
        for (const other of things) if (small.has(other) !== twin.has(other)) throw new Error('has');
        if (JSON.stringify([...small]) !== JSON.stringify([...twin])) throw new Error('order');
      }
    }),
    { seed, numRuns: 1000 },
  );
  t.pass('1000 histories');
});

t.test('a small map is a Map, in the same order', async (t) => {
  const keys = ['', 'a', 'b', 'c', 'd'];
  fc.assert(
    fc.property(steps, (history) => {
      const small = new SmallMap<object>();
      const twin = new Map<string, object>();
      for (const { action, which, value } of history) {
        const key = keys[which] as string;
        if (action === 'add') {
          twin.set(key, things[value] as object);
          if (small.set(key, things[value] as object) !== small) throw new Error('set gives the map');
        } else if (small.delete(key) !== twin.delete(key)) throw new Error('deleted');
        if (small.size !== twin.size) throw new Error('size');
        for (const other of keys) {
          if (small.get(other) !== twin.get(other) || small.has(other) !== twin.has(other)) throw new Error('get');
        }
        if (JSON.stringify([...small]) !== JSON.stringify([...twin])) throw new Error('entries');
        if (JSON.stringify([...small.keys()]) !== JSON.stringify([...twin.keys()])) throw new Error('keys');
        if (JSON.stringify([...small.values()]) !== JSON.stringify([...twin.values()])) throw new Error('values');
      }
    }),
    { seed, numRuns: 1000 },
  );
  t.pass('1000 histories');
});
