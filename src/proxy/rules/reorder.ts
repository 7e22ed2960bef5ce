/** Reorder: the frame is held back until some later ones have passed it, or until nothing has come for a while. */
import { durationText } from '../plan/duration.js';
import { defineRule } from './rule-kind.js';

interface Reorder {
  readonly frames: number;
  readonly withinMs: number;
}

export const reorder = defineRule<Reorder>({
  type: 'reorder',
  about: 'lets frames later ones (1) pass first, but waits no longer than within (1s)',
  read: (fields) => ({
    frames: fields.integer('frames', { least: 1, most: 10_000 }, 1),
    withinMs: fields.duration('within', '1s'),
  }),
  describe: ({ frames, withinMs }) => `reorder behind ${frames} within ${durationText(withinMs)}`,
  apply(fate, { frames, withinMs }, { rule }) {
    fate.holdBehind(rule, frames, withinMs);
    fate.note(rule, `reorder behind ${frames}`);
  },
});
