/** Assertions that stay on in production: a broken invariant stops the server instead of going on wrongly. */

/** Thrown when our own code has done what it must never do. Never caught except to stop the process. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Throws {@link InvariantError} unless `condition` holds. Never use it on what a peer, a user or a disk sent. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new InvariantError(what);
}

/** Marks the end of an exhaustive switch: the compiler refuses a call when a case is missing. */
export function unreachable(value: never, what = 'unhandled case'): never {
  throw new InvariantError(`${what}: ${JSON.stringify(value)}`);
}
