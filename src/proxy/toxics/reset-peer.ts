/** Reset peer: the connection ends with RST, so long after the first data or the end of the stream has come. */
import { ChunkQueue } from './chunk-queue.js';
import { integer, type ToxicContext, type ToxicKind, type ToxicStage } from './toxic-kind.js';

type Attributes = Readonly<Record<'timeout', number>>;

export const resetPeer: ToxicKind = {
  type: 'reset_peer',
  about: 'RST timeout ms after the first data, or the end of the stream; until then nothing gets through',
  attributes: [integer('timeout')],
  start: (context, attributes: Attributes) => new ResetPeer(context, attributes),
};

/** What comes in the meantime is kept: taken away before it has struck, the toxic leaves no trace. */
class ResetPeer implements ToxicStage {
  readonly #context: ToxicContext;
  #timeoutMs: number;
  readonly #queue = new ChunkQueue();
  #hasBegun = false;

  constructor(context: ToxicContext, { timeout }: Attributes) {
    this.#context = context;
    this.#timeoutMs = timeout;
  }

  get heldBytes(): number {
    return this.#queue.heldBytes;
  }

  data(chunk: Uint8Array): void {
    this.#queue.push(chunk);
    this.#begin();
  }

  end(): void {
    this.#begin();
  }

  update({ timeout }: Attributes): void {
    this.#timeoutMs = timeout;
  }

  remove(): void {
    while (!this.#queue.isEmpty) this.#context.emit(this.#queue.take());
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    if (this.#timeoutMs > 0) this.#context.later(this.#timeoutMs, () => this.#context.reset());
    else this.#context.reset();
  }
}
