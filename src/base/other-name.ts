/** The name that is offered where one is taken. */
import { limits } from './limits.js';

/** As lawful as `name` is, and not the same. */
export function otherName(name: string): string {
  return `${name.slice(0, limits.nameCharsMax - 1)}2`;
}
