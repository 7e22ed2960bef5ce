/** What a driver counts for operators while it works: proposals, elections, slots. Knows no clock: times are given. */
import { assert, BucketHistogram, countBounds, limits, secondsBounds } from '../../base/index.js';
import type { Answer } from '../../chat/index.js';
import type { ServerId, Slot } from '../../wire/index.js';

/** More than a leader may have in flight, so that hardly a proposal loses its place to a later one. A power of two. */
const placesMax = 1024;

export class DriverFigures {
  /** As leader: from the proposal of a slot to the moment at which it is known to be chosen, in seconds. */
  readonly chosenSeconds = new BucketHistogram(secondsBounds);
  /** Messages decided by one slot; slots that decide none are not counted. */
  readonly slotMessages = new BucketHistogram(countBounds);
  /** Campaigns begun by this server, and those that made it leader. */
  campaigns = 0;
  wins = 0;
  /** How often this server saw another leader than the one before. */
  leaderChanges = 0;
  /** Frames ignored before they reached the replica. */
  ignored = 0;
  #lastLeader: ServerId = 0;
  readonly #slots = new Float64Array(placesMax);
  readonly #proposedMs = new Float64Array(placesMax);

  constructor() {
    assert(limits.windowSlots <= placesMax, 'what is in flight has a place');
  }

  proposed(slot: Slot, nowMs: number): void {
    const place = slot & (placesMax - 1);
    this.#slots[place] = slot;
    this.#proposedMs[place] = nowMs;
  }

  chosen(slot: Slot, nowMs: number): void {
    const place = slot & (placesMax - 1);
    if (this.#slots[place] !== slot) return;
    this.#slots[place] = 0;
    this.chosenSeconds.observe((nowMs - (this.#proposedMs[place] as number)) / 1000);
  }

  /** What `slot` decided. */
  applied(slot: Slot, answers: readonly Answer[]): void {
    let messages = 0;
    for (const answer of answers) {
      // What was applied in an earlier slot was counted there.
      if (answer.slot === slot) for (const { count } of answer.outcomes) messages += count;
    }
    if (messages > 0) this.slotMessages.observe(messages);
  }

  /** As leader or not; leaving the lead ends what was proposed. */
  standing(leader: ServerId, leads: boolean, led: boolean): void {
    if (leads && !led) this.wins++;
    if (led && !leads) this.#slots.fill(0);
    if (leader === 0 || leader === this.#lastLeader) return;
    this.leaderChanges++;
    this.#lastLeader = leader;
  }
}
