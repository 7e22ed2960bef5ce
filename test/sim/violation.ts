/** What ends a simulated run. */

/** A promise of RELIABILITY.md is broken. `rule` is short and stable, so that tests can ask which one. */
export class Violation extends Error {
  override readonly name = 'Violation';

  constructor(
    readonly rule: string,
    text: string,
  ) {
    super(`${rule}: ${text}`);
  }
}

/** Thrown where a fault kills a server in the middle of what it does; nothing behind it in that turn happens. */
export class CrashSignal extends Error {
  override readonly name = 'CrashSignal';

  constructor(
    where: string,
    /** How long the server stays down. */
    readonly forUs: number,
  ) {
    super(`crash at ${where}`);
  }
}

/** Throws a {@link Violation} unless `condition` holds. */
export function demand(condition: boolean, rule: string, text: () => string): void {
  if (!condition) throw new Violation(rule, text());
}
