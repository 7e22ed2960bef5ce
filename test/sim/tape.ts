/** Where chance or a script decides whether a fault strikes; every strike is kept, so that the run can be replayed. */
import type { Prng } from '../../src/base/index.js';
import type { Chances } from './chances.js';
import type { Strike } from './fault.js';

export interface TapeParts {
  readonly nowUs: () => number;
  readonly chances: Chances;
  /** Replay: these strike and no others. */
  readonly strikes?: readonly Strike[] | undefined;
}

export class Tape {
  readonly #parts: TapeParts;
  readonly #points = new Map<string, Point>();
  readonly #due = new Map<string, Strike[]>();
  /** False: nothing strikes any more. */
  on = true;
  /** What struck so far. */
  readonly struck: Strike[] = [];

  constructor(parts: TapeParts) {
    this.#parts = parts;
    for (const strike of parts.strikes ?? []) {
      const due = this.#due.get(strike.point);
      if (due === undefined) this.#due.set(strike.point, [strike]);
      else due.push(strike);
    }
    for (const due of this.#due.values()) due.sort((a, b) => a.atUs - b.atUs);
  }

  /** The one point of this name. */
  point(name: string): Point {
    let point = this.#points.get(name);
    if (point === undefined) {
      const { nowUs, chances, strikes } = this.#parts;
      const due = strikes === undefined ? undefined : (this.#due.get(name) ?? []);
      point = new Point(name, { tape: this, nowUs, random: () => chances.of(name), due });
      this.#points.set(name, point);
    }
    return point;
  }
}

interface PointParts {
  readonly tape: Tape;
  readonly nowUs: () => number;
  readonly random: () => Prng;
  readonly due: readonly Strike[] | undefined;
}

/** Something that happens again and again, and can be struck each time. */
export class Point {
  readonly #name: string;
  readonly #parts: PointParts;
  #random: Prng | undefined;
  #next = 0;
  #lastUs = -1;
  /** Times it happened in this microsecond without being struck. */
  #spared = 0;

  /** Use {@link Tape.point}. */
  constructor(name: string, parts: PointParts) {
    this.#name = name;
    this.#parts = parts;
  }

  /**
   * It happens: undefined, or by how much it is struck. `rate` is per hundred thousand; `draw` gives the measure of a
   * fault that has one.
   */
  strikes(rate: number, draw?: (random: Prng) => number): number | undefined {
    const { tape, due } = this.#parts;
    if (!tape.on || (due === undefined ? rate === 0 : due.length === 0)) return undefined;
    const nowUs = this.#parts.nowUs();
    if (nowUs !== this.#lastUs) {
      this.#lastUs = nowUs;
      this.#spared = 0;
    }
    const byUs = due === undefined ? this.#draw(rate, draw) : this.#read(due, nowUs);
    if (byUs === undefined) {
      this.#spared++;
      return undefined;
    }
    const skip = this.#spared;
    this.#spared = 0;
    tape.struck.push({
      kind: 'strike',
      point: this.#name,
      atUs: nowUs,
      ...(skip === 0 ? {} : { skip }),
      ...(byUs === 0 ? {} : { byUs }),
    });
    return byUs;
  }

  #draw(rate: number, draw: ((random: Prng) => number) | undefined): number | undefined {
    this.#random ??= this.#parts.random();
    if (!this.#random.chance(rate, 100_000)) return undefined;
    return draw?.(this.#random) ?? 0;
  }

  #read(due: readonly Strike[], nowUs: number): number | undefined {
    const head = due[this.#next];
    if (head === undefined || head.atUs > nowUs) return undefined;
    if (head.atUs === nowUs && this.#spared < (head.skip ?? 0)) return undefined;
    this.#next++;
    return head.byUs ?? 0;
  }
}
