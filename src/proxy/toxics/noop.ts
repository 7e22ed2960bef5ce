/** Noop: everything passes. */
import type { ToxicContext, ToxicKind, ToxicStage } from './toxic-kind.js';

export const noop: ToxicKind = {
  type: 'noop',
  about: 'everything passes as it comes',
  attributes: [],
  start: (context) => new Noop(context),
};

class Noop implements ToxicStage {
  readonly heldBytes = 0;
  readonly #context: ToxicContext;

  constructor(context: ToxicContext) {
    this.#context = context;
  }

  data(chunk: Uint8Array): void {
    this.#context.emit(chunk);
  }

  end(): void {
    this.#context.emitEnd();
  }

  update(): void {}

  remove(): void {}
}
