/**
 * Draws without a generator: functions of their inputs alone, spread evenly, and of the shapes they are named after.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { Draw, drawBase, hashText } from '../../../src/proxy/plan/draw.js';
import { repeatable } from '../../support/repeatable.js';

const draw = new Draw();

t.test('a draw is a function of seed, rule, link and number, whatever was drawn before', async (t) => {
  const seed = fc.maxSafeInteger();
  fc.assert(
    fc.property(seed, fc.string(), fc.string(), fc.nat(2 ** 40), fc.nat(20), (ofSeed, rule, link, n, before) => {
      const base = drawBase(ofSeed, rule, link);
      const first = draw.begin(base, n).u32();
      const second = draw.u32();
      const other = new Draw().begin(1, 1);
      for (let i = 0; i < before; i++) other.normal();
      other.begin(drawBase(ofSeed, rule, link), n);
      assert.deepEqual([other.u32(), other.u32()], [first, second]);
      assert.ok(Number.isInteger(first) && first >= 0 && first < 2 ** 32);
    }),
    repeatable,
  );
  t.pass('property held');
});

t.test('each of the inputs counts', async (t) => {
  const of = (seed: number, rule: string, link: string, n: number): number =>
    draw.begin(drawBase(seed, rule, link), n).u32();
  const one = of(1, 'a', '1>2', 1);
  const others = [
    of(2, 'a', '1>2', 1),
    of(1 + 2 ** 32, 'a', '1>2', 1),
    of(-1, 'a', '1>2', 1),
    of(1, 'b', '1>2', 1),
    of(1, 'a', '2>1', 1),
    of(1, 'a', '1>2', 2),
    of(1, 'a', '1>2', 1 + 2 ** 32),
    of(1, 'a\n1>2', '', 1),
  ];
  t.notOk(others.includes(one));
  t.equal(new Set(others).size, others.length);
  t.not(hashText('a', 1), hashText('a', 2));
});

t.test('evenly spread over frames, over rules and over seeds', async (t) => {
  const sequences: Record<string, (i: number) => number> = {
    frames: (i) => draw.begin(drawBase(1, 'rule', '1>2'), i).unit(),
    'every fourth frame': (i) => draw.begin(drawBase(1, 'rule', '1>2'), 4 * i).unit(),
    rules: (i) => draw.begin(drawBase(1, `rule-${i}`, '1>2'), 1).unit(),
    seeds: (i) => draw.begin(drawBase(i, 'rule', '1>2'), 1).unit(),
    'one frame': (i) => (i === 0 ? draw.begin(drawBase(1, 'rule', '1>2'), 1) : draw).unit(),
  };
  for (const [name, next] of Object.entries(sequences)) {
    const buckets = new Array<number>(16).fill(0);
    let last = 0;
    let together = 0;
    for (let i = 0; i < 16_000; i++) {
      const unit = next(i);
      buckets[Math.floor(unit * 16)]!++;
      if (unit < 0.5 === last < 0.5) together++;
      last = unit;
    }
    // Six deviations: 1000 ± 184 in a bucket, 8000 ± 380 pairs on the same side.
    t.ok(Math.min(...buckets) > 816 && Math.max(...buckets) < 1_184, `${name}: ${buckets.join(' ')}`);
    t.ok(Math.abs(together - 8_000) < 380, `${name}: ${together} neighbours on the same side`);
  }
});

t.test('below keeps its bound, and normal has mean 0 and deviation 1', async (t) => {
  draw.begin(drawBase(1, 'rule', '1>2'), 1);
  t.same(new Set(Array.from({ length: 1_000 }, () => draw.below(5))), new Set([0, 1, 2, 3, 4]));
  t.equal(draw.below(1), 0);
  const normals = Array.from({ length: 20_000 }, () => draw.normal());
  const mean = normals.reduce((sum, value) => sum + value, 0) / normals.length;
  const variance = normals.reduce((sum, value) => sum + (value - mean) ** 2, 0) / normals.length;
  t.ok(Math.abs(mean) < 0.04, `mean ${mean}`);
  t.ok(Math.abs(variance - 1) < 0.06, `variance ${variance}`);
  const beyond = normals.filter((value) => Math.abs(value) > 1.96).length / normals.length;
  t.ok(beyond > 0.04 && beyond < 0.06, `${beyond} beyond 1.96`);
  t.ok(normals.every(Number.isFinite));
});
