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

/** Rules add to it in the order in which they were set. Delays add up; a drop wins over all else. */
export class Fate {
  /** What was done and by which rule, in words, for the trace and the events. */
  readonly notes: { readonly rule: string; readonly text: string }[] = [];
  readonly holds: Hold[] = [];
  readonly behind: Behind[] = [];
  dropped = false;
  /** Further copies, each `copyGapMs` later than the one before, as the rule `copyGapRule` wants it. */
  copies = 0;
  copyGapMs = 0;
  copyGapRule = '';
  damage: Damage | undefined;
  /** `midFrame`: half of the frame leaves, then the connection is reset; `reset`: at once. */
  ending: 'midFrame' | 'reset' | undefined;

  note(rule: string, text: string): void {
    this.notes.push({ rule, text });
  }

  /** The sum of all holds in ms; Infinity while a rule keeps it until further notice. */
  get delayMs(): number {
    let sum = 0;
    for (const { ms } of this.holds) sum += ms;
    return sum;
  }
}
