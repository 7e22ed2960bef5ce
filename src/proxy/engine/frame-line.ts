/**
 * One direction of one connection as rules see it: judged frames are let through, held, copied, damaged or lost. Bytes
 * and sockets are its owner's: a proxied connection, or a server with `-mode`.
 */
import type { Damage, Fate } from '../plan/fate.js';
import type { Faults, LinkState } from './faults.js';
import { HeldFrame } from './held-frame.js';
import { Slab } from './slab.js';

export interface LineOutput {
  /** Sends the frame on. */
  emit(frame: Uint8Array): void;
  /** A damaged copy of the frame. */
  damage(frame: Uint8Array, damage: Damage): Uint8Array;
  /** Ends the connection with a reset, after the first half of the frame if `how` says so. */
  breakOff(how: 'midFrame' | 'reset', frame: Uint8Array): void;
  /** Less is held than before. */
  onReleased(): void;
}

/** Serves all lines: what is kept in it is named at once. */
const slab = new Slab();

export class FrameLine {
  readonly #faults: Faults;
  readonly #output: LineOutput;
  #link: LinkState;
  readonly #held = new Set<HeldFrame>();
  #heldBytes = 0;
  /** Those of them that wait to be passed by others. */
  readonly #behind = new Set<HeldFrame>();
  /** Frames that have passed since some wait for that, and which of them look at which count whether it is enough. */
  #passed = 0;
  readonly #lookAt = new Map<number, HeldFrame[]>();

  constructor(faults: Faults, link: LinkState, output: LineOutput) {
    this.#faults = faults;
    this.#link = link;
    this.#output = output;
    faults.enter(this);
  }

  get link(): LinkState {
    return this.#link;
  }

  /** Now it is known between whom this connection runs. */
  setLink(link: LinkState): void {
    this.#link = link;
  }

  get heldFrames(): number {
    return this.#held.size;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** True: a frame that passes must be told with {@link passed}. */
  get isPassingMatter(): boolean {
    return this.#behind.size > 0;
  }

  /** Settles a frame on which a rule acts. The frame's bytes are copied when they are kept. */
  settle(fate: Fate, code: number, frame: Uint8Array, nowMs: number): void {
    const { counts } = this.#link;
    if (fate.dropped) {
      counts.add('dropped', code);
      return;
    }
    if (fate.ending !== undefined) {
      counts.add('cut', code);
      this.#output.breakOff(fate.ending, frame);
      return;
    }
    let bytes = frame;
    if (fate.damage !== undefined) {
      counts.add('corrupted', code);
      bytes = this.#output.damage(frame, fate.damage);
    }
    const { copies, copyGapMs, copyGapRule, holds, behind } = fate;
    if (copies > 0) counts.add('duplicated', code, copies);
    if (holds.length > 0) counts.add('delayed', code);
    if (behind.length > 0) counts.add('reordered', code);
    const isHeld = holds.length > 0 || behind.length > 0;
    for (let copy = 0; copy <= copies; copy++) {
      const laterMs = copy * copyGapMs;
      if (!isHeld && laterMs === 0) this.#emit(bytes);
      else {
        const all = laterMs === 0 ? holds : [...holds, { rule: copyGapRule, ms: laterMs }];
        this.#hold(HeldFrame.of(this.#letGo, slab.keep(bytes), code, nowMs, all, behind, this.#passed));
      }
    }
  }

  /** A frame has passed this line: those held back behind others count it. */
  passed(): void {
    if (this.#behind.size === 0) return;
    const looking = this.#lookAt.get(++this.#passed);
    if (looking === undefined) return;
    this.#lookAt.delete(this.#passed);
    for (const held of looking) {
      if (!this.#behind.has(held) || held.isBehind(this.#passed)) continue;
      this.#behind.delete(held);
      held.rearm(this.#faults.deadlines, this.#passed);
    }
  }

  /** These rules are gone: what only they held is due now, in the order in which it came. */
  release(rules: ReadonlySet<string>): void {
    for (const held of this.#held) {
      const isIts = ({ rule }: { readonly rule: string }): boolean => rules.has(rule);
      if (!held.holds.some(isIts) && !held.behind.some(isIts)) continue;
      held.holds = held.holds.filter((hold) => !isIts(hold));
      held.behind = held.behind.filter((one) => !isIts(one));
      if (!held.isBehind(this.#passed)) this.#behind.delete(held);
      held.deadline.dueMs = held.goesMs(this.#passed);
    }
  }

  /** The sender has ended: what only waits for others to pass goes now, what is late is lost. */
  ended(): void {
    for (const held of [...this.#held]) {
      if (held.holds.length > 0) continue;
      this.#faults.deadlines.cancel(held.deadline);
      this.#letGo(held);
    }
    this.close();
  }

  /** The connection is gone, and with it what was held (BEHAVIOUR.md 5). */
  close(): void {
    for (const held of this.#held) {
      this.#link.counts.add('lost', held.code);
      held.deadline.isOver = true;
    }
    if (this.#held.size > 0) this.#faults.deadlines.reschedule();
    this.#held.clear();
    this.#heldBytes = 0;
    this.#behind.clear();
    this.#lookAt.clear();
    this.#faults.leave(this);
  }

  #hold(held: HeldFrame): void {
    if (held.isBehind(this.#passed)) this.#wait(held);
    this.#held.add(held);
    this.#heldBytes += held.keptBytes;
    this.#faults.deadlines.add(held);
  }

  #wait(held: HeldFrame): void {
    this.#behind.add(held);
    for (const { frames } of held.behind) {
      const count = held.since + frames;
      const looking = this.#lookAt.get(count);
      if (looking === undefined) this.#lookAt.set(count, [held]);
      else looking.push(held);
    }
  }

  readonly #letGo = (held: HeldFrame): void => {
    if (!this.#held.delete(held)) return;
    if (this.#behind.size > 0) this.#behind.delete(held);
    this.#heldBytes -= held.keptBytes;
    this.#emit(held.take());
    this.#output.onReleased();
  };

  #emit(frame: Uint8Array): void {
    this.#output.emit(frame);
    this.passed();
  }
}
