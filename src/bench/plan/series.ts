/** Acknowledgements over time: equal bins, each with its count and latencies, which together are the whole. */
import { Histogram } from './histogram.js';

/** What arrived within one bin. */
export interface SeriesBin {
  /** Where it begins, in ms since the window opened. */
  readonly atMs: number;
  readonly ok: number;
  readonly failed: number;
  readonly unknown: number;
  /** Latencies of what was acknowledged, µs; null when nothing was. */
  readonly p50Us: number | null;
  readonly p99Us: number | null;
  readonly maxUs: number | null;
}

/** How something ended: in the log, certainly not in it, or nobody knows. */
export type End = 'ok' | 'failed' | 'unknown';

/** More make a report large and its curves unreadable. */
const binsMax = 1_000;

/** The shortest of a few usual widths with which the run has few enough bins, ms. */
export function binWidthMs(durationMs: number): number {
  return [100, 1_000, 10_000, 60_000].find((width) => durationMs / width <= binsMax) ?? 600_000;
}

/** Times must not fall. One record is a few nanoseconds; a bin that ends costs microseconds. */
export class Series {
  readonly #startMs: number;
  readonly #widthMs: number;
  readonly #bins: SeriesBin[] = [];
  readonly #total = new Histogram();
  readonly #bin = new Histogram();
  #binEndMs: number;
  #failed = 0;
  #unknown = 0;
  readonly counts = { ok: 0, failed: 0, unknown: 0 };

  /** `startMs` by the clock whose times are recorded. */
  constructor(startMs: number, widthMs: number) {
    this.#startMs = startMs;
    this.#widthMs = widthMs;
    this.#binEndMs = startMs + widthMs;
  }

  get widthMs(): number {
    return this.#widthMs;
  }

  recordOk(nowMs: number, tookMs: number): void {
    if (nowMs >= this.#binEndMs) this.#close(nowMs);
    this.counts.ok += 1;
    this.#bin.recordMs(tookMs);
  }

  recordLost(nowMs: number, end: Exclude<End, 'ok'>): void {
    if (nowMs >= this.#binEndMs) this.#close(nowMs);
    this.counts[end] += 1;
    if (end === 'failed') this.#failed += 1;
    else this.#unknown += 1;
  }

  /** Latencies of all that was recorded so far, as a copy. */
  latencies(): Histogram {
    const all = new Histogram();
    all.add(this.#total);
    all.add(this.#bin);
    return all;
  }

  /** All bins up to `nowMs`, the last one perhaps cut short. Nothing may be recorded afterwards. */
  end(nowMs: number): readonly SeriesBin[] {
    if (nowMs >= this.#binEndMs) this.#close(nowMs);
    if (this.#bin.count > 0 || this.#failed > 0 || this.#unknown > 0 || nowMs > this.#binEndMs - this.#widthMs) {
      this.#push();
    }
    return this.#bins;
  }

  /** Ends bins until `nowMs` lies within the one that is open; those in which nothing came are empty ones. */
  #close(nowMs: number): void {
    while (nowMs >= this.#binEndMs) {
      this.#push();
      this.#binEndMs = this.#startMs + (this.#bins.length + 1) * this.#widthMs;
    }
  }

  #push(): void {
    const bin = this.#bin;
    const [p50 = null, p99 = null] = bin.count === 0 ? [] : bin.percentilesUs([50, 99]);
    this.#bins.push({
      atMs: this.#bins.length * this.#widthMs,
      ok: bin.count,
      failed: this.#failed,
      unknown: this.#unknown,
      p50Us: p50,
      p99Us: p99,
      maxUs: bin.count === 0 ? null : bin.maxUs,
    });
    this.#total.add(bin);
    bin.clear();
    this.#failed = 0;
    this.#unknown = 0;
  }
}
