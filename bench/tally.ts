/** Latencies counted by the microsecond, many at once: lines that shared a frame shared their latency. */

/** Whatever took longer counts as this long; `maxUs` has its true length. */
const topUs = 2 ** 21 - 1;

export class Tally {
  readonly #counts = new Float64Array(topUs + 1);
  count = 0;
  maxUs = 0;

  add(us: number, count: number): void {
    const at = Math.min(topUs, Math.max(0, Math.round(us)));
    this.#counts[at] = (this.#counts[at] ?? 0) + count;
    this.count += count;
    this.maxUs = Math.max(this.maxUs, us);
  }

  reset(): void {
    this.#counts.fill(0);
    this.count = 0;
    this.maxUs = 0;
  }

  /** The smallest whole microsecond that so many per cent do not exceed; NaN when nothing was counted. */
  percentileUs(percent: number): number {
    const wanted = (percent / 100) * this.count;
    let seen = 0;
    for (let us = 0; us <= topUs; us++) {
      seen += this.#counts[us] ?? 0;
      if (seen >= wanted && seen > 0) return us;
    }
    return Number.NaN;
  }
}
