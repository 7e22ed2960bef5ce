/** Straight lines through measured points, and what they say about growth. Pure. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The line with the least squares. */
export interface Line {
  readonly slope: number;
  readonly at0: number;
  /** The share of the points' spread that the line explains, 0 to 1; 1 for points without spread. */
  readonly explained: number;
}

/** Needs two different x; NaN otherwise. */
export function lineThrough(points: readonly Point[]): Line {
  const mean = (pick: (point: Point) => number): number =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const [mx, my] = [mean(({ x }) => x), mean(({ y }) => y)];
  const over = points.reduce((sum, { x, y }) => sum + (x - mx) * (y - my), 0);
  const slope = over / points.reduce((sum, { x }) => sum + (x - mx) ** 2, 0);
  const at0 = my - slope * mx;
  const spread = points.reduce((sum, { y }) => sum + (y - my) ** 2, 0);
  const left = points.reduce((sum, { x, y }) => sum + (y - at0 - slope * x) ** 2, 0);
  return { slope, at0, explained: spread === 0 ? 1 : 1 - left / spread };
}

/**
 * flat: the line rises by no more than {@link flatShare} of the mean over all that was measured. linear: it rises, and
 * evenly. steeper: it rises, and in the second half much faster than in the first. falling: it falls.
 */
export type Shape = 'flat' | 'linear' | 'steeper' | 'falling';

export interface Growth {
  readonly shape: Shape;
  readonly line: Line;
  /** What the line gains from the first x to the last, as a share of the mean y. */
  readonly rise: number;
}

/** A tenfold length of which this much is noticed would still be flat to a person. */
export const flatShare = 0.25;
/** The second half's slope is at least this many times the first half's where growth is worse than linear. */
const steeperTimes = 2;

/** Judges points that rise in x, at least three; both halves have the middle one. */
export function growthOf(points: readonly Point[]): Growth {
  if (points.length < 3) throw new Error(`${points.length} points are too few to see a growth in: measure three`);
  const line = lineThrough(points);
  const [first, last] = [points[0]?.x ?? 0, points.at(-1)?.x ?? 0];
  const mean = points.reduce((sum, { y }) => sum + y, 0) / points.length;
  const rise = mean === 0 ? 0 : (line.slope * (last - first)) / mean;
  return { shape: shapeOf(points, rise), line, rise };
}

function shapeOf(points: readonly Point[], rise: number): Shape {
  if (Math.abs(rise) <= flatShare) return 'flat';
  if (rise < 0) return 'falling';
  const middle = points.length >> 1;
  const early = lineThrough(points.slice(0, middle + 1)).slope;
  const late = lineThrough(points.slice(points.length % 2 === 1 ? middle : middle - 1)).slope;
  return late > 0 && late >= steeperTimes * early ? 'steeper' : 'linear';
}
