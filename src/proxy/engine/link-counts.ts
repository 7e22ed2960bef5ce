/** What has passed on one link and what was done to it, live, by kind of frame. */

/** What rules do to frames, as counted. `lost`: held when the connection broke, or beyond a bound. */
export const outcomes = ['dropped', 'delayed', 'duplicated', 'reordered', 'corrupted', 'cut', 'lost'] as const;
export type Outcome = (typeof outcomes)[number];

export class LinkCounts {
  /** By the type byte, all that arrived. */
  readonly frames = new Float64Array(256);
  /** All bytes of frames that arrived, headers included. */
  bytes = 0;
  readonly #by = new Map<Outcome, Float64Array>();

  add(outcome: Outcome, code: number, count = 1): void {
    let counts = this.#by.get(outcome);
    if (counts === undefined) {
      counts = new Float64Array(256);
      this.#by.set(outcome, counts);
    }
    counts[code] = (counts[code] as number) + count;
  }

  /** Of one kind of frame. */
  of(outcome: Outcome, code: number): number {
    return this.#by.get(outcome)?.[code] ?? 0;
  }

  /** Of all kinds together. */
  total(outcome: Outcome): number {
    return sum(this.#by.get(outcome));
  }

  get totalFrames(): number {
    return sum(this.frames);
  }
}

function sum(counts: Float64Array | undefined): number {
  let total = 0;
  for (const count of counts ?? []) total += count;
  return total;
}
