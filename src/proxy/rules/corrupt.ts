/** Corrupt: one bit of the payload, the length field, or an end that is missing. The receiver must notice. */
import type { Damage } from '../plan/fate.js';
import { defineRule } from './rule-kind.js';

interface Corrupt {
  readonly what: Damage['what'];
}

export const corrupt = defineRule<Corrupt>({
  type: 'corrupt',
  about: 'what: payload (one bit flips), length (the field lies) or truncate (the end is missing)',
  read: (fields) => ({ what: fields.choice('what', ['payload', 'length', 'truncate'], 'payload') }),
  describe: ({ what }) => `corrupt ${what}`,
  apply(fate, { what }, { rule, draw }) {
    fate.damage = { what, place: draw.unit() };
    fate.note(rule, `corrupt ${what}`);
  },
});
