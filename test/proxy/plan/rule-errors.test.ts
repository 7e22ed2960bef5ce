/** Everything that can be wrong with a rule, with the text that a user then reads. */
import t from 'tap';
import { readRule } from '../../../src/proxy/plan/rule.js';
import { ruleKinds } from '../../../src/proxy/rules/index.js';
import { registry } from '../../../src/wire/index.js';
import { endsInRemedy, refusal } from './refused.js';

const kinds = `there is ${Object.keys(registry).join(' ')}`;
const types = `give one of ${ruleKinds.map(({ type }) => type).join(', ')}`;
const duration = 'is no time up to 24h; write it with its unit, as 200ms or 1.5s';
const end = 'is no end of a link; give a server\'s number, "*" or "client"';
const form = '1 to 100 printable characters without "/"';
const object = 'is no object; give its fields by name, as {"name": "value"}';
const whole = 'give a whole number from 1 to 9007199254740991';

/** A rule that drops, with this match. */
const match = (value: unknown) => ({ match: value, do: 'drop' });
const act = (value: unknown) => ({ do: value });

const wrong: readonly (readonly [what: string, rule: unknown, text: string])[] = [
  ['no object', 5, `5 ${object}`],
  ['nothing', undefined, `nothing ${object}`],
  ['a list', [], `[] ${object}`],
  ['an unknown field', { ...match({}), macth: {} }, 'macth is unknown; there is id, match, do, group'],
  ['an id of the wrong type', { id: 7, do: 'drop' }, 'id is 7: give a text'],
  ['an empty id', { id: '', do: 'drop' }, `id: "": give ${form}`],
  ['an id with a slash', { id: 'a/b', do: 'drop' }, `id: "a/b": give ${form}`],
  ['an id of two lines', { id: 'a\nb', do: 'drop' }, `id: "a\\nb": give ${form}`],
  ['an id that is too long', { id: 'x'.repeat(101), do: 'drop' }, `id: "${'x'.repeat(99)}…: give ${form}`],
  ['a group with a slash', { group: 'a/b', do: 'drop' }, `group is "a/b": give what an id may be: ${form}`],
  ['a group of the wrong type', { group: {}, do: 'drop' }, 'group is {}: give a text'],

  ['a match that is none', match('1>2'), `match: "1>2" ${object}`],
  [
    'an unknown field of a match',
    match({ kind: 'accept' }),
    'match.kind is unknown; there is from, to, kinds, classes, first, every, after, probability, window',
  ],
  ['a server 0', match({ from: 0 }), `match.from: 0 ${end}`],
  ['a server too many', match({ to: 65_536 }), `match.to: 65536 ${end}`],
  ['half a server', match({ to: 1.5 }), `match.to: 1.5 ${end}`],
  ['an end by a wrong name', match({ to: [1, 'clients'] }), `match.to: "clients" ${end}`],
  ['the balancer', match({ from: 'balancer' }), `match.from: "balancer" ${end}`],
  ['no ends', match({ from: [] }), 'match.from is an empty list: name servers, "*" or "client"'],
  ['an unknown kind', match({ kinds: 'acept' }), `match.kinds: "acept" is no kind of frame; ${kinds}`],
  ['a kind in capitals', match({ kinds: ['accept', 'Commit'] }), `match.kinds: "Commit" is no kind of frame; ${kinds}`],
  ['a kind by its code', match({ kinds: [7] }), `match.kinds: 7 is no kind of frame; ${kinds}`],
  ['no kinds', match({ kinds: [] }), 'match.kinds is an empty list: leave it out to mean every kind'],
  ['an unknown class', match({ classes: 'pax' }), 'match.classes: "x" is no class; there is p a c g r h'],
  ['a class s', match({ classes: ['s'] }), 'match.classes: "s" is no class; there is p a c g r h'],
  ['classes of the wrong type', match({ classes: 5 }), 'match.classes: 5 is no class; there is p a c g r h'],
  ['no classes', match({ classes: [] }), 'match.classes is an empty list: leave it out to mean every class'],
  [
    'an empty text of classes',
    match({ classes: '' }),
    'match.classes is an empty list: leave it out to mean every class',
  ],
  ['first 0', match({ first: 0 }), `match.first is 0: ${whole}`],
  ['every 1.5', match({ every: 1.5 }), `match.every is 1.5: ${whole}`],
  ['every as a text', match({ every: '2' }), `match.every is "2": ${whole}`],
  ['after an unknown kind', match({ after: 'acept' }), `match.after: "acept" is no kind of frame; ${kinds}`],
  ['after no kind', match({ after: { count: 2 } }), `match.after.kind: nothing is no kind of frame; ${kinds}`],
  ['after -1', match({ after: { kind: 'accept', count: -1 } }), `match.after.count is -1: ${whole}`],
  ['after and what', match({ after: { kind: 'accept', n: 1 } }), 'match.after.n is unknown; there is kind, count'],
  [
    'a probability above 1',
    match({ probability: 1.5 }),
    'match.probability: 1.5 is no probability; give 0 to 1, or a percentage as "20%"',
  ],
  [
    'a probability without its sign',
    match({ probability: '20' }),
    'match.probability: "20" is no probability; give 0 to 1, or a percentage as "20%"',
  ],
  [
    'a percentage above 100',
    match({ probability: '120%' }),
    'match.probability: "120%" is no probability; give 0 to 1, or a percentage as "20%"',
  ],
  ['a window that is none', match({ window: '5s' }), `match.window: "5s" ${object}`],
  ['a window with an end', match({ window: { until: 5 } }), 'match.window.until is unknown; there is from, for'],
  ['a window without units', match({ window: { from: '5' } }), `match.window.from: "5" ${duration}`],
  ['a window for too long', match({ window: { for: '25h' } }), `match.window.for: "25h" ${duration}`],

  ['nothing to do', { match: {} }, 'do is missing: give what to do, as "drop" or {"type": "delay", "time": "200ms"}'],
  [
    'nothing to do, in a word',
    act(null),
    'do is null: give what to do, as "drop" or {"type": "delay", "time": "200ms"}',
  ],
  ['something that is no rule', act(5), `do: 5 ${object}`],
  ['an unknown rule', act('dorp'), `do.type is "dorp": ${types}`],
  ['a rule without its type', act({ time: '5s' }), `do.type is missing: ${types}`],
  ['an unknown field of a rule', act({ type: 'drop', probability: 1 }), 'do.probability is unknown; there is type'],
  ['a delay of nothing', act('delay'), 'do.time is missing: give a time, as 200ms'],
  ['a delay without its unit', act({ type: 'delay', time: '200' }), `do.time: "200" ${duration}`],
  ['a delay into the past', act({ type: 'delay', time: -1 }), `do.time: -1 ${duration}`],
  ['a delay of more than a day', act({ type: 'delay', time: '1441m' }), `do.time: "1441m" ${duration}`],
  ['a delay that is a list', act({ type: 'delay', time: [1] }), `do.time: [1] ${duration}`],
  [
    'a distribution that is none',
    act({ type: 'delay', distribution: 'gauss', time: 1 }),
    'do.distribution is "gauss": give one of fixed, uniform, normal, exponential, longTail',
  ],
  [
    'a fixed delay with a mean',
    act({ type: 'delay', time: 1, mean: 1 }),
    'do.mean is unknown; there is type, distribution, time',
  ],
  [
    'a uniform delay the wrong way round',
    act({ type: 'delay', distribution: 'uniform', least: '2s', most: '1s' }),
    'do.most is "1s": give a time of at least 2s',
  ],
  [
    'a normal delay without its deviation',
    act({ type: 'delay', distribution: 'normal', mean: 1 }),
    'do.deviation is missing: give a time, as 200ms',
  ],
  ['0 copies', act({ type: 'duplicate', copies: 0 }), 'do.copies is 0: give a whole number from 1 to 100'],
  ['101 copies', act({ type: 'duplicate', copies: 101 }), 'do.copies is 101: give a whole number from 1 to 100'],
  ['behind 0 frames', act({ type: 'reorder', frames: 0 }), 'do.frames is 0: give a whole number from 1 to 10000'],
  [
    'damage to what is not there',
    act({ type: 'corrupt', what: 'checksum' }),
    'do.what is "checksum": give one of payload, length, truncate',
  ],
  [
    'a throttle without its rate',
    act('throttle'),
    'do.bytesPerSecond is missing: give a whole number from 1 to 1000000000000',
  ],
  [
    'a throttle that is shared by whom',
    act({ type: 'throttle', bytesPerSecond: 1, shared: 'all' }),
    'do.shared is "all": give true or false',
  ],
  [
    'kinds of connections',
    { match: { kinds: 'accept' }, do: 'refuse' },
    'match.kinds is about frames, and refuse about connections that open: leave it out',
  ],
  [
    'connections after a frame',
    { match: { after: 'accept' }, do: 'stall' },
    'match.after is about frames, and stall about connections that open: leave it out',
  ],
];

for (const [what, rule, text] of wrong) {
  t.test(what, async (t) => {
    const said = refusal(() => readRule(rule, 'rule-1'));
    t.equal(said, text);
    t.ok(endsInRemedy(said), 'and ends in what to do');
  });
}

t.test('a field that is null counts as absent', async (t) => {
  const rule = { id: null, group: null, match: null, do: { type: 'duplicate', copies: null, gap: null } };
  t.equal(
    refusal(() => readRule(rule, 'rule-1')),
    'it was taken',
  );
  const empty = { from: null, to: null, kinds: null, classes: null, first: null, every: null, after: null };
  t.equal(
    refusal(() => readRule({ match: { ...empty, probability: null, window: null }, do: 'drop' }, 'a')),
    'it was taken',
  );
});
