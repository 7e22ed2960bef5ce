/** Bandwidth: a line of so many kilobytes a second; a chunk leaves when its last byte has been through. */
import { ChunkQueue } from './chunk-queue.js';
import { integer, type ToxicContext, type ToxicKind, type ToxicStage } from './toxic-kind.js';

type Attributes = Readonly<Record<'rate', number>>;

/** A long chunk leaves in slices of this much line time, so that the receiver sees a flow. */
const sliceMs = 100;

export const bandwidth: ToxicKind = {
  type: 'bandwidth',
  about: 'rate KB/s (1 KB is 1000 bytes); rate 0 lets nothing through and keeps the connection open',
  attributes: [integer('rate')],
  start: (context, attributes: Attributes) => new Bandwidth(context, attributes),
};

class Bandwidth implements ToxicStage {
  readonly #context: ToxicContext;
  /** Kilobytes a second are bytes a millisecond. */
  #bytesPerMs: number;
  readonly #queue = new ChunkQueue();
  /** The first slice is on the line since then, and … */
  #sinceMs = 0;
  /** … so many of its bytes had been through by then. */
  #paidBytes = 0;
  #hasEnded = false;
  #cancel: (() => void) | undefined;

  constructor(context: ToxicContext, { rate }: Attributes) {
    this.#context = context;
    this.#bytesPerMs = Math.max(0, rate);
  }

  get heldBytes(): number {
    return this.#queue.heldBytes;
  }

  data(chunk: Uint8Array): void {
    const wasIdle = this.#queue.isEmpty;
    this.#queue.push(chunk);
    if (!wasIdle) return;
    this.#sinceMs = this.#context.nowMs();
    this.#paidBytes = 0;
    this.#arm(this.#sinceMs);
  }

  end(): void {
    this.#hasEnded = true;
    if (this.#queue.isEmpty) this.#context.emitEnd();
  }

  /** What has been on the line so far counts at the old rate, the rest of it goes at the new one. */
  update({ rate }: Attributes): void {
    const nowMs = this.#context.nowMs();
    this.#paidBytes += (nowMs - this.#sinceMs) * this.#bytesPerMs;
    this.#sinceMs = nowMs;
    this.#bytesPerMs = Math.max(0, rate);
    this.#cancel?.();
    this.#cancel = undefined;
    this.#arm(nowMs);
  }

  remove(): void {
    while (!this.#queue.isEmpty) this.#context.emit(this.#queue.take());
  }

  #sliceBytes(): number {
    return Math.min(this.#queue.firstBytes, Math.max(1, this.#bytesPerMs * sliceMs));
  }

  /** When the first slice has been through. */
  #dueMs(): number {
    if (this.#bytesPerMs === 0) return Number.POSITIVE_INFINITY;
    return this.#sinceMs + (this.#sliceBytes() - this.#paidBytes) / this.#bytesPerMs;
  }

  #arm(nowMs: number): void {
    if (this.#queue.isEmpty || this.#bytesPerMs === 0) return;
    this.#cancel = this.#context.later(Math.max(0, this.#dueMs() - nowMs), () => {
      this.#cancel = undefined;
      this.#release();
    });
  }

  #release(): void {
    const nowMs = this.#context.nowMs();
    while (!this.#queue.isEmpty) {
      const dueMs = this.#dueMs();
      if (dueMs > nowMs) break;
      // Counted from when it was due: a timer that comes late slows nothing down.
      this.#sinceMs = dueMs;
      this.#paidBytes = 0;
      this.#context.emit(this.#queue.take(this.#sliceBytes()));
    }
    if (!this.#queue.isEmpty) this.#arm(nowMs);
    else if (this.#hasEnded) this.#context.emitEnd();
  }
}
