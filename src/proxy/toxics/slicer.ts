/** Slicer: each chunk is cut into pieces, with a pause after each. */
import { ChunkQueue } from './chunk-queue.js';
import { integer, type ToxicContext, type ToxicKind, type ToxicStage } from './toxic-kind.js';

type Attributes = Readonly<Record<'average_size' | 'size_variation' | 'delay', number>>;

export const slicer: ToxicKind = {
  type: 'slicer',
  about:
    'cuts chunks into pieces of average_size bytes, give or take size_variation, with delay µs after each (0: they may be joined again)',
  attributes: [integer('average_size', 1), integer('size_variation'), integer('delay')],
  start: (context, attributes: Attributes) => new Slicer(context, attributes),
};

class Slicer implements ToxicStage {
  readonly #context: ToxicContext;
  #attributes: Attributes;
  readonly #queue = new ChunkQueue();
  /** When the next piece may leave. */
  #nextMs = 0;
  #hasEnded = false;
  #cancel: (() => void) | undefined;

  constructor(context: ToxicContext, attributes: Attributes) {
    this.#context = context;
    this.#attributes = attributes;
  }

  get heldBytes(): number {
    return this.#queue.heldBytes;
  }

  data(chunk: Uint8Array): void {
    this.#queue.push(chunk);
    if (this.#cancel !== undefined) return;
    const nowMs = this.#context.nowMs();
    this.#nextMs = Math.max(this.#nextMs, nowMs);
    this.#release(nowMs);
  }

  end(): void {
    this.#hasEnded = true;
    if (this.#queue.isEmpty) this.#context.emitEnd();
  }

  update(attributes: Attributes): void {
    this.#attributes = attributes;
  }

  remove(): void {
    while (!this.#queue.isEmpty) this.#context.emit(this.#queue.take());
  }

  /**
   * Pauses are shorter than any timer: they are added up, and each piece leaves when those before it have had theirs.
   */
  #release(nowMs: number): void {
    while (!this.#queue.isEmpty && this.#nextMs <= nowMs) {
      this.#nextMs += Math.max(0, this.#attributes.delay) / 1_000;
      this.#context.emit(this.#queue.take(this.#pieceBytes()));
    }
    if (this.#queue.isEmpty) {
      if (this.#hasEnded) this.#context.emitEnd();
      return;
    }
    this.#cancel = this.#context.later(this.#nextMs - nowMs, () => {
      this.#cancel = undefined;
      this.#release(this.#context.nowMs());
    });
  }

  #pieceBytes(): number {
    const averageBytes = Math.max(1, this.#attributes.average_size);
    const variationBytes = Math.max(0, this.#attributes.size_variation);
    const leftBytes = this.#queue.firstBytes;
    if (leftBytes <= averageBytes + variationBytes) return leftBytes;
    return Math.max(1, averageBytes - variationBytes + this.#context.draw.below(2 * variationBytes + 1));
  }
}
