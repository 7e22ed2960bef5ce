/** The write-up's fault grammar: what it takes, what it refuses, and what each letter does on which link. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { modeRules, readMode } from '../../../src/proxy/plan/mode.js';
import { RuleBook } from '../../../src/proxy/plan/rule-book.js';
import { type FaultClass, type MessageType, registry } from '../../../src/wire/index.js';
import { repeatable } from '../../support/repeatable.js';
import { endsInRemedy, refusal } from './refused.js';

const kinds = Object.keys(registry) as MessageType[];
const servers = [1, 2, 3];

/** What modes do to each kind of frame on a link: a delay in seconds, `lost`, or 0. */
function effects(modes: Readonly<Record<number, string>>, from: number, to: number | 'client' | 'balancer') {
  const book = new RuleBook(0);
  for (const [server, mode] of Object.entries(modes)) book.set(modeRules(Number(server), mode), 0);
  const link = book.link(from, to);
  return (kind: MessageType): number | 'lost' => {
    const fate = link.judge(registry[kind].code, 20, 0);
    return fate?.dropped === true ? 'lost' : (fate?.delayMs ?? 0) / 1_000;
  };
}

/** The kinds that each letter means, spelled out from BEHAVIOUR.md 5. */
const table: Readonly<Record<string, readonly MessageType[]>> = {
  p: ['prepare'],
  a: ['accept'],
  c: ['commit', 'chosen'],
  g: ['learn', 'learnReply', 'stateRequest', 'stateChunk'],
  r: ['forward'],
};

t.test('each letter delays its frames on every link of its server, both directions, and no others', async (t) => {
  for (const [letter, meant] of Object.entries(table)) {
    const modes = { 1: `${letter}:7` };
    for (const [from, to, isIts] of [
      [1, 2, true],
      [3, 1, true],
      [2, 3, false],
    ] as const) {
      const effect = effects(modes, from, to);
      for (const kind of kinds) {
        const wanted = isIts && meant.includes(kind) ? 7 : 0;
        if (effect(kind) !== wanted)
          t.fail(`${letter}: ${kind} on ${from}>${to} by ${effect(kind)} s instead of ${wanted}`);
      }
    }
    t.pass(`${letter}: ${meant.join(' ')}`);
  }
});

t.test(
  's delays all of them, in addition to each own delay; d loses everything but hello and its answers',
  async (t) => {
    const all = Object.values(table).flat();
    const slow = effects({ 1: 's:2' }, 1, 2);
    t.same(
      kinds.filter((kind) => slow(kind) !== 0),
      all.toSorted((a, b) => kinds.indexOf(a) - kinds.indexOf(b)),
    );
    t.ok(all.every((kind) => slow(kind) === 2));
    const both = effects({ 1: 'p:10::s:5::a:1' }, 2, 1);
    t.same([both('prepare'), both('accept'), both('commit'), both('heartbeat')], [15, 6, 5, 0]);
    for (const number of [0, 5]) {
      const dead = effects({ 1: `d:${number}` }, 1, 3);
      t.same(
        kinds.filter((kind) => dead(kind) !== 'lost'),
        ['hello', 'welcome', 'refuse', 'challenge', 'proof'],
        `d:${number}`,
      );
    }
  },
);

t.test('answers and heartbeats are never delayed by p a c g r s', async (t) => {
  const effect = effects({ 1: 'p:1::a:1::c:1::g:1::r:1::s:1' }, 1, 2);
  for (const kind of ['promise', 'accepted', 'nack', 'forwardOk', 'heartbeat', 'heartbeatReply'] as const) {
    t.equal(effect(kind), 0, kind);
  }
  for (const kind of ['learn', 'learnReply'] as const) t.equal(effect(kind), 2, `${kind} by its own letter`);
});

t.test('letters and servers combine: every item that means a frame adds its delay', async (t) => {
  const letter = fc.constantFrom('p', 'a', 'c', 'g', 'r', 's', 'd');
  const seconds = fc.oneof({ weight: 9, arbitrary: fc.nat(60) }, { weight: 1, arbitrary: fc.nat(86_400) });
  const mode = fc.array(fc.tuple(letter, seconds), { maxLength: 5 });
  const link = fc.constantFrom(...servers.flatMap((a) => servers.filter((b) => b !== a).map((b) => [a, b] as const)));
  fc.assert(
    fc.property(fc.tuple(mode, mode, mode), link, fc.constantFrom(...kinds), (items, [from, to], kind) => {
      const modes = Object.fromEntries(
        items.map((list, at) => [at + 1, list.map((item) => item.join(':')).join('::')]),
      );
      // The twin: letters of both ends, one after the other.
      let wanted: number | 'lost' = 0;
      const letterOf: FaultClass | undefined = registry[kind].faultClass;
      for (const [own, number] of [...(items[from - 1] ?? []), ...(items[to - 1] ?? [])]) {
        if (own === 'd' && !['hello', 'challenge', 'proof', 'welcome', 'refuse'].includes(kind)) wanted = 'lost';
        const isMeant = own === letterOf || (own === 's' && letterOf !== undefined && letterOf !== 'h');
        if (isMeant && wanted !== 'lost') wanted += number;
      }
      assert.equal(effects(modes, from, to)(kind), wanted);
    }),
    repeatable,
  );
  t.pass('property held');
});

t.test('clients and the balancer are never touched', async (t) => {
  for (const to of ['client', 'balancer'] as const) {
    const effect = effects({ 1: 'd:0::s:9' }, 1, to);
    t.same(
      kinds.filter((kind) => effect(kind) !== 0),
      [],
      to,
    );
  }
});

t.test('the grammar: items of a letter and whole seconds, joined by ::', async (t) => {
  t.same(readMode(''), []);
  t.same(readMode('p:10::a:20::c:30'), [
    { letter: 'p', seconds: 10 },
    { letter: 'a', seconds: 20 },
    { letter: 'c', seconds: 30 },
  ]);
  t.same(
    readMode('d:0::p:86400::p:1').map(({ seconds }) => seconds),
    [0, 86_400, 1],
  );
  const bad: Readonly<Record<string, string>> = {
    'x:1': 'x:1',
    'P:1': 'P:1',
    'pa:1': 'pa:1',
    'p:': 'p:',
    p: 'p',
    ':5': ':5',
    'p:-1': 'p:-1',
    'p:1.5': 'p:1.5',
    'p:1s': 'p:1s',
    'p: 1': 'p: 1',
    'p:86401': 'p:86401',
    'p:100000': 'p:100000',
    'p:1:a:2': 'p:1:a:2',
    'p:1::': '',
    '::p:1': '',
    'p:1::y:2': 'y:2',
    d: 'd',
  };
  for (const [mode, item] of Object.entries(bad)) {
    for (const said of [refusal(() => readMode(mode)), refusal(() => modeRules(1, mode))]) {
      t.equal(said.split(':  ')[0]?.startsWith(`'${item}' is no fault: write letter:seconds`), true, mode);
      for (const words of ['p prepare', 'a accept', 'c commit', 'g learn', 'r forward', 's all of these', 'd drop']) {
        if (!said.includes(words)) t.fail(`${mode}: does not name ${words}`);
      }
      t.ok(endsInRemedy(said));
    }
  }
});
