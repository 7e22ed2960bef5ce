/** The generator: one seed one sequence, other seeds others, bounds kept, forks independent. */
import t from 'tap';
import { InvariantError, Prng } from '../../src/base/index.js';

function draw(seed: number, count = 50): number[] {
  const random = new Prng(seed);
  return Array.from({ length: count }, () => random.u32());
}

t.test('a seed is a sequence', async (t) => {
  t.same(draw(7), draw(7));
  t.notSame(draw(7), draw(8));
  t.notSame(draw(1), draw(2 ** 32 + 1), 'the high half of a seed counts');
  t.equal(new Set(draw(0, 1000)).size, 1000);
});

t.test('bounds', async (t) => {
  const random = new Prng(3);
  const seen = new Set<number>();
  for (let i = 0; i < 5000; i++) seen.add(random.between(-2, 4));
  t.same(
    [...seen].toSorted((a, b) => a - b),
    [-2, -1, 0, 1, 2, 3, 4],
  );
  t.equal(random.below(1), 0);
  t.throws(() => random.below(0), InvariantError);
  let hits = 0;
  for (let i = 0; i < 10_000; i++) if (random.chance(1, 4)) hits++;
  t.ok(hits > 2200 && hits < 2800, `${hits} of 10,000 at 1 in 4`);
  let sum = 0;
  for (let i = 0; i < 20_000; i++) sum += random.exponential(100);
  t.ok(sum / 20_000 > 95 && sum / 20_000 < 105, `mean ${sum / 20_000}`);
});

t.test('shuffle, pick, fork', async (t) => {
  const items = [1, 2, 3, 4, 5, 6, 7, 8];
  const random = new Prng(5);
  const shuffled = random.shuffle(items);
  t.same(items, [1, 2, 3, 4, 5, 6, 7, 8], 'the original stays');
  t.same(shuffled.toSorted(), items);
  t.ok(items.includes(random.pick(items)));
  const one = new Prng(9);
  const two = new Prng(9);
  const fork = one.fork();
  two.fork();
  fork.u32();
  t.equal(one.u32(), two.u32(), "a fork's draws do not shift its parent's");
});
