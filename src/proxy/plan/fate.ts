/** What is to become of one frame: what all rules that match it have decided together. */

/** How long one rule holds a frame; Infinity until the rule is taken away. */
export interface Hold {
  readonly rule: string;
  readonly ms: number;
}

/** A rule that lets so many later frames of the link pass this one first, but holds it no longer than `withinMs`. */
export interface Behind {
  readonly rule: string;
  readonly frames: number;
  readonly withinMs: number;
}

/** How the bytes of a frame are damaged. `place` is uniform in [0, 1): where. */
export interface Damage {
  readonly what: 'payload' | 'length' | 'truncate';
  readonly place: number;
}

/** What one rule has done, for the trace and the events. */
export class Note {
  readonly rule: string;
  readonly what: string;
  readonly ms: number | undefined;

  constructor(rule: string, what: string, ms: number | undefined) {
    this.rule = rule;
    this.what = what;
    this.ms = ms;
  }

  /** Put into words only where somebody reads them: writing a number down costs more than all else about a frame. */
  get text(): string {
    return this.ms === undefined ? this.what : `${this.what} ${this.ms}ms`;
  }
}

const none: readonly never[] = [];

/** Rules add to it in the order in which they were set. Delays add up; a drop wins over all else. */
export class Fate {
  notes: readonly Note[] = none;
  holds: readonly Hold[] = none;
  behind: readonly Behind[] = none;
  dropped = false;
  /** Further copies, each `copyGapMs` later than the one before, as the rule `copyGapRule` wants it. */
  copies = 0;
  copyGapMs = 0;
  copyGapRule = '';
  damage: Damage | undefined;
  /** `midFrame`: half of the frame leaves, then the connection is reset; `reset`: at once. */
  ending: 'midFrame' | 'reset' | undefined;

  /** With `ms` the text is `what` and that time. */
  note(rule: string, what: string, ms?: number): void {
    this.notes = [...this.notes, new Note(rule, what, ms)];
  }

  hold(rule: string, ms: number): void {
    this.holds = [...this.holds, { rule, ms }];
  }

  holdBehind(rule: string, frames: number, withinMs: number): void {
    this.behind = [...this.behind, { rule, frames, withinMs }];
  }

  /** The sum of all holds in ms; Infinity while a rule keeps it until further notice. */
  get delayMs(): number {
    let sum = 0;
    for (const { ms } of this.holds) sum += ms;
    return sum;
  }
}
