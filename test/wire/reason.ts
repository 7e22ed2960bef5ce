/** How bytes are refused, as a word that tests can compare. */
import { ProtocolError } from '../../src/wire/index.js';

/** The reason of the ProtocolError that `read` throws, or "taken" if it throws none; any other error fails the test. */
export function reasonOf(read: () => unknown): string {
  try {
    read();
    return 'taken';
  } catch (error) {
    if (error instanceof ProtocolError) return error.reason;
    throw error;
  }
}
