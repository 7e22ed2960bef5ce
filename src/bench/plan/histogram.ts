/**
 * A histogram of latencies with HDR buckets: exact below 2,048 µs, above that within 0.1 %. Node's own takes a call out
 * of JavaScript for each value; this one takes a few nanoseconds, can be added to another, and is listed whole in a
 * report.
 */

/** Buckets per doubling: each is at most a 1,024th of its values wide. */
const SUB_BITS = 10;
const SUB = 1 << SUB_BITS;
/** Values from here on are counted as this one, 35 minutes; the maximum is kept exactly. */
const VALUE_MAX = 2 ** 31 - 1;
const BUCKETS = (31 - SUB_BITS) * SUB + SUB;

/** One point of a percentile curve. */
export interface CurvePoint {
  /** 0 to 100. */
  readonly percentile: number;
  readonly us: number;
}

export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #sum = 0;
  #max = 0;
  /** Buckets in use: what is cleared and looked through. */
  #first = BUCKETS;
  #last = -1;

  get count(): number {
    return this.#count;
  }

  /** Whole microseconds, exact; 0 when empty. */
  get maxUs(): number {
    return this.#max;
  }

  /** NaN when empty. */
  get meanUs(): number {
    return this.#sum / this.#count;
  }

  /** Counts one value in milliseconds, rounded to microseconds. */
  recordMs(ms: number): void {
    const rounded = Math.round(ms * 1_000);
    const us = rounded > VALUE_MAX ? VALUE_MAX : rounded < 0 ? 0 : rounded | 0;
    const bucket = bucketOf(us);
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#count += 1;
    this.#sum += us;
    if (rounded > this.#max) this.#max = rounded;
    if (bucket < this.#first) this.#first = bucket;
    if (bucket > this.#last) this.#last = bucket;
  }

  add(other: Histogram): void {
    for (let bucket = other.#first; bucket <= other.#last; bucket++) {
      this.#counts[bucket] = (this.#counts[bucket] as number) + (other.#counts[bucket] as number);
    }
    this.#count += other.#count;
    this.#sum += other.#sum;
    this.#max = Math.max(this.#max, other.#max);
    this.#first = Math.min(this.#first, other.#first);
    this.#last = Math.max(this.#last, other.#last);
  }

  /** What was counted here and not yet in `earlier`, a copy of this one at some time; its maximum is a bucket's. */
  since(earlier: Histogram): Histogram {
    const rest = new Histogram();
    for (let bucket = this.#first; bucket <= this.#last; bucket++) {
      const count = (this.#counts[bucket] as number) - (earlier.#counts[bucket] as number);
      if (count === 0) continue;
      rest.#counts[bucket] = count;
      rest.#count += count;
      rest.#max = Math.min(highestOf(bucket), this.#max);
      rest.#first = Math.min(rest.#first, bucket);
      rest.#last = bucket;
    }
    rest.#sum = this.#sum - earlier.#sum;
    return rest;
  }

  clear(): void {
    if (this.#last >= 0) this.#counts.fill(0, this.#first, this.#last + 1);
    this.#count = 0;
    this.#sum = 0;
    this.#max = 0;
    this.#first = BUCKETS;
    this.#last = -1;
  }

  /** The least value, in whole µs, that so many per cent of all values do not exceed; NaN when empty. */
  percentileUs(percent: number): number {
    const [us = Number.NaN] = this.percentilesUs([percent]);
    return us;
  }

  /** The same for several per cents, which must rise, in one look. */
  percentilesUs(percents: readonly number[]): number[] {
    if (this.#count === 0) return percents.map(() => Number.NaN);
    let bucket = this.#first - 1;
    let seen = 0;
    return percents.map((percent) => {
      // Without the dust of binary fractions, which would ask for one value more.
      const wanted = Math.max(1, Math.ceil(Number(((percent / 100) * this.#count).toPrecision(12))));
      while (seen < wanted && bucket < this.#last) {
        bucket += 1;
        seen += this.#counts[bucket] as number;
      }
      return Math.min(highestOf(bucket), this.#max);
    });
  }

  /**
   * The curve as HDR histograms are drawn: five points for each halving of what is left to 100 %, as far as the number
   * of values can tell them apart, and the maximum.
   */
  curve(): CurvePoint[] {
    if (this.#count === 0) return [];
    const percents: number[] = [];
    for (let left = 100; left * this.#count >= 100; left /= 2) {
      for (let step = 0; step < pointsPerHalving; step++) {
        const rest = left - (step * left) / (2 * pointsPerHalving);
        if (rest * this.#count >= 100) percents.push(Number((100 - rest).toFixed(8)));
      }
    }
    percents.push(100);
    const values = this.percentilesUs(percents);
    return percents.map((percentile, place) => ({ percentile, us: values[place] as number }));
  }
}

const pointsPerHalving = 5;

/** Neighbouring values share a bucket from 2,048 on: two each, then four, … */
function bucketOf(us: number): number {
  if (us < 2 * SUB) return us;
  const shift = 31 - Math.clz32(us) - SUB_BITS;
  return shift * SUB + (us >>> shift);
}

/** The highest value of a bucket. */
function highestOf(bucket: number): number {
  if (bucket < 2 * SUB) return bucket;
  const shift = (bucket >>> SUB_BITS) - 1;
  return ((bucket & (SUB - 1)) + SUB + 1) * 2 ** shift - 1;
}
