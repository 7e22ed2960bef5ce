/** Asks the other end of a link whether it still answers, before its claim on an id is given to another. */
import { type Clock, limits } from '../base/index.js';
import type { FrameConnection } from '../net/index.js';

/** How often a probe looks whether something arrived; pongs are taken in by the connection itself. */
const lookEveryMs = 20;

/** Probes of one link; several may run at once. */
export class LinkProbe {
  readonly #connection: FrameConnection;
  readonly #clock: Clock;

  constructor(connection: FrameConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  /**
   * Sends a ping and calls `done` once: true as soon as anything arrives; false after `duplicateProbeMs` or when the
   * link has closed. Never calls back before it returns.
   */
  ask(done: (answered: boolean) => void): void {
    const before = this.#connection.stats.framesIn;
    this.#connection.send({ type: 'ping', token: 0 });
    const deadlineMs = this.#clock.monotonicMs() + limits.duplicateProbeMs;
    const look = (): void => {
      if (this.#connection.stats.framesIn > before) done(true);
      else if (this.#connection.closed !== undefined || this.#clock.monotonicMs() >= deadlineMs) done(false);
      else this.#clock.setTimeout(look, lookEveryMs);
    };
    this.#clock.setTimeout(look, lookEveryMs);
  }

  /** {@link ask} as a promise. */
  answers(): Promise<boolean> {
    return new Promise((resolve) => this.ask(resolve));
  }
}
