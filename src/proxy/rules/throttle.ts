/** Throttle: matching frames pass no faster than a rate, one after the other; per link, or shared by all of them. */
import { defineRule } from './rule-kind.js';

interface Throttle {
  readonly bytesPerSecond: number;
  readonly shared: boolean;
}

export const throttle = defineRule<Throttle>({
  type: 'throttle',
  about: 'no faster than bytesPerSecond on each link, or on all matching links together (shared: true)',
  read: (fields) => ({
    bytesPerSecond: fields.integer('bytesPerSecond', { least: 1, most: 1e12 }),
    shared: fields.bool('shared', false),
  }),
  describe: ({ bytesPerSecond, shared }) => `throttle ${bytesPerSecond} B/s${shared ? ' shared' : ''}`,
  isShared: ({ shared }) => shared,
  apply(fate, { bytesPerSecond }, { rule, nowMs, frameBytes, memory }) {
    // The memory is the moment at which the last byte admitted so far has passed.
    const beginMs = Math.max(nowMs, memory.value);
    memory.value = beginMs + (frameBytes * 1_000) / bytesPerSecond;
    fate.hold(rule, memory.value - nowMs);
    fate.note(rule, 'throttle', Math.round(memory.value - nowMs));
  },
});
