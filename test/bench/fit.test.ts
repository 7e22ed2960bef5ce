/** Straight lines and what they say about growth. */
import fc from 'fast-check';
import t from 'tap';
import { growthOf, lineThrough, type Point, type Shape } from '../../bench/fit.js';

function shape(...ys: number[]): Shape {
  return growthOf(ys.map((y, i): Point => ({ x: i + 1, y }))).shape;
}

t.test('a line through points of a line is that line', async (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: -50, max: 50 }),
      fc.integer({ min: -50, max: 50 }),
      fc.uniqueArray(fc.integer({ min: -100, max: 100 }), { minLength: 2, maxLength: 10 }),
      (slope, at0, xs) => {
        const line = lineThrough(xs.map((x) => ({ x, y: at0 + slope * x })));
        return Math.abs(line.slope - slope) < 1e-6 && Math.abs(line.at0 - at0) < 1e-5 && line.explained > 0.999;
      },
    ),
  );
  t.pass();
});

t.test('the line has the least squares', async (t) => {
  const points = [
    { x: 0, y: 1 },
    { x: 1, y: 3 },
    { x: 2, y: 2 },
  ];
  const { slope, at0, explained } = lineThrough(points);
  t.equal(slope, 0.5);
  t.equal(at0, 1.5);
  t.equal(explained, 0.25);
});

t.test('flat, linear, steeper, falling', async (t) => {
  t.equal(shape(100, 100, 100, 100, 100), 'flat');
  t.equal(shape(100, 92, 107, 95, 103), 'flat', 'noise is no growth');
  t.equal(shape(100, 105, 110, 115, 120), 'flat', 'a fifth over a fivefold length');
  t.equal(shape(100, 200, 300, 400, 500), 'linear');
  t.equal(shape(100, 190, 310, 390, 510), 'linear', 'with noise');
  t.equal(shape(50, 150, 250), 'linear', 'of three points');
  t.equal(shape(100, 400, 900, 1600, 2500), 'steeper', 'squares');
  t.equal(shape(100, 100, 100, 300, 500), 'steeper', 'grows from the middle on');
  t.equal(shape(500, 400, 300, 200, 100), 'falling');
  t.equal(shape(0, 0, 0), 'flat');
});

t.test('how much it rises is told as a share of the mean', async (t) => {
  const growth = growthOf([1, 2, 3].map((x) => ({ x, y: 100 * x })));
  t.equal(growth.rise, 1);
  t.equal(growth.line.slope, 100);
});

t.test('two points show no growth', async (t) => {
  t.throws(() => growthOf([1, 2].map((x) => ({ x, y: x }))), /measure three/);
});
