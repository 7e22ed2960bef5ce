/** Cut mid-frame: half of the frame arrives, then the connection is reset. */
import { defineRule } from './rule-kind.js';

export const cutMidFrame = defineRule<null>({
  type: 'cutMidFrame',
  about: 'half of the frame arrives, then the connection ends with a reset',
  read: () => null,
  describe: () => 'cut mid-frame',
  apply(fate, _params, { rule }) {
    fate.ending ??= 'midFrame';
    fate.note(rule, 'cut mid-frame');
  },
});
