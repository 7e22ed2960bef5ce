/** Reset: the connection ends with a TCP reset in place of the frame. */
import { defineRule } from './rule-kind.js';

export const reset = defineRule<null>({
  type: 'reset',
  about: 'the connection is reset (RST) in place of the frame',
  read: () => null,
  describe: () => 'reset',
  apply(fate, _params, { rule }) {
    fate.ending = 'reset';
    fate.note(rule, 'reset');
  },
});
