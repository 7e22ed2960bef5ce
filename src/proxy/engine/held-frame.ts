/** A frame that rules hold back: few objects, used again. Ten thousand may wait, and garbage of theirs delays all. */
import type { Behind, Hold } from '../plan/fate.js';
import type { Deadline, Deadlines } from './deadlines.js';
import type { Slab } from './slab.js';

const noBytes = new Uint8Array(0);
const none: readonly never[] = [];
const nobody = (): void => undefined;
/** Those that nobody uses at present. */
const spares: HeldFrame[] = [];
const sparesMax = 16_384;
/** Of the objects around a frame that is held: without it a million small frames would be nothing. */
const objectBytes = 512;

/** It is its own deadline. */
export class HeldFrame implements Deadline {
  /** Its type byte. */
  code = 0;
  holds: readonly Hold[] = none;
  behind: readonly Behind[] = none;
  /** How many frames had passed its line when it came. */
  since = 0;
  dueMs = 0;
  order = 0;
  isOver = true;
  /** What lets it go: itself, as long as it was not armed again. */
  deadline: Deadline = this;
  #arrivedMs = 0;
  #bytes: Uint8Array = noBytes;
  #start = 0;
  #end = 0;
  #letGo: (held: HeldFrame) => void = nobody;
  #isReusable = false;
  /** Most are held once: what says so is used again, too. */
  readonly #only: [{ rule: string; ms: number }] = [{ rule: '', ms: 0 }];

  /** Holds what `slab` keeps from `start` on. `letGo` is called when its time has come, and must forget it. */
  static of(
    letGo: (held: HeldFrame) => void,
    { bytes, start, end }: Slab,
    code: number,
    arrivedMs: number,
    holds: readonly Hold[],
    behind: readonly Behind[],
    since: number,
  ): HeldFrame {
    const held = spares.pop() ?? new HeldFrame();
    held.code = code;
    held.holds = holds.length === 1 ? held.#copyOf(holds[0] as Hold) : holds;
    held.behind = behind;
    held.since = since;
    held.isOver = false;
    held.#arrivedMs = arrivedMs;
    held.#bytes = bytes;
    held.#start = start;
    held.#end = end;
    held.#letGo = letGo;
    // One that waits for others to pass is known to its line for longer than it waits.
    held.#isReusable = behind.length === 0;
    held.dueMs = held.goesMs(since);
    return held;
  }

  #copyOf({ rule, ms }: Hold): readonly Hold[] {
    this.#only[0].rule = rule;
    this.#only[0].ms = ms;
    return this.#only;
  }

  /** Gives the frame away: this may be known for longer than the frame is to be kept. */
  take(): Uint8Array {
    const frame = this.#bytes.subarray(this.#start, this.#end);
    this.#bytes = noBytes;
    return frame;
  }

  /** What it costs to hold it. */
  get keptBytes(): number {
    return this.#end - this.#start + objectBytes;
  }

  /** It still waits for others to pass, when so many have passed its line. */
  isBehind(passed: number): boolean {
    return this.behind.length > 0 && this.behind.some(({ frames }) => this.since + frames > passed);
  }

  /** When it goes, as things stand. */
  goesMs(passed: number): number {
    let delayMs = 0;
    for (const { ms } of this.holds) delayMs += ms;
    let behindMs = 0;
    if (this.isBehind(passed)) for (const { withinMs } of this.behind) behindMs = Math.max(behindMs, withinMs);
    return this.#arrivedMs + Math.max(delayMs, behindMs);
  }

  /** It goes at another time than it was to when it was added. */
  rearm(deadlines: Deadlines, passed: number): void {
    deadlines.cancel(this.deadline);
    this.deadline = deadlines.at(this.goesMs(passed), () => this.#letGo(this));
  }

  /** Called by the deadlines, which do not know it any more. */
  run(): void {
    this.#letGo(this);
    if (!this.#isReusable || spares.length >= sparesMax) return;
    // Its line may be gone long before it is used again.
    this.#letGo = nobody;
    this.holds = none;
    spares.push(this);
  }
}
