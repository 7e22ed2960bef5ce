/** Drop: the frame is gone; the stream around it stays whole. With `probability` in the match this is loss. */
import { defineRule } from './rule-kind.js';

export const drop = defineRule<null>({
  type: 'drop',
  about: 'gone; with match.probability this is loss',
  read: () => null,
  describe: () => 'drop',
  apply(fate, _params, { rule }) {
    fate.dropped = true;
    fate.note(rule, 'drop');
  },
});
