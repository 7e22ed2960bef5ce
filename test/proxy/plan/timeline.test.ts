/** Timelines: fixed steps, random schedules as functions of the seed, and what is wrong with a script. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { Draw } from '../../../src/proxy/plan/draw.js';
import { randomFault, randomFaultNames } from '../../../src/proxy/plan/random-faults.js';
import { readTimeline, type TimelineStep } from '../../../src/proxy/plan/timeline.js';
import { repeatable } from '../../support/repeatable.js';
import { endsInRemedy, refusal } from './refused.js';

const around = { servers: [1, 2, 3], seed: 7 };

/** A script's steps in short: when, what, and the rules by name. */
function story(script: unknown, seed?: number): string[] {
  return readTimeline(script, around, seed).steps.map(({ atMs, action }) => {
    const names = action.kind === 'heal' ? '' : ` ${action.rules.map(({ id }) => id).join(', ')}`;
    return `${atMs} ${action.kind}${names}`;
  });
}

t.test(
  'fixed steps: presets, rules and heal, in order of their time, each fault taken away after its own',
  async (t) => {
    const script = {
      name: 'storm',
      steps: [
        { at: '2s', for: '1s', preset: 'cut', a: 1, b: 2 },
        { at: 0, match: { from: 1 }, do: { type: 'delay', time: '5ms' } },
        { at: '1s', for: '1s', rule: { id: 'mine', match: { from: 3 }, do: 'drop' } },
        { at: '3s', heal: true },
        { at: '3s', for: 0, do: 'clog' },
      ],
    };
    t.same(story(script), [
      '0 set steps[1]',
      '1000 set mine',
      '2000 set steps[0] #1, steps[0] #2',
      '2000 remove mine',
      '3000 remove steps[0] #1, steps[0] #2',
      '3000 heal',
      '3000 set steps[4]',
      '3000 remove steps[4]',
    ]);
    const { name, seed, steps } = readTimeline(script, around);
    t.same([name, seed], ['storm', 7]);
    t.equal(steps[2]?.text, 'set for 1s steps[0] #1: drop on 1>2; steps[0] #2: drop on 2>1');
    t.equal(steps[1]?.text, 'set for 1s mine: drop on 3>"*"');
    t.equal(steps[0]?.text, 'set steps[1]: delay 5ms on 1>"*"');
    t.equal(steps.at(-1)?.text, 'remove steps[4]');
  },
);

t.test('seeds: that of the call before that of the script before that of the proxy', async (t) => {
  const steps = [{ at: 0, heal: true }];
  t.equal(readTimeline({ steps }, around).seed, 7);
  t.equal(readTimeline({ steps, seed: 9 }, around).seed, 9);
  t.equal(readTimeline({ steps, seed: 9 }, around, 11).seed, 11);
});

const schedule = fc.record(
  {
    from: fc.nat(5_000),
    for: fc.integer({ min: 1, max: 10_000 }),
    every: fc.integer({ min: 400, max: 3_000 }),
    least: fc.nat(400),
    most: fc.integer({ min: 400, max: 5_000 }),
    choose: fc.uniqueArray(fc.constantFrom(...randomFaultNames), { minLength: 1 }),
    servers: fc.constantFrom([1, 2, 3], [1, 2, 3, 4, 5], [9, 4, 7]),
  },
  { requiredKeys: ['for', 'every', 'least', 'most'] },
);

/** All that steps do: their texts have every rule with its parameters. */
const plain = (steps: readonly TimelineStep[]): string[] => steps.map(({ atMs, text }) => `${atMs} ${text}`);

t.test('random schedules are functions of the seed, and keep to their times', async (t) => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.array(schedule, { minLength: 1, maxLength: 2 }), (seed, random) => {
      const { steps } = readTimeline({ random }, around, seed);
      assert.deepEqual(plain(readTimeline({ random }, around, seed).steps), plain(steps));
      assert.deepEqual(
        steps.map(({ atMs }) => atMs),
        steps.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
      );
      const sets = steps.flatMap(({ atMs, action }) => (action.kind === 'set' ? [{ atMs, rules: action.rules }] : []));
      const removes = steps.flatMap(({ atMs, action }) =>
        action.kind === 'remove' ? [{ atMs, rules: action.rules }] : [],
      );
      const faults = random.reduce((sum, one) => sum + Math.ceil(one.for / one.every), 0);
      assert.equal(sets.length, faults, 'one fault each time');
      assert.equal(removes.length, faults, 'and each ends');
      for (const [at, { from = 0, for: lasts, every, least, most }] of random.entries()) {
        for (let n = 1; n <= Math.ceil(lasts / every); n++) {
          const own = (rules: readonly { id: string }[]) => rules[0]?.id.startsWith(`random[${at}].${n} `) ?? false;
          const set = sets.find(({ rules }) => own(rules));
          // A preset of chance may have drawn nothing to cut.
          if (set === undefined) continue;
          const end = removes.find(({ rules }) => rules === set.rules);
          assert.equal(set.atMs, from + (n - 1) * every);
          const lastsMs = (end?.atMs ?? Number.NaN) - set.atMs;
          assert.ok(lastsMs <= most && (end?.atMs ?? 0) <= from + lasts, `${lastsMs} ms`);
          assert.ok(lastsMs >= Math.min(least, from + lasts - set.atMs), `${lastsMs} ms`);
        }
      }
    }),
    { ...repeatable, numRuns: 100 },
  );
  const random = [{ for: '1m', every: '1s', choose: ['cut', 'delay', 'loss'] }];
  const seven = plain(readTimeline({ random }, around, 7).steps);
  t.notSame(plain(readTimeline({ random }, around, 8).steps), seven, 'another seed, another schedule');
  const twice = plain(readTimeline({ random: [...random, ...random] }, around, 7).steps);
  const second = twice
    .filter((text) => text.includes('random[1]'))
    .map((text) => text.replaceAll('random[1]', 'random[0]'));
  t.equal(second.length, seven.length);
  t.notSame(second, seven, 'two schedules of one script draw differently');
});

t.test('every fault to choose from can be drawn, for any servers', async (t) => {
  for (const name of randomFaultNames) {
    for (const servers of [
      [1, 2, 3],
      [1, 2, 3, 4, 5, 6, 7],
    ]) {
      const texts = new Set<string>();
      for (let n = 0; n < 50; n++) {
        const fault = randomFault(name, servers, new Draw().begin(1, n));
        const [step] = readTimeline({ steps: [{ at: 0, ...fault }] }, { servers, seed: n }).steps;
        texts.add(step?.text ?? '');
      }
      t.ok(texts.size > 2, `${name} among ${servers.length}: ${texts.size} different ones of 50`);
    }
  }
});

const step = (value: unknown) => ({ steps: [{ at: 0, heal: true }, value] });
const random = (value: object) => ({ random: [{ for: '10s', every: '1s', ...value }] });
const duration = 'is no time up to 24h; write it with its unit, as 200ms or 1.5s';
const object = 'is no object; give its fields by name, as {"name": "value"}';
const faults = `give a list of faults: ${randomFaultNames.join(', ')}`;
const wrong: readonly (readonly [script: unknown, text: string])[] = [
  [undefined, `nothing ${object}`],
  ['storm.toml', `"storm.toml" ${object}`],
  [{ stesp: [] }, 'stesp is unknown; there is name, seed, steps, random'],
  [{}, 'the script has no steps: write [[steps]] or [[random]]'],
  [{ steps: { at: 0 } }, 'steps is {"at":0}: give a list'],
  [{ random: 5 }, 'random is 5: give a list'],
  [{ ...step({ at: 0, heal: true }), seed: -1 }, 'seed is -1: give a whole number from 0 to 9007199254740991'],
  [{ ...step({ at: 0, heal: true }), name: 5 }, 'name is 5: give a text'],

  [step(5), 'steps[1]: is no object: give at, for, and a preset, a rule or heal'],
  [step({ preset: 'ring' }), 'steps[1]: at is missing: give a time, as 200ms'],
  [step({ at: '5', heal: true }), `steps[1]: at: "5" ${duration}`],
  [step({ at: 0, for: 'ever', do: 'drop' }), `steps[1]: for: "ever" ${duration}`],
  [step({ at: 0, for: 5 }), 'steps[1]: says nothing to do: give a preset, a rule or heal = true'],
  [step({ at: 0, heal: false }), 'steps[1]: heal is false: give true, or leave it out'],
  [step({ at: 0, heal: 1 }), 'steps[1]: heal is 1: give true or false'],
  [step({ at: 0, heal: true, preset: 'ring' }), 'steps[1]: preset is unknown; there is at, heal'],
  [step({ at: 0, heal: true, for: 5 }), 'steps[1]: for is unknown; there is at, heal'],
  [step({ at: 0, preset: 'isolate' }), 'steps[1]: server is missing: give a whole number from 1 to 65535'],
  [step({ at: 0, preset: 'ring' }), 'steps[1]: servers: [1,2,3]: this preset needs at least 5; name them in "servers"'],
  [step({ at: 0, do: 'drop', until: 5 }), 'steps[1]: until is unknown; there is id, match, do, group'],
  [step({ at: 0, rule: { do: 'drop' }, match: {} }), 'steps[1]: match is unknown; there is rule'],
  [
    step({ at: 0, rule: { id: 'a/b', do: 'drop' } }),
    'steps[1]: id: "a/b": give 1 to 100 printable characters without "/"',
  ],

  [random({ for: null }), 'random[0].for is missing: give a time, as 200ms'],
  [random({ least: '2s', most: '1s' }), 'random[0].most is "1s": give a time of at least 2s'],
  [random({ choose: [] }), `random[0].choose is []: ${faults}`],
  [random({ choose: ['cut', 'flood'] }), `random[0].choose is ["cut","flood"]: ${faults}`],
  [random({ choose: 'cut' }), `random[0].choose is "cut": ${faults}`],
  [random({ servers: [1] }), 'random[0].servers is [1]: give 3 servers or more by number, as [1, 2, 3]'],
  [
    random({ servers: [1], choose: ['cut'] }),
    'random[0].servers is [1]: give 2 servers or more by number, as [1, 2, 3]',
  ],
  [random({ servers: [1, 2, 2] }), 'random[0].servers is [1,2,2]: give 3 servers or more by number, as [1, 2, 3]'],
  [random({ servers: [0, 1, 2] }), 'random[0].servers is [0,1,2]: give 3 servers or more by number, as [1, 2, 3]'],
  [random({ upto: 5 }), 'random[0].upto is unknown; there is from, for, every, least, most, choose, servers'],
  [{ random: [5] }, `random[0]: 5 ${object}`],
];

t.test('what is wrong with a script names the step', async (t) => {
  for (const [script, text] of wrong) {
    const said = refusal(() => readTimeline(script, around));
    t.equal(said, text);
    t.ok(endsInRemedy(said), text);
  }
  const nobody = refusal(() => readTimeline(random({}), { servers: [], seed: 1 }));
  t.equal(nobody, 'random[0].servers is missing: give 3 servers or more by number, as [1, 2, 3]');
});

t.test('a script that is too long is refused before it is drawn', async (t) => {
  const endless = random({ for: '24h', every: '0.5ms' });
  t.match(
    refusal(() => readTimeline(endless, around)),
    /^random\[0\]\.every is "0\.5ms": give a time above 0 that makes \d+ faults or fewer$/,
  );
  t.match(
    refusal(() => readTimeline(random({ every: 0 }), around)),
    /^random\[0\]\.every is 0: give a time above 0 that makes \d+ faults or fewer$/,
  );
  const many = Array.from({ length: 20 }, () => ({ for: '15m', every: '1s' }));
  t.match(
    refusal(() => readTimeline({ random: many }, around)),
    /^the script has more than \d+ steps: give fewer$/,
  );
  const items = Array.from({ length: 200_000 }, () => 0);
  t.match(
    refusal(() => readTimeline({ steps: items }, around)),
    /^steps has 200000 items: give \d+ at most$/,
  );
  const forEver = Array.from({ length: 300 }, () => ({ at: 0, do: 'drop' }));
  t.match(
    refusal(() => readTimeline({ steps: forEver }, around)),
    /^the script sets 300 rules at once: \d+ at most; give them a "for"$/,
  );
  const inTurn = forEver.map((step, at) => ({ ...step, at, for: 1 }));
  t.equal(readTimeline({ steps: inTurn }, around).steps.length, 600, 'one after the other they may');
});
