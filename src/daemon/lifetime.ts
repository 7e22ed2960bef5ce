/** The end of a daemon, told once: by `stop`, by `destroy`, or by something fatal, whichever comes first. */
import { ExitError, exitCodes } from '../base/index.js';
import type { ExitReason } from './options.js';

export const stoppedReason: ExitReason = Object.freeze({ exitCode: exitCodes.ok, code: 'STOPPED', text: '' });

/** The reason that an error means; anything but an {@link ExitError} is a defect of ours. */
export function exitReason(error: unknown): ExitReason {
  if (error instanceof ExitError) return { exitCode: error.exitCode, code: error.code, text: error.message };
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: exitCodes.internal, code: 'INTERNAL', text: `internal error, please report it: ${text}` };
}

export class Lifetime {
  /** Resolves with the first reason given. */
  readonly closed: Promise<ExitReason>;
  #resolve: (reason: ExitReason) => void = () => undefined;
  #reason: ExitReason | undefined;

  constructor() {
    this.closed = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get ended(): boolean {
    return this.#reason !== undefined;
  }

  /** The first call decides; later ones change nothing. */
  end(reason: ExitReason): void {
    this.#reason ??= reason;
    this.#resolve(this.#reason);
  }
}
