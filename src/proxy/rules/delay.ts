/** Delay: each frame on its own, by a fixed time or one drawn from a distribution; frames may overtake each other. */
import type { Draw } from '../plan/draw.js';
import { durationMsMax, durationText } from '../plan/duration.js';
import { defineRule } from './rule-kind.js';

type Delay =
  | { readonly distribution: 'fixed'; readonly ms: number }
  | { readonly distribution: 'uniform'; readonly leastMs: number; readonly mostMs: number }
  | { readonly distribution: 'normal'; readonly meanMs: number; readonly deviationMs: number }
  | { readonly distribution: 'exponential'; readonly meanMs: number }
  | { readonly distribution: 'longTail'; readonly leastMs: number; readonly mostMs: number };

/** The tail's exponent (Pareto): half of the frames below 1.8 × least, one in a hundred above 46 × least. */
const tailShape = 1.2;

export const delay = defineRule<Delay>({
  type: 'delay',
  about: 'late by time (fixed), or by a draw: uniform, normal, exponential, longTail',
  read(fields) {
    const distribution = fields.choice(
      'distribution',
      ['fixed', 'uniform', 'normal', 'exponential', 'longTail'],
      'fixed',
    );
    switch (distribution) {
      case 'fixed':
        return { distribution, ms: fields.duration('time') };
      case 'normal':
        return { distribution, meanMs: fields.duration('mean'), deviationMs: fields.duration('deviation') };
      case 'exponential':
        return { distribution, meanMs: fields.duration('mean') };
      case 'uniform':
      case 'longTail': {
        const leastMs = fields.duration('least');
        const mostMs = fields.duration('most');
        if (mostMs < leastMs) throw fields.error('most', `a time of at least ${durationText(leastMs)}`);
        return { distribution, leastMs, mostMs };
      }
    }
  },
  describe(delay) {
    switch (delay.distribution) {
      case 'fixed':
        return `delay ${durationText(delay.ms)}`;
      case 'normal':
        return `delay ${durationText(delay.meanMs)} ± ${durationText(delay.deviationMs)} (normal)`;
      case 'exponential':
        return `delay ${durationText(delay.meanMs)} (exponential)`;
      case 'uniform':
      case 'longTail':
        return `delay ${durationText(delay.leastMs)} to ${durationText(delay.mostMs)} (${delay.distribution})`;
    }
  },
  apply(fate, delay, { rule, draw }) {
    const ms = drawMs(delay, draw);
    fate.hold(rule, ms);
    fate.note(rule, 'delay', Math.round(ms * 1_000) / 1_000);
  },
});

function drawMs(delay: Delay, draw: Draw): number {
  switch (delay.distribution) {
    case 'fixed':
      return delay.ms;
    case 'uniform':
      return delay.leastMs + draw.unit() * (delay.mostMs - delay.leastMs);
    case 'normal':
      return Math.min(durationMsMax, Math.max(0, delay.meanMs + draw.normal() * delay.deviationMs));
    case 'exponential':
      return Math.min(durationMsMax, -delay.meanMs * Math.log(1 - draw.unit()));
    case 'longTail':
      return Math.min(delay.mostMs, Math.max(delay.leastMs, 0.001) / (1 - draw.unit()) ** (1 / tailShape));
  }
}
