/**
 * A frame line on a clock of its own, beside a stupid twin: a list of what should still be held, looked through for
 * every frame that comes out.
 */
import assert from 'node:assert/strict';
import { Faults, type LinkState } from '../../../src/proxy/engine/faults.js';
import { FrameLine } from '../../../src/proxy/engine/frame-line.js';
import type { Behind, Fate, Hold } from '../../../src/proxy/plan/fate.js';
import { readRule } from '../../../src/proxy/plan/rule.js';
import { FakeClock } from '../../support/fake-clock.js';

/** A frame, or a copy of one, that the twin waits for. */
interface Waiting {
  readonly number: number;
  readonly arrivedMs: number;
  holds: readonly Hold[];
  behind: readonly Behind[];
  passed: number;
}

export class LineTwin {
  readonly clock = new FakeClock();
  readonly faults = new Faults(this.clock, 1);
  readonly link: LinkState = this.faults.link(1, 2);
  /** Numbers of the frames that came out, damaged ones negative. */
  readonly out: number[] = [];
  /** Called when the connection is broken off, with the number of the frame. */
  readonly brokenBy: number[] = [];
  readonly line: FrameLine;
  waiting: Waiting[] = [];
  released = 0;
  #offered = 0;
  #expectedNow: number[] = [];

  constructor() {
    this.line = new FrameLine(this.faults, this.link, {
      emit: (frame) => this.#onFrame(Buffer.from(frame).readInt32BE(0)),
      damage: (frame) => {
        const copy = Buffer.from(frame);
        copy.writeInt32BE(-copy.readInt32BE(0), 0);
        return copy;
      },
      breakOff: (_how, frame) => this.brokenBy.push(Buffer.from(frame).readInt32BE(0)),
      onReleased: () => {
        this.released++;
      },
    });
  }

  get nowMs(): number {
    return this.clock.monotonicMs();
  }

  set(id: string, rule: object): void {
    if (this.faults.book.has(id)) this.#forget(id);
    this.faults.setRules([readRule({ ...rule, id }, '')]);
  }

  remove(id: string): void {
    this.#forget(id);
    this.faults.removeRules([id]);
  }

  /** Offers the next frame, as the owner of a line does; returns its number and what was decided. */
  offer(code: number, bytes = 16): { readonly number: number; readonly fate: Fate | undefined } {
    const number = ++this.#offered;
    const frame = Buffer.alloc(bytes);
    frame.writeInt32BE(number, 0);
    const fate = this.link.rules.judge(code, bytes, this.nowMs);
    if (fate === undefined) {
      this.out.push(number);
      this.#count(undefined);
      this.line.passed();
      return { number, fate };
    }
    if (!fate.dropped && fate.ending === undefined) this.#expect(number, fate);
    this.line.settle(fate, code, frame, this.nowMs);
    assert.deepEqual(this.#expectedNow, [], 'what nothing holds goes at once');
    // The owner's buffer is its own again: what is held must be a copy.
    frame.fill(0xee);
    return { number, fate };
  }

  pass(ms: number): void {
    this.clock.advance(ms);
    for (const one of this.waiting) {
      // Timers count whole milliseconds.
      if (earliestMs(one) < this.nowMs - 1) assert.fail(`frame ${one.number} is late`);
    }
  }

  /** How often each frame came out. */
  counts(): Map<number, number> {
    const counts = new Map<number, number>();
    for (const number of this.out) counts.set(Math.abs(number), (counts.get(Math.abs(number)) ?? 0) + 1);
    return counts;
  }

  #expect(number: number, { copies, copyGapMs, copyGapRule, holds, behind, damage }: Fate): void {
    const signed = damage === undefined ? number : -number;
    for (let copy = 0; copy <= copies; copy++) {
      const gap = copy * copyGapMs === 0 ? [] : [{ rule: copyGapRule, ms: copy * copyGapMs }];
      const all = [...holds, ...gap];
      if (all.length === 0 && behind.length === 0) this.#expectedNow.push(signed);
      else this.waiting.push({ number: signed, arrivedMs: this.nowMs, holds: all, behind, passed: 0 });
    }
  }

  #forget(id: string): void {
    for (const one of this.waiting) {
      one.holds = one.holds.filter(({ rule }) => rule !== id);
      one.behind = one.behind.filter(({ rule }) => rule !== id);
    }
  }

  #onFrame(number: number): void {
    this.out.push(number);
    if (this.#expectedNow[0] === number) {
      this.#expectedNow.shift();
      this.#count(undefined);
      return;
    }
    const copies = this.waiting.filter((one) => one.number === number);
    const first = copies.toSorted((a, b) => earliestMs(a) - earliestMs(b))[0];
    assert.ok(first !== undefined, `frame ${number} came out although nobody waits for it`);
    assert.ok(
      earliestMs(first) <= this.nowMs + 1e-6,
      `frame ${number} came ${earliestMs(first) - this.nowMs} ms early`,
    );
    this.waiting = this.waiting.filter((one) => one !== first);
    this.#count(first);
  }

  /** A frame has passed all that wait. */
  #count(itself: Waiting | undefined): void {
    for (const one of this.waiting) if (one !== itself) one.passed++;
  }
}

function earliestMs({ arrivedMs, holds, behind, passed }: Waiting): number {
  const delayMs = holds.reduce((sum, { ms }) => sum + ms, 0);
  const isBehind = behind.some(({ frames }) => passed < frames);
  return arrivedMs + Math.max(delayMs, isBehind ? Math.max(...behind.map(({ withinMs }) => withinMs)) : 0);
}
