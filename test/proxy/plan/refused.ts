/** What a user wrote wrongly: one line of text, word for word, that ends in what would be right. */
import { PlanError } from '../../../src/proxy/plan/errors.js';

const remedy = /(: give |; give |; there is |there is |: leave it out|[:;] name |: write |; write |; p prepare)/;

/** The text of the PlanError that `read` throws; anything else than one is a failure of the test. */
export function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    return error.message;
  }
  return 'it was taken';
}

/** Whether the text, on one line, says in its end what to do. */
export function endsInRemedy(text: string): boolean {
  return !text.includes('\n') && remedy.test(text);
}
