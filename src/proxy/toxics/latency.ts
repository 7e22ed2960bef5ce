/** Latency: every chunk leaves so much later than it came; none overtakes another, many may be on their way. */
import { keepingBytes, unboundedQueue } from './chunk-queue.js';
import { integer, type ToxicContext, type ToxicKind, type ToxicStage } from './toxic-kind.js';

type Attributes = Readonly<Record<'latency' | 'jitter', number>>;

export const latency: ToxicKind = {
  type: 'latency',
  about: 'each chunk leaves latency ms after it came, give or take jitter ms; the end of the stream is not delayed',
  attributes: [integer('latency'), integer('jitter')],
  start: (context, attributes: Attributes) => new Latency(context, attributes),
};

class Latency implements ToxicStage {
  readonly #context: ToxicContext;
  #attributes: Attributes;
  readonly #held = unboundedQueue<{ readonly chunk: Uint8Array; readonly dueMs: number }>(({ chunk }) =>
    keepingBytes(chunk),
  );
  #hasEnded = false;
  /** Set while the first one held is waited for. */
  #cancel: (() => void) | undefined;

  constructor(context: ToxicContext, attributes: Attributes) {
    this.#context = context;
    this.#attributes = attributes;
  }

  get heldBytes(): number {
    return this.#held.bytes;
  }

  data(chunk: Uint8Array): void {
    const nowMs = this.#context.nowMs();
    const dueMs = nowMs + this.#delayMs();
    if (this.#held.isEmpty && dueMs <= nowMs) {
      this.#context.emit(chunk);
      return;
    }
    this.#held.push({ chunk, dueMs });
    if (this.#cancel === undefined) this.#arm(nowMs);
  }

  end(): void {
    this.#hasEnded = true;
    if (this.#held.isEmpty) this.#context.emitEnd();
  }

  update(attributes: Attributes): void {
    this.#attributes = attributes;
  }

  remove(): void {
    this.#release(Number.POSITIVE_INFINITY);
  }

  #delayMs(): number {
    const { latency, jitter } = this.#attributes;
    return jitter > 0 ? latency + (2 * this.#context.draw.unit() - 1) * jitter : latency;
  }

  /** Lets go of what is due at `untilMs`, up to the first that is not: whatever its own delay, none overtakes it. */
  #release(untilMs: number): void {
    for (let first = this.#held.peek(); first !== undefined && first.dueMs <= untilMs; first = this.#held.peek()) {
      this.#held.shift();
      this.#context.emit(first.chunk);
    }
    if (!this.#held.isEmpty) this.#arm(untilMs);
    else if (this.#hasEnded) this.#context.emitEnd();
  }

  #arm(nowMs: number): void {
    const dueMs = this.#held.peek()?.dueMs ?? nowMs;
    this.#cancel = this.#context.later(dueMs - nowMs, () => {
      this.#cancel = undefined;
      this.#release(this.#context.nowMs());
    });
  }
}
