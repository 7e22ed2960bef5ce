/**
 * One direction of one connection as rules see it: judged frames are let through, held, copied, damaged or lost. Bytes
 * and sockets are its owner's: a proxied connection, or a server with `-mode`.
 */
import { assert } from '../../base/index.js';
import type { Behind, Damage, Fate, Hold } from '../plan/fate.js';
import type { Deadline } from './deadlines.js';
import type { Faults, LinkState } from './faults.js';

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

interface Held {
  readonly frame: Uint8Array;
  readonly code: number;
  readonly arrivedMs: number;
  holds: readonly Hold[];
  behind: readonly Behind[];
  /** Frames that have passed it. */
  passed: number;
  deadline: Deadline | undefined;
}

export class FrameLine {
  readonly #faults: Faults;
  readonly #output: LineOutput;
  #link: LinkState;
  readonly #held = new Set<Held>();
  #heldBytes = 0;
  /** Those of them that wait to be passed by others. */
  readonly #behind = new Set<Held>();

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
    // A view of a chunk would keep the whole chunk in memory for as long as the frame waits.
    if (isHeld || (copies > 0 && copyGapMs > 0)) bytes = Buffer.from(bytes);
    for (let copy = 0; copy <= copies; copy++) {
      const laterMs = copy * copyGapMs;
      if (!isHeld && laterMs === 0) this.#emit(bytes);
      else {
        const all = laterMs === 0 ? holds : [...holds, { rule: copyGapRule, ms: laterMs }];
        this.#hold({ frame: bytes, code, arrivedMs: nowMs, holds: all, behind, passed: 0, deadline: undefined });
      }
    }
  }

  /** A frame has passed this line: those held back behind others count it. */
  passed(): void {
    if (this.#behind.size === 0) return;
    for (const held of this.#behind) {
      held.passed++;
      if (isBehind(held)) continue;
      this.#behind.delete(held);
      this.#rearm(held);
    }
  }

  /** These rules are gone: what only they held is due now, in the order in which it came. */
  release(rules: ReadonlySet<string>): void {
    for (const held of this.#held) {
      const isIts = ({ rule }: { readonly rule: string }): boolean => rules.has(rule);
      if (!held.holds.some(isIts) && !held.behind.some(isIts)) continue;
      held.holds = held.holds.filter((hold) => !isIts(hold));
      held.behind = held.behind.filter((one) => !isIts(one));
      if (!isBehind(held)) this.#behind.delete(held);
      assert(held.deadline !== undefined, 'a held frame has a deadline');
      held.deadline.dueMs = dueMs(held);
    }
  }

  /** The sender has ended: what only waits for others to pass goes now, what is late is lost. */
  ended(): void {
    for (const held of [...this.#held]) {
      if (held.holds.length > 0) continue;
      if (held.deadline !== undefined) this.#faults.deadlines.cancel(held.deadline);
      this.#letGo(held);
    }
    this.close();
  }

  /** The connection is gone, and with it what was held (BEHAVIOUR.md 5). */
  close(): void {
    for (const held of this.#held) {
      this.#link.counts.add('lost', held.code);
      if (held.deadline !== undefined) held.deadline.isOver = true;
    }
    if (this.#held.size > 0) this.#faults.deadlines.reschedule();
    this.#held.clear();
    this.#heldBytes = 0;
    this.#behind.clear();
    this.#faults.leave(this);
  }

  #hold(held: Held): void {
    if (isBehind(held)) this.#behind.add(held);
    this.#held.add(held);
    this.#heldBytes += held.frame.length;
    held.deadline = this.#faults.deadlines.at(dueMs(held), () => this.#letGo(held));
  }

  #rearm(held: Held): void {
    const { deadlines } = this.#faults;
    if (held.deadline !== undefined) deadlines.cancel(held.deadline);
    held.deadline = deadlines.at(dueMs(held), () => this.#letGo(held));
  }

  #letGo(held: Held): void {
    if (!this.#held.delete(held)) return;
    this.#behind.delete(held);
    this.#heldBytes -= held.frame.length;
    this.#emit(held.frame);
    this.#output.onReleased();
  }

  #emit(frame: Uint8Array): void {
    this.#output.emit(frame);
    this.passed();
  }
}

function isBehind({ behind, passed }: Held): boolean {
  return behind.some(({ frames }) => frames > passed);
}

function dueMs(held: Held): number {
  let delayMs = 0;
  for (const { ms } of held.holds) delayMs += ms;
  let behindMs = 0;
  if (isBehind(held)) for (const { withinMs } of held.behind) behindMs = Math.max(behindMs, withinMs);
  return held.arrivedMs + Math.max(delayMs, behindMs);
}
