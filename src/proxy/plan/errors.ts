/** What is wrong with something a user wrote: a rule, a mode, a timeline, a proxy. Never our own mistake. */

/** `message` is one line that names the field and ends in what would be right. */
export class PlanError extends Error {
  override readonly name = 'PlanError';
}

/** Runs `read`; what is wrong is said of `place`, as `steps[3]`. @throws PlanError */
export function inPlace<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof PlanError ? new PlanError(`${place}: ${error.message}`) : error;
  }
}

/** A value as it was sent, for an error text; only the beginning of a long one. */
export function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= quotedCharsMax ? text : `${text.slice(0, quotedCharsMax)}…`;
}

const quotedCharsMax = 100;
