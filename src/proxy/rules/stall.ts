/** Stall: a connection that opens is accepted, and nothing passes on it until the rule is taken away. */
import { defineRule } from './rule-kind.js';

export const stall = defineRule<null>({
  type: 'stall',
  about: 'connections that open are accepted and carry nothing until the rule is gone',
  read: () => null,
  describe: () => 'stall connections',
  opening: 'stall',
});
