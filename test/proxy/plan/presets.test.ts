/**
 * Presets: which directed links each of them cuts, for 3, 5 and 7 servers, and what is wrong with those that are none.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { presetList, presetRules } from '../../../src/proxy/plan/presets.js';
import { RuleBook } from '../../../src/proxy/plan/rule-book.js';
import { registry } from '../../../src/wire/index.js';
import { repeatable } from '../../support/repeatable.js';
import { endsInRemedy, refusal } from './refused.js';

const clusters = [3, 5, 7].map((size) => Array.from({ length: size }, (_, place) => place + 1));

/** The links between these servers on which everything, heartbeats included, is lost; and those of clients. */
function cutLinks(preset: object, servers: readonly number[], seed = 1): string[] {
  const book = new RuleBook(seed);
  book.set(presetRules(preset as Record<string, unknown>, { servers, seed }), 0);
  const ends = [...servers, 'client' as const];
  return ends
    .flatMap((from) => ends.map((to) => book.link(from, to)))
    .filter(({ from, to }) => from !== to)
    .filter((link) => {
      const lost = ['heartbeat', 'accept', 'pong'] as const;
      const dropped = lost.filter((kind) => link.judge(registry[kind].code, 20, 0)?.dropped === true);
      assert.ok(dropped.length === 0 || dropped.length === lost.length, `${link.name} loses only ${dropped.join()}`);
      return dropped.length > 0;
    })
    .map(({ name }) => name);
}

/** The stupid twin: all links a>b for which `isCut` holds. */
function links(servers: readonly number[], isCut: (from: number, to: number) => boolean): string[] {
  return servers.flatMap((from) => servers.filter((to) => to !== from && isCut(from, to)).map((to) => `${from}>${to}`));
}

for (const servers of clusters) {
  const size = servers.length;
  t.test(`cut, isolate, halves and bridge among ${size}`, async (t) => {
    const pair = (from: number, to: number) => (from === 1 && to === 3) || (from === 3 && to === 1);
    t.same(cutLinks({ preset: 'cut', a: 1, b: 3 }, servers), links(servers, pair));
    t.same(cutLinks({ preset: 'cut', a: 1, b: 3, oneWay: false }, servers), links(servers, pair));
    t.same(cutLinks({ preset: 'cut', a: 3, b: 1, oneWay: true }, servers), ['3>1']);
    t.same(
      cutLinks({ preset: 'cut', a: 2, b: '*', oneWay: true }, servers),
      links(servers, (from) => from === 2),
    );
    t.same(
      cutLinks({ preset: 'cut', a: '*', b: '*' }, servers),
      links(servers, () => true),
    );
    t.same(cutLinks({ preset: 'cut', a: 'client', b: 2, oneWay: true }, servers), ['client>2']);
    t.same(
      cutLinks({ preset: 'isolate', server: 2 }, servers),
      links(servers, (from, to) => from === 2 || to === 2),
    );
    const half = (id: number) => (id <= size / 2 ? 'low' : 'high');
    const groups = [servers.filter((id) => half(id) === 'low'), servers.filter((id) => half(id) === 'high')];
    t.same(
      cutLinks({ preset: 'halves', groups }, servers),
      links(servers, (a, b) => half(a) !== half(b)),
    );
    t.same(
      cutLinks({ preset: 'halves', groups: [[1], [2], [3]] }, servers),
      links(servers, (a, b) => a <= 3 && b <= 3),
      'three groups; whoever is in none hears all',
    );
    // The bridge is 2; the others are split in their order, the larger half first.
    const others = servers.filter((id) => id !== 2);
    const first = new Set(others.slice(0, Math.ceil(others.length / 2)));
    t.same(
      cutLinks({ preset: 'bridge', server: 2 }, servers),
      links(servers, (a, b) => a !== 2 && b !== 2 && first.has(a) !== first.has(b)),
    );
    t.same(cutLinks({ preset: 'bridge', server: 2, servers: [1, 2, 3] }, servers), ['1>3', '3>1']);
  });
}

t.test('ring: each server keeps a majority, in both directions, and no two the same', async (t) => {
  for (const size of [5, 6, 7, 8, 9, 15]) {
    const servers = Array.from({ length: size }, (_, place) => 10 * (place + 1));
    const cut = new Set(cutLinks({ preset: 'ring' }, servers));
    const heard = servers.map((id) => servers.filter((other) => !cut.has(`${other}>${id}`)));
    const reached = servers.map((id) => servers.filter((other) => !cut.has(`${id}>${other}`)));
    t.same(heard, reached, `${size}: symmetric`);
    t.ok(
      heard.every((ids) => ids.length > size / 2),
      `${size}: majorities`,
    );
    t.equal(new Set(heard.map((ids) => ids.join())).size, size, `${size}: each another one`);
    const common = servers.filter((id) => heard.every((ids) => ids.includes(id)));
    t.same(common, [], `${size}: no server that all of them hear`);
  }
  const refused = refusal(() => cutLinks({ preset: 'ring' }, [1, 2, 3]));
  t.equal(refused, 'servers: [1,2,3]: this preset needs at least 5; name them in "servers"');
});

t.test('random: a function of the seed and the name, with its probability', async (t) => {
  const nine = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  fc.assert(
    fc.property(
      fc.nat(),
      fc.constantFrom(0, 0.2, 0.5, 1),
      fc.constantFrom(...clusters),
      (seed, probability, servers) => {
        const preset = { preset: 'random', probability, id: 'r' };
        const cut = cutLinks(preset, servers, seed);
        assert.deepEqual(cutLinks({ ...preset, servers: servers.toReversed() }, servers, seed), cut);
        assert.ok(cut.every((name) => !name.includes('client')));
        if (probability === 0) assert.deepEqual(cut, []);
        if (probability === 1)
          assert.deepEqual(
            cut,
            links(servers, () => true),
          );
      },
    ),
    repeatable,
  );
  const seven = cutLinks({ preset: 'random' }, nine, 7);
  t.notSame(cutLinks({ preset: 'random' }, nine, 8), seven, 'another seed');
  t.notSame(cutLinks({ preset: 'random', id: 'again' }, nine, 7), seven, 'another name');
  const counts = Array.from({ length: 100 }, (_, seed) => cutLinks({ preset: 'random' }, nine, seed).length);
  const share = counts.reduce((sum, count) => sum + count, 0) / 7_200;
  t.ok(share > 0.46 && share < 0.54, `${share} of all links`);
});

t.test('delay and loss are rules of those kinds between two ends', async (t) => {
  const rules = (preset: object) =>
    presetRules(preset as Record<string, unknown>, { servers: [1, 2, 3], seed: 1 }).map(({ match, action }) => ({
      match: JSON.parse(JSON.stringify(match.shown)) as unknown,
      do: action,
    }));
  t.same(rules({ preset: 'delay', a: 1, b: 2, time: '80ms' }), [
    { match: { from: 1, to: 2 }, do: { type: 'delay', time: '80ms' } },
    { match: { from: 2, to: 1 }, do: { type: 'delay', time: '80ms' } },
  ]);
  const tail = { distribution: 'longTail', least: '1ms', most: '1s' };
  t.same(rules({ preset: 'delay', a: 1, b: '*', oneWay: true, kinds: ['accept'], ...tail }), [
    { match: { from: 1, to: '*', kinds: ['accept'] }, do: { type: 'delay', ...tail } },
  ]);
  t.same(rules({ preset: 'loss', a: 1, b: 2, oneWay: true, probability: '20%', classes: 'pa' }), [
    { match: { from: 1, to: 2, classes: ['p', 'a'], probability: 0.2 }, do: { type: 'drop' } },
  ]);
  t.same(rules({ preset: 'loss', a: 1, b: 2, oneWay: true, probability: 1 }), [
    { match: { from: 1, to: 2 }, do: { type: 'drop' } },
  ]);
});

t.test('names: from its words or its id, numbered when there are several, grouped under one name', async (t) => {
  const named = (preset: object) =>
    presetRules(preset as Record<string, unknown>, { servers: [1, 2, 3], seed: 1 }).map(({ id, group }) => [id, group]);
  t.same(named({ preset: 'cut', a: 1, b: 3, oneWay: true }), [['cut 1 3 oneWay', 'cut 1 3 oneWay']]);
  t.same(named({ preset: 'isolate', server: 2, id: null, group: null }), [
    ['isolate 2 #1', 'isolate 2'],
    ['isolate 2 #2', 'isolate 2'],
  ]);
  t.same(named({ preset: 'halves', groups: [[1, 2], [3]], id: 'split' }), [
    ['split #1', 'split'],
    ['split #2', 'split'],
  ]);
  t.same(named({ preset: 'halves', groups: [[1, 2], [3]] })[0], ['halves 1,2|3 #1', 'halves 1,2|3']);
  t.same(named({ preset: 'cut', a: 1, b: 2, oneWay: true, group: 'storm' }), [['cut 1 2 oneWay', 'storm']]);
});

const names = presetList.map(({ name }) => name).join(', ');
const whole = 'give a whole number from 1 to 65535';
const groups = 'give two or more lists of servers, as [[1, 2], [3]]';
const wrong: readonly (readonly [preset: object, text: string])[] = [
  [{ preset: 'cat' }, `preset is "cat": give one of ${names}`],
  [{ preset: 'cut', a: 1 }, `b is missing: ${whole}`],
  [{ preset: 'cut', a: 1, b: 'x' }, `b is "x": ${whole}`],
  [{ preset: 'cut', a: 1, b: 1 }, 'b is 1: give another end than a'],
  [{ preset: 'cut', a: 1, b: 2, oneWay: 1 }, 'oneWay is 1: give true or false'],
  [{ preset: 'cut', a: 1, b: 2, both: true }, 'both is unknown; there is preset, id, group, a, b, oneWay'],
  [{ preset: 'isolate', server: 0 }, `server is 0: ${whole}`],
  [{ preset: 'halves' }, `groups is missing: ${groups}`],
  [{ preset: 'halves', groups: [[1, 2]] }, `groups is [[1,2]]: ${groups}`],
  [{ preset: 'halves', groups: [[1], []] }, `groups is [[1],[]]: ${groups}`],
  [{ preset: 'halves', groups: [[1], ['a']] }, `groups is [[1],["a"]]: ${groups}`],
  [{ preset: 'halves', groups: [[1, 2], [2]] }, 'groups is [[1,2],[2]]: give each server in one group only'],
  [
    { preset: 'bridge', server: 1, servers: [1, 2] },
    'servers: [1,2]: this preset needs at least 3; name them in "servers"',
  ],
  [{ preset: 'ring', servers: 5 }, 'servers: 5: this preset needs at least 5; name them in "servers"'],
  [{ preset: 'random', servers: [1, 0] }, 'servers: [1,0]: this preset needs at least 2; name them in "servers"'],
  [{ preset: 'random', probability: 2 }, 'probability is 2: give a number from 0 to 1'],
  [{ preset: 'loss', a: 1, b: 2 }, 'probability: nothing is no probability; give 0 to 1, or a percentage as "20%"'],
  [{ preset: 'delay', a: 1, b: 2 }, 'do.time is missing: give a time, as 200ms'],
  [{ preset: 'cut', a: 1, b: 2, id: 'a/b' }, 'id: "a/b #1": give 1 to 100 printable characters without "/"'],
];

t.test('what is wrong with a preset', async (t) => {
  for (const [preset, text] of wrong) {
    const said = refusal(() => presetRules(preset as Record<string, unknown>, { servers: [], seed: 1 }));
    t.equal(said, text);
    t.ok(endsInRemedy(said), text);
  }
});
