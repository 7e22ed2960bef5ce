/** Clog: everything that matches waits, then comes as one burst, after a time or when the rule is taken away. */
import { durationText } from '../plan/duration.js';
import { defineRule } from './rule-kind.js';

interface Clog {
  /** Infinity: until the rule is taken away. */
  readonly ms: number;
}

export const clog = defineRule<Clog>({
  type: 'clog',
  about: 'waits until time has passed since the rule was set, or until it is taken away; then a burst',
  read: (fields) => ({ ms: fields.has('time') ? fields.duration('time') : Number.POSITIVE_INFINITY }),
  describe: ({ ms }) => (ms === Number.POSITIVE_INFINITY ? 'clog' : `clog ${durationText(ms)}`),
  apply(fate, { ms }, { rule, nowMs, setAtMs }) {
    const leftMs = setAtMs + ms - nowMs;
    if (leftMs <= 0) return;
    fate.hold(rule, leftMs);
    fate.note(rule, 'clog');
  },
});
