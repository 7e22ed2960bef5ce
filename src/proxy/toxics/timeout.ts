/** Timeout: nothing gets through, and after so long a silence the connection is closed. */
import { integer, type ToxicContext, type ToxicKind, type ToxicStage } from './toxic-kind.js';

type Attributes = Readonly<Record<'timeout', number>>;

export const timeout: ToxicKind = {
  type: 'timeout',
  about: 'all data is lost; closes after timeout ms without any (0: never), and when it is taken away',
  attributes: [integer('timeout')],
  start: (context, attributes: Attributes) => new Timeout(context, attributes),
};

class Timeout implements ToxicStage {
  readonly heldBytes = 0;
  readonly #context: ToxicContext;
  #timeoutMs: number;
  /** When the last chunk came, or when this began. */
  #lastMs: number;
  #cancel: (() => void) | undefined;

  constructor(context: ToxicContext, { timeout }: Attributes) {
    this.#context = context;
    this.#timeoutMs = timeout;
    this.#lastMs = context.nowMs();
    this.#arm(this.#lastMs);
  }

  /** Only remembered: a deadline is moved when it comes, not with every chunk. */
  data(): void {
    this.#lastMs = this.#context.nowMs();
  }

  /** Is lost as the data is: the other side hears nothing more. */
  end(): void {}

  update({ timeout }: Attributes): void {
    this.#cancel?.();
    this.#timeoutMs = timeout;
    this.#arm(this.#context.nowMs());
  }

  /** Bytes are missing: nobody could make sense of what would follow. */
  remove(): void {
    this.#context.close();
  }

  #arm(nowMs: number): void {
    if (this.#timeoutMs <= 0) return;
    const dueMs = this.#lastMs + this.#timeoutMs;
    this.#cancel = this.#context.later(Math.max(0, dueMs - nowMs), () => this.#check());
  }

  #check(): void {
    const nowMs = this.#context.nowMs();
    if (nowMs >= this.#lastMs + this.#timeoutMs) this.#context.close();
    else this.#arm(nowMs);
  }
}
