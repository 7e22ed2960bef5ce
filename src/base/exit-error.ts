/** The one error that ends a program: its text is the single line a user reads, its exit code is the contract's. */

/** The exit codes of CONTRACT.md by name. */
export const exitCodes = {
  ok: 0,
  internal: 1,
  usage: 2,
  refused: 3,
  unreachable: 4,
  unknown: 5,
  checkFailed: 6,
  damaged: 7,
} as const;

/**
 * Thrown when a program can't go on for a reason its user can act on. `message` is one line that ends in what to do.
 */
export class ExitError extends Error {
  override readonly name = 'ExitError';
  /** A number of {@link exitCodes}. */
  readonly exitCode: number;
  /** A short constant for scripts and tests, e.g. `DUPLICATE_ID` or `PORT_BUSY`. */
  readonly code: string;

  constructor(exitCode: number, code: string, text: string, options?: ErrorOptions) {
    super(text, options);
    this.exitCode = exitCode;
    this.code = code;
  }
}
