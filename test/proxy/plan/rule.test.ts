/** Rules as they are read, shown and named. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { isRuleId, readRule, ruleText, shownRule } from '../../../src/proxy/plan/rule.js';
import { ruleKinds } from '../../../src/proxy/rules/index.js';
import { registry } from '../../../src/wire/index.js';
import { repeatable } from '../../support/repeatable.js';
import { anyRule } from './arbitrary.js';

t.test('a rule is shown in the form in which it is read, and means the same when it is read again', async (t) => {
  fc.assert(
    fc.property(anyRule, fc.constantFrom('', 'group 1'), (given, group) => {
      const rule = readRule(given, 'own name', group);
      const shown = JSON.parse(JSON.stringify(shownRule(rule))) as unknown;
      const again = readRule(shown, 'another name');
      assert.deepEqual(JSON.parse(JSON.stringify(again)), JSON.parse(JSON.stringify(rule)));
      assert.equal(again.kind, rule.kind);
      assert.deepEqual(again.match.codes, rule.match.codes);
      assert.equal(ruleText(again), ruleText(rule));
      assert.ok(!ruleText(rule).includes('\n'));
    }),
    repeatable,
  );
  t.pass('property held');
});

t.test('what is shown is what was given, and no more', async (t) => {
  const shown = (rule: unknown) => JSON.parse(JSON.stringify(shownRule(readRule(rule, 'rule-1')))) as unknown;
  t.same(shown({ do: 'drop' }), { id: 'rule-1', match: { from: '*', to: '*' }, do: { type: 'drop' } });
  const match = {
    from: [1, 'client'],
    to: 2,
    kinds: ['accept'],
    classes: ['p'],
    first: 3,
    every: 2,
    after: { kind: 'commit', count: 1 },
    probability: 0.25,
    window: { from: '1s', for: '1.5s' },
  };
  const whole = { id: 'a rule', group: 'g', match, do: { type: 'delay', time: '80ms' } };
  t.same(shown(whole), whole);
  t.same(shown({ match: { after: 'commit', probability: '25%', first: 1, every: 1 }, do: 'clog' }), {
    id: 'rule-1',
    match: { from: '*', to: '*', first: 1, after: { kind: 'commit', count: 1 }, probability: 0.25 },
    do: { type: 'clog' },
  });
});

t.test('what a rule is called in logs', async (t) => {
  const text = (rule: unknown) => ruleText(readRule(rule, 'rule-1'));
  const from = { match: { from: 1, to: [2, 'client'] } };
  t.same(
    [
      'drop',
      { type: 'delay', time: 1_500 },
      { type: 'delay', distribution: 'uniform', least: '1ms', most: '2ms' },
      { type: 'delay', distribution: 'normal', mean: '1ms', deviation: '2ms' },
      { type: 'delay', distribution: 'exponential', mean: '1ms' },
      { type: 'delay', distribution: 'longTail', least: '1ms', most: '2s' },
      'duplicate',
      { type: 'duplicate', copies: 3, gap: '5ms' },
      { type: 'reorder', frames: 2, within: '1s' },
      'corrupt',
      { type: 'throttle', bytesPerSecond: 100, shared: true },
      { type: 'clog', time: '1m' },
      'clog',
      'cutMidFrame',
      'reset',
      'refuse',
      'stall',
    ].map((action) => text({ ...from, do: action })),
    [
      'drop',
      'delay 1.5s',
      'delay 1ms to 2ms (uniform)',
      'delay 1ms ± 2ms (normal)',
      'delay 1ms (exponential)',
      'delay 1ms to 2s (longTail)',
      'duplicate',
      'duplicate 3 times every 5ms',
      'reorder behind 2 within 1s',
      'corrupt payload',
      'throttle 100 B/s shared',
      'clog 1m',
      'clog',
      'cut mid-frame',
      'reset',
      'refuse connections',
      'stall connections',
    ].map((what) => `rule-1: ${what} on 1>[2,"client"]`),
  );
  t.equal(text({ match: { classes: 'pa' }, do: 'drop' }), 'rule-1: drop on "*">"*" of {"classes":["p","a"]}');
  t.equal(new Set(ruleKinds.map(({ type }) => type)).size, ruleKinds.length, 'each kind is there once');
});

t.test('names: printable, on one line, fit for a path', async (t) => {
  const good = ['a', 'rule-1', 'cut 1 3 #2', 'steps[0]', 'langsam für Ägypten', '1>2', '"x"', 'x'.repeat(100)];
  for (const id of good) t.ok(isRuleId(id), id);
  for (const id of ['', ' a', 'a/b', 'a\tb', 'a\u0000', '\u007f', 'a\u0085b', 'x'.repeat(101)])
    t.notOk(isRuleId(id), JSON.stringify(id));
});

t.test('classes mean the kinds that PROTOCOL.md gives them; hello and its answers come only by name', async (t) => {
  const meant = (match: object): string[] => {
    const { codes } = readRule({ match, do: 'drop' }, 'a').match;
    return Object.values(registry).flatMap(({ type, code }) => (codes[code] === 1 ? [type] : []));
  };
  const everything = Object.keys(registry).filter(
    (type) => !['hello', 'challenge', 'proof', 'welcome', 'refuse'].includes(type),
  );
  t.same(meant({}), everything);
  t.same(meant({ kinds: 'hello' }), ['hello']);
  t.same(meant({ kinds: ['welcome', 'accept'] }), ['welcome', 'accept']);
  t.same(meant({ classes: 'p' }), ['prepare']);
  t.same(meant({ classes: 'a' }), ['accept']);
  t.same(meant({ classes: 'c' }), ['commit', 'chosen']);
  t.same(meant({ classes: 'g' }), ['learn', 'learnReply', 'stateRequest', 'stateChunk']);
  t.same(meant({ classes: 'r' }), ['forward']);
  t.same(meant({ classes: 'h' }), ['heartbeat', 'heartbeatReply']);
  t.same(meant({ classes: ['p', 'a'], kinds: 'nack' }), ['prepare', 'accept', 'nack'], 'both together');
});
