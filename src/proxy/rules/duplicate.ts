/** Duplicate: the frame arrives once more, or several times, at once or later. */
import { durationText } from '../plan/duration.js';
import { defineRule } from './rule-kind.js';

interface Duplicate {
  readonly copies: number;
  readonly gapMs: number;
}

export const duplicate = defineRule<Duplicate>({
  type: 'duplicate',
  about: 'copies more of it (1), each gap later than the one before (0ms)',
  read: (fields) => ({
    copies: fields.integer('copies', { least: 1, most: 100 }, 1),
    gapMs: fields.duration('gap', 0),
  }),
  describe: ({ copies, gapMs }) =>
    `duplicate${copies === 1 ? '' : ` ${copies} times`}${gapMs === 0 ? '' : ` every ${durationText(gapMs)}`}`,
  apply(fate, { copies, gapMs }, { rule }) {
    fate.copies += copies;
    if (gapMs > fate.copyGapMs) {
      fate.copyGapMs = gapMs;
      fate.copyGapRule = rule;
    }
    fate.note(rule, `duplicate ${copies}`);
  },
});
