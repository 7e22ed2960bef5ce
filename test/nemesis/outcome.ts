/** What became of everything that was said in one run or in several, and how long things took. */
import type { Send, Verdict, ViolationKind } from '../checkers/history.js';

/** The smallest values that so many per cent do not exceed; NaN without any. */
export interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export function quantiles(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return { count: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

/** In seconds, of values in ms. */
export function quantilesText({ p50, p90, p99, max }: Quantiles): string {
  const [a, b, c, d] = [p50, p90, p99, max].map((ms) => (ms / 1000).toFixed(2));
  return `p50 ${a} s, p90 ${b} s, p99 ${c} s, max ${d} s`;
}

/** One judged history. */
export interface Judged {
  readonly verdict: Verdict;
  readonly sends: readonly Send[];
  /** The highest slot of the cluster. */
  readonly slots: number;
  /** Fresh reads on the way. */
  readonly reads: number;
}

/** Sums of what the checker found. */
export class Outcome {
  acknowledged = 0;
  /** Never answered. */
  unknown = 0;
  /** Answered "no". */
  refused = 0;
  slots = 0;
  reads = 0;
  violations = 0;
  readonly #kinds = new Map<ViolationKind, number>();

  add({ verdict, sends, slots, reads }: Judged): void {
    for (const { outcome } of sends) {
      if (outcome === 'ok') this.acknowledged += 1;
      else if (outcome === 'no') this.refused += 1;
      else this.unknown += 1;
    }
    this.slots += slots;
    this.reads += reads;
    this.violations += verdict.total;
    for (const { kind } of verdict.violations) this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
  }

  get lost(): number {
    return this.#count('lost', 'hole');
  }

  get doubled(): number {
    return this.#count('doubled');
  }

  get reordered(): number {
    return this.#count('session-order', 'slot-order', 'misplaced');
  }

  #count(...kinds: readonly ViolationKind[]): number {
    return kinds.reduce((sum, kind) => sum + (this.#kinds.get(kind) ?? 0), 0);
  }

  toJSON(): Readonly<Record<string, number>> {
    const { acknowledged, lost, doubled, reordered, unknown, refused, violations, slots, reads } = this;
    return { acknowledged, lost, doubled, reordered, unknown, refused, violations, slots, reads };
  }

  text(): string {
    return (
      `${this.acknowledged} lines acknowledged in ${this.slots} slots, ${this.lost} lost, ${this.doubled} doubled, ` +
      `${this.reordered} reordered, ${this.unknown} unknown, ${this.refused} refused; ` +
      `${this.violations} violations in all, ${this.reads} fresh reads on the way`
    );
  }
}
