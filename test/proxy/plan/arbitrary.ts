/** Rules and frames for properties: anything the API takes, kept small so that rules and frames meet often. */
import fc from 'fast-check';
import { type MessageType, registry } from '../../../src/wire/index.js';

/** Frames of these kinds: each fault class, kinds without one, and those that are meant only by name. */
export const kinds: readonly MessageType[] = [
  'hello',
  'welcome',
  'prepare',
  'promise',
  'accept',
  'accepted',
  'commit',
  'heartbeat',
  'learn',
  'forward',
];

const end = fc.constantFrom<number | string>(1, 2, 3, '*', 'client');
const ends = fc.oneof(end, fc.uniqueArray(end, { minLength: 1, maxLength: 3 }));
const kind = fc.constantFrom(...kinds);
const count = fc.integer({ min: 1, max: 5 });

/** What can stand in `match` and does not depend on the time or on chance. */
export const certainMatch = fc.record(
  {
    from: ends,
    to: ends,
    kinds: fc.oneof(kind, fc.uniqueArray(kind, { minLength: 1, maxLength: 3 })),
    classes: fc.uniqueArray(fc.constantFrom('p', 'a', 'c', 'g', 'r', 'h'), { minLength: 1, maxLength: 3 }),
    first: count,
    every: count,
    after: fc.oneof(kind, fc.record({ kind, count }, { requiredKeys: ['kind'] })),
  },
  { requiredKeys: [] },
);

const time = fc.integer({ min: 0, max: 500 });
const times = fc.tuple(time, time).map(([a, b]) => ({ least: Math.min(a, b), most: Math.max(a, b) }));

/** What a rule can do to a frame and decide by chance or not, but not by the time. */
export const timelessAction = fc.oneof(
  fc.constantFrom('drop', 'reset', 'cutMidFrame', 'clog', 'duplicate', 'reorder', 'corrupt'),
  fc.record({ type: fc.constant('delay'), time }),
  fc.tuple(fc.constantFrom('uniform', 'longTail'), times).map(([distribution, between]) => ({
    type: 'delay',
    distribution,
    ...between,
  })),
  fc.record({ type: fc.constant('delay'), distribution: fc.constant('normal'), mean: time, deviation: time }),
  fc.record({ type: fc.constant('delay'), distribution: fc.constant('exponential'), mean: time }),
  fc.record({ type: fc.constant('duplicate'), copies: count, gap: time }),
  fc.record({ type: fc.constant('reorder'), frames: count, within: time }),
  fc.record({ type: fc.constant('corrupt'), what: fc.constantFrom('payload', 'length', 'truncate') }),
);

const chance = fc.record(
  { probability: fc.oneof(fc.constantFrom<number | string>(0, 1, '50%'), fc.double({ min: 0, max: 1, noNaN: true })) },
  { requiredKeys: [] },
);

/** Whole rules without ids, as the API takes them; none of them looks at the time. */
export const timelessRule = fc
  .tuple(certainMatch, chance, timelessAction)
  .map(([match, probability, action]) => ({ match: { ...match, ...probability }, do: action }));

const window = fc.record({ window: fc.record({ from: time, for: time }, { requiredKeys: [] }) }, { requiredKeys: [] });

/** Whole rules of every kind. */
export const anyRule = fc
  .tuple(
    timelessRule,
    window,
    fc.oneof(
      timelessAction,
      fc.record({ type: fc.constant('clog'), time }),
      fc.record({
        type: fc.constant('throttle'),
        bytesPerSecond: fc.integer({ min: 1, max: 1e6 }),
        shared: fc.boolean(),
      }),
    ),
  )
  .map(([rule, within, action]) => ({ match: { ...rule.match, ...within }, do: action }));

/** One frame that arrives: on which link, of which kind, how long after the one before. */
export interface Arrival {
  readonly from: number | 'client';
  readonly to: number | 'client';
  readonly code: number;
  readonly bytes: number;
  readonly gapMs: number;
}

const links: readonly (readonly [Arrival['from'], Arrival['to']])[] = [
  [1, 2],
  [2, 1],
  [1, 3],
  [3, 2],
  ['client', 1],
  [2, 'client'],
];

export const arrivals: fc.Arbitrary<readonly Arrival[]> = fc.array(
  fc
    .record({
      link: fc.constantFrom(...links),
      kind,
      bytes: fc.integer({ min: 12, max: 5_000 }),
      gapMs: fc.constantFrom(0, 0, 1, 7, 100),
    })
    .map(({ link: [from, to], kind: name, bytes, gapMs }) => ({ from, to, code: registry[name].code, bytes, gapMs })),
  { minLength: 10, maxLength: 80 },
);
