/** Limit data: so many bytes pass, then the connection is closed. */
import { integer, type ToxicContext, type ToxicKind, type ToxicStage } from './toxic-kind.js';

type Attributes = Readonly<Record<'bytes', number>>;

export const limitData: ToxicKind = {
  type: 'limit_data',
  about: 'closes once bytes bytes have passed in its direction',
  attributes: [integer('bytes')],
  start: (context, attributes: Attributes) => new LimitData(context, attributes),
};

class LimitData implements ToxicStage {
  readonly heldBytes = 0;
  readonly #context: ToxicContext;
  #bytesMax: number;
  #passedBytes = 0;

  constructor(context: ToxicContext, { bytes }: Attributes) {
    this.#context = context;
    this.#bytesMax = bytes;
  }

  data(chunk: Uint8Array): void {
    const leftBytes = Math.max(0, this.#bytesMax - this.#passedBytes);
    const passing = chunk.subarray(0, leftBytes);
    this.#passedBytes += passing.length;
    this.#context.emit(passing);
    if (this.#passedBytes >= this.#bytesMax) this.#context.close();
  }

  end(): void {
    this.#context.emitEnd();
  }

  /** What has passed stays counted. */
  update({ bytes }: Attributes): void {
    this.#bytesMax = bytes;
  }

  remove(): void {}
}
