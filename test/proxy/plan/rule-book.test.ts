/** The rule book: which frames each rule hits, against a stupid twin; and that its chance is the seed's alone. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { Fate } from '../../../src/proxy/plan/fate.js';
import { readRule } from '../../../src/proxy/plan/rule.js';
import { RuleBook } from '../../../src/proxy/plan/rule-book.js';
import { registry } from '../../../src/wire/index.js';
import { repeatable } from '../../support/repeatable.js';
import { type Arrival, anyRule, arrivals, certainMatch, timelessRule } from './arbitrary.js';
import { Twin } from './twin.js';

const accept = registry.accept.code;

/** A book with these rules, named r0, r1, … */
function bookOf(seed: number, rules: readonly object[], setAtMs = 0): RuleBook {
  const book = new RuleBook(seed);
  book.set(
    rules.map((rule, place) => readRule(rule, `r${place}`)),
    setAtMs,
  );
  return book;
}

/** Which of `count` accepts 1>2 a book hits, one character each. */
function pattern(book: RuleBook, count: number): string {
  const link = book.link(1, 2);
  return Array.from({ length: count }, () => (link.judge(accept, 20, 0) === undefined ? '.' : 'x')).join('');
}

t.test('rules without chance act on exactly the frames that the stupid twin says', async (t) => {
  const window = fc.record({ from: fc.integer({ min: 0, max: 300 }), for: fc.integer({ min: 0, max: 300 }) });
  const match = fc.tuple(certainMatch, fc.option(window, { nil: undefined }));
  // At some frames a rule is set anew, or taken away.
  const change = fc.record({ at: fc.nat(80), rule: fc.nat(3), isRemoved: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(match, { minLength: 1, maxLength: 4 }),
      arrivals,
      fc.array(change),
      (given, frames, changes) => {
        const matches = given.map(([certain, within]) =>
          within === undefined ? certain : { ...certain, window: within },
        );
        const book = new RuleBook(1);
        const twin = new Twin();
        const set = (place: number, nowMs: number): void => {
          const ofRule = matches[place];
          if (ofRule === undefined) return;
          book.set([readRule({ match: ofRule, do: 'drop' }, `r${place}`)], nowMs);
          twin.set(`r${place}`, ofRule, nowMs);
        };
        for (const place of matches.keys()) set(place, 0);
        let nowMs = 0;
        for (const [at, { from, to, code, gapMs }] of frames.entries()) {
          nowMs += gapMs;
          for (const { rule, isRemoved } of changes.filter((one) => one.at === at)) {
            if (!isRemoved) set(rule, nowMs);
            else {
              book.remove([`r${rule}`]);
              twin.remove(`r${rule}`);
            }
          }
          const acting = twin.acting(from, to, code, nowMs);
          const fate = book.link(from, to).judge(code, 20, nowMs);
          assert.deepEqual(fate?.notes.map(({ rule }) => rule) ?? [], acting, `frame ${at}`);
          assert.equal(fate?.dropped ?? false, acting.length > 0);
        }
      },
    ),
    repeatable,
  );
  t.pass('property held');
});

/** What one rule has decided about a frame. */
function decisionOf(rule: string, fate: Fate | undefined): unknown {
  if (fate === undefined) return undefined;
  const own = {
    notes: fate.notes.filter((note) => note.rule === rule),
    holds: fate.holds.filter((hold) => hold.rule === rule),
  };
  return own.notes.length === 0 ? undefined : own;
}

/** By link, what each rule has decided about each frame. */
function decisions(book: RuleBook, rules: number, frames: readonly Arrival[], startMs = 0): Map<string, unknown[]> {
  const byLink = new Map<string, unknown[]>();
  let nowMs = startMs;
  for (const { from, to, code, bytes, gapMs } of frames) {
    nowMs += gapMs;
    const fate = book.link(from, to).judge(code, bytes, nowMs);
    const list = byLink.get(`${from}>${to}`) ?? [];
    byLink.set(`${from}>${to}`, [...list, Array.from({ length: rules }, (_, at) => decisionOf(`r${at}`, fate))]);
  }
  return byLink;
}

t.test('the same seed, rules and frames give the same decisions, whatever else happens and whenever', async (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
      fc.array(timelessRule, { minLength: 1, maxLength: 4 }),
      arrivals,
      anyRule,
      fc.array(fc.nat(50), { minLength: 1 }),
      (seed, rules, frames, noise, gaps) => {
        const first = decisions(bookOf(seed, rules), rules.length, frames);
        // Again at other times, the links interleaved differently, and with another rule beside these.
        const late = frames.map((frame, at) => ({ ...frame, gapMs: gaps[at % gaps.length] as number }));
        const byLink = late.toSorted((a, b) => `${a.from}>${a.to}`.localeCompare(`${b.from}>${b.to}`));
        const again = bookOf(seed, rules, 5_000);
        again.set([readRule(noise, 'noise')], 5_000);
        const second = decisions(again, rules.length, byLink, 5_000);
        for (const [link, list] of first) assert.deepEqual(second.get(link), list, link);
      },
    ),
    repeatable,
  );
  t.pass('property held');
});

t.test('another seed, another rule name or another link decides otherwise', async (t) => {
  const half = { match: { probability: 0.5 }, do: 'drop' };
  const one = pattern(bookOf(7, [half]), 200);
  t.equal(pattern(bookOf(7, [half]), 200), one);
  t.not(pattern(bookOf(8, [half]), 200), one, 'another seed');
  t.not(pattern(bookOf(7 + 2 ** 32, [half]), 200), one, 'a seed that differs above 32 bits');
  t.not(pattern(bookOf(7, [{ ...half, id: 'other' }]), 200), one, 'another name');
  const book = bookOf(7, [half]);
  const other = Array.from({ length: 200 }, () => (book.link(2, 1).judge(accept, 20, 0) === undefined ? '.' : 'x'));
  t.not(other.join(''), one, 'the other direction');
  t.equal(pattern(book, 200), one, 'which does not shift the draws of this one');
});

t.test('probability: the right share, and chance does not change which frames are counted', async (t) => {
  for (const probability of [0.02, 0.2, 0.5, 0.95]) {
    const hits = pattern(bookOf(3, [{ match: { probability }, do: 'drop' }]), 20_000).replaceAll('.', '').length;
    // Five deviations of a binomial distribution.
    const spread = 5 * Math.sqrt(20_000 * probability * (1 - probability));
    t.ok(Math.abs(hits - 20_000 * probability) < spread, `${hits} of 20,000 at ${probability}`);
  }
  t.notMatch(pattern(bookOf(3, [{ match: { probability: 0 }, do: 'drop' }]), 1_000), /x/, 'never');
  t.notMatch(pattern(bookOf(3, [{ match: { probability: 1 }, do: 'drop' }]), 1_000), /\./, 'always');
  const all = pattern(bookOf(3, [{ match: { probability: '50%' }, do: 'drop' }]), 100);
  const third = pattern(bookOf(3, [{ match: { probability: '50%', every: 3 }, do: 'drop' }]), 100);
  t.equal(third, [...all].map((one, at) => ((at + 1) % 3 === 0 ? one : '.')).join(''), 'the draw is that of the frame');
});

t.test('no rule ever acts on a link with the balancer, or with an end that is not known yet', async (t) => {
  const opening = fc
    .constantFrom('refuse', 'stall')
    .map((action) => ({ match: { from: ['*', 'client'], to: ['*', 'client'] }, do: action }));
  fc.assert(
    fc.property(fc.array(fc.oneof(anyRule, opening), { minLength: 1, maxLength: 6 }), fc.nat(255), (rules, code) => {
      const book = bookOf(1, rules);
      for (const hidden of ['balancer', 'unknown'] as const) {
        for (const end of [1, 2, 'client', 'balancer'] as const) {
          for (const link of [book.link(end, hidden), book.link(hidden, end)]) {
            assert.equal(link.judge(code, 20, 10), undefined, link.name);
            assert.equal(link.concerns(code), false, link.name);
            assert.equal(link.opening(10), undefined, link.name);
          }
        }
      }
    }),
    repeatable,
  );
  t.pass('property held');
});

t.test(
  'rules act in the order in which they were set; one that is replaced keeps its place and begins anew',
  async (t) => {
    const book = new RuleBook(1);
    const drop = (id: string, match: object = {}) => readRule({ id, match, do: 'drop' }, '');
    book.set([drop('a', { first: 1 }), drop('b')], 0);
    book.set([drop('c')], 0);
    const names = () =>
      book
        .link(1, 2)
        .judge(accept, 20, 0)
        ?.notes.map(({ rule }) => rule);
    t.same(names(), ['a', 'b', 'c']);
    t.same(names(), ['b', 'c'], 'a has had its first');
    t.same(
      book.list().map(({ rule, matched, applied }) => [rule.id, matched, applied]),
      [
        ['a', 2, 1],
        ['b', 2, 2],
        ['c', 2, 2],
      ],
    );
    book.set([drop('a', { first: 1 })], 0);
    t.same(names(), ['a', 'b', 'c'], 'a counts anew, in its place');
    t.same(book.remove(['b', 'nobody']), ['b'], 'what was there');
    t.ok(book.has('a'));
    t.notOk(book.has('b'));
    t.same(names(), ['c']);
    t.equal(book.nextId(), 'rule-1');
    book.set([drop('rule-2')], 0);
    t.equal(book.nextId(), 'rule-3', 'a name that is taken is passed over');
  },
);

t.test('what connections that open meet: the first rule that means them, by the same matching', async (t) => {
  const book = bookOf(1, [
    { id: 'second', match: { from: 1, every: 2 }, do: 'refuse' },
    { id: 'later', match: { from: [1, 'client'], to: 2, window: { from: 100 } }, do: 'stall' },
    { id: 'drop', match: { from: '*' }, do: 'drop' },
  ]);
  const at = (from: number | 'client', nowMs: number): string => {
    const found = book.link(from, 2).opening(nowMs);
    return found === undefined ? 'pass' : `${found.opening} by ${found.rule.id}`;
  };
  t.same(
    [at(1, 0), at(1, 0), at(1, 100), at(1, 100)],
    ['pass', 'refuse by second', 'stall by later', 'refuse by second'],
  );
  t.same([at('client', 0), at('client', 100), at(3, 100)], ['pass', 'stall by later', 'pass']);
  t.equal(book.link(1, 2).judge(accept, 20, 0)?.notes.length, 1, 'such rules leave frames alone');
  const chance = bookOf(5, [{ match: { probability: 0.5 }, do: 'refuse' }]);
  const openings = Array.from({ length: 100 }, () => chance.link(1, 2).opening(0)?.opening);
  t.ok(openings.includes(undefined) && openings.includes('refuse'), 'by chance, too');
});
