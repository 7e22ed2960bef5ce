/** Slow close: data passes, the end of the stream waits. */
import { integer, type ToxicContext, type ToxicKind, type ToxicStage } from './toxic-kind.js';

type Attributes = Readonly<Record<'delay', number>>;

export const slowClose: ToxicKind = {
  type: 'slow_close',
  about: 'the end of the stream comes delay ms later',
  attributes: [integer('delay')],
  start: (context, attributes: Attributes) => new SlowClose(context, attributes),
};

class SlowClose implements ToxicStage {
  readonly heldBytes = 0;
  readonly #context: ToxicContext;
  #delayMs: number;

  constructor(context: ToxicContext, { delay }: Attributes) {
    this.#context = context;
    this.#delayMs = delay;
  }

  data(chunk: Uint8Array): void {
    this.#context.emit(chunk);
  }

  end(): void {
    if (this.#delayMs > 0) this.#context.later(this.#delayMs, () => this.#context.emitEnd());
    else this.#context.emitEnd();
  }

  update({ delay }: Attributes): void {
    this.#delayMs = delay;
  }

  remove(): void {}
}
