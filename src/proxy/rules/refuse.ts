/** Refuse: a connection that opens is reset as soon as its hello says whose it is. */
import { defineRule } from './rule-kind.js';

export const refuse = defineRule<null>({
  type: 'refuse',
  about: 'connections that open are reset at once',
  read: () => null,
  describe: () => 'refuse connections',
  opening: 'refuse',
});
