/** What people write for the fault proxy: modes, rules, timelines in JSON and TOML, bodies of its API, addresses. */
import { parse as parseToml, TomlError } from 'smol-toml';
import type { Prng } from '../../../src/base/index.js';
import { ExitError, formatAddress, parseAddress } from '../../../src/base/index.js';
import { firstJsonValue } from '../../../src/proxy/api/first-json.js';
import { readApiAddress } from '../../../src/proxy/api/listen-hosts.js';
import { ApiError } from '../../../src/proxy/api/route.js';
import { readTarget } from '../../../src/proxy/api/target.js';
import {
  readProxyBodies,
  readProxyBody,
  readProxyChange,
  readToxicBody,
  readToxicChange,
  toxicJson,
} from '../../../src/proxy/api/toxiproxy-bodies.js';
import { AddressError, splitAddress } from '../../../src/proxy/engine/go-address.js';
import { durationText, readDurationMs } from '../../../src/proxy/plan/duration.js';
import { PlanError } from '../../../src/proxy/plan/errors.js';
import { readExpectation } from '../../../src/proxy/plan/expectation.js';
import { isObject } from '../../../src/proxy/plan/fields.js';
import { modeRules, readMode } from '../../../src/proxy/plan/mode.js';
import { presetList, presetRules } from '../../../src/proxy/plan/presets.js';
import { type Rule, readRule, ruleText, shownRule } from '../../../src/proxy/plan/rule.js';
import { RuleBook } from '../../../src/proxy/plan/rule-book.js';
import { readTimeline } from '../../../src/proxy/plan/timeline.js';
import { ruleKinds } from '../../../src/proxy/rules/index.js';
import { registry } from '../../../src/wire/index.js';
import { mutateJson } from '../json.js';
import { demand, reasonText, type Target } from '../target.js';

const around = { servers: [1, 2, 3, 4, 5], seed: 1 };

/** The reader's refusal as an answer; any other error is a finding. */
function answerOf(read: () => string): string {
  try {
    return read();
  } catch (error) {
    const isKnown = error instanceof PlanError || error instanceof ApiError || error instanceof AddressError;
    if (isKnown || error instanceof TomlError || error instanceof ExitError) return reasonText(error);
    throw error;
  }
}

const fieldWords = [
  ...ruleKinds.map(({ type }) => type),
  ...presetList.map(({ name }) => name),
  ...Object.keys(registry).slice(0, 12),
  ...['from', 'to', 'kinds', 'classes', 'first', 'every', 'after', 'window', 'probability', 'match', 'do', 'type'],
  ...['time', 'least', 'most', 'mean', 'deviation', 'distribution', 'uniform', 'normal', 'copies', 'gap', 'frames'],
  ...['within', 'what', 'payload', 'bytesPerSecond', 'shared', 'id', 'group', 'preset', 'rule', 'rules', 'heal'],
  ...['at', 'for', 'steps', 'random', 'choose', 'servers', 'server', 'groups', 'oneWay', 'a', 'b', 'seed', 'name'],
  ...['200ms', '1.5s', '24h', '25h', '*', 'client', 'unknown', 'p', 'h', '100%', 'count', 'kind', 'event', 'expect'],
  ...['listen', 'upstream', 'enabled', 'toxics', 'attributes', 'stream', 'toxicity', 'upstream', 'downstream'],
  ...[
    'latency',
    'jitter',
    'rate',
    'delay',
    'timeout',
    'average_size',
    'size_variation',
    'bytes',
    'slicer',
    'slow_close',
  ],
];

/** A target that reads JSON, its inputs changed as trees as often as in bytes. */
function jsonTarget(name: string, about: string, lawful: readonly unknown[], read: (value: unknown) => string): Target {
  return {
    name,
    about,
    words: [...fieldWords.map((word) => JSON.stringify(word)), '{', '}', '[', ']', ',', ':', 'null', '\\ud800'],
    // Deep enough for the stack of whoever walks it.
    seeds: () =>
      [...lawful.map((value) => JSON.stringify(value)), '['.repeat(9_000) + ']'.repeat(9_000)].map((text) =>
        Buffer.from(text),
      ),
    make: (random, seed) => Buffer.from(changedJson(random, seed, lawful)),
    read: (input) => answerOf(() => read(firstJsonValue(input.toString('utf8')))),
  };
}

function changedJson(random: Prng, seed: Buffer, lawful: readonly unknown[]): string {
  let value: unknown = random.pick(lawful);
  try {
    // What is nested deeper than our own stack bears stays as it is: bytes are changed, too.
    if (seed.length < 4_000) value = JSON.parse(seed.toString('utf8'));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return JSON.stringify(mutateJson(random, value, fieldWords)) ?? 'null';
}

const someRules: readonly unknown[] = [
  { match: { from: 1, to: [2, '*'], kinds: ['accept', 'commit'], first: 3 }, do: 'drop' },
  { id: 'slow', group: 'g', match: { from: 'client', to: '*', probability: '50%' }, do: { type: 'delay', time: '1s' } },
  { match: { classes: ['p', 'h'], window: { from: 0, for: '2s' } }, do: { type: 'duplicate', copies: 3, gap: 5 } },
  { match: { after: { kind: 'promise', count: 2 } }, do: { type: 'reorder', frames: 2, within: '1s' } },
  { do: { type: 'delay', distribution: 'normal', mean: '20ms', deviation: 5 } },
  { do: { type: 'throttle', bytesPerSecond: 1000, shared: true } },
  { do: { type: 'corrupt', what: 'length' } },
  { match: { from: 1, to: 2 }, do: 'refuse' },
];

/** A rule taken must be shown as one that is taken again, and judge frames. */
function useRules(rules: readonly Rule[]): string {
  const book = new RuleBook(1);
  book.set(rules, 0);
  for (const [from, to] of [
    [1, 2],
    [2, 1],
    ['client', 3],
  ] as const) {
    const link = book.link(from, to);
    for (let at = 0; at < 3; at++) link.judge(registry.accept.code, 100, at * 10);
  }
  for (const rule of rules) {
    const shown = shownRule(rule);
    const again = readRule(JSON.parse(JSON.stringify(shown)), '');
    demand(ruleText(again) === ruleText(rule), `a rule shown as another one: ${ruleText(rule)}`);
  }
  return rules[0]?.kind.type ?? 'none';
}

export const rules = jsonTarget(
  'rules',
  'rules and presets as the API takes them, shown and read again, judging frames',
  [
    ...someRules,
    ...presetList.map(({ name }) => ({ preset: name, a: 1, b: 2, server: 1, groups: [[1], [2, 3]], time: '1s' })),
  ],
  (value) => {
    const isPreset = isObject(value) && value.preset !== undefined;
    return useRules(isPreset ? presetRules(value, around) : [readRule(value, 'r1')]);
  },
);

const someTimelines: readonly unknown[] = [
  {
    name: 't',
    seed: 3,
    steps: [
      { at: 0, for: '1s', preset: 'cut', a: 1, b: 2 },
      { at: '3s', heal: true },
    ],
  },
  {
    steps: [
      { at: '1s', rule: someRules[0] },
      { at: 5, for: 7, ...(someRules[1] as object) },
    ],
  },
  { random: [{ for: '10s', every: '1s', least: '100ms', most: '2s', servers: [1, 2, 3] }] },
];

export const timelines = jsonTarget(
  'timelines',
  'scripts of `fault run`, as JSON',
  someTimelines,
  (value) => `${readTimeline(value, around).steps.length > 2 ? 'many' : 'few'} steps`,
);

export const expectations = jsonTarget(
  'expectations',
  'what the API is asked to wait for',
  [{ after: { event: 'rule', kind: 'accept', count: 2 }, expect: { event: 'leader' }, within: '5s', afterWithin: 9 }],
  (value) => (readExpectation(value).after === undefined ? 'taken' : 'taken with after'),
);

const someToxics: readonly unknown[] = [
  { type: 'latency', name: 'l', stream: 'upstream', toxicity: 0.5, attributes: { latency: 100, jitter: 10 } },
  { type: 'slicer', attributes: { average_size: 10, size_variation: 5, delay: 3 } },
  { type: 'bandwidth', attributes: { rate: 10 } },
  { type: 'limit_data', attributes: { bytes: 10 } },
];

export const toxiproxy = jsonTarget(
  'toxiproxy',
  "bodies of Toxiproxy's API: proxies, toxics and changes of them",
  [...someToxics, { name: 'p', listen: 'localhost:0', upstream: '127.0.0.1:1', enabled: true, toxics: someToxics }],
  (value) => {
    const answers = [
      answerOf(() => {
        const toxic = readToxicBody(value, []);
        readToxicBody(JSON.parse(JSON.stringify(toxicJson(toxic))), []);
        readToxicChange(value, toxic);
        return toxic.kind.type;
      }),
      answerOf(() => (readProxyBody(value).listen === '' ? 'a proxy anywhere' : 'a proxy')),
      answerOf(() => `${readProxyBodies(value).length > 1 ? 'many' : 'some'} proxies`),
      answerOf(() => Object.keys(readProxyChange(value)).join()),
    ];
    return answers.join('; ');
  },
);

export const toml: Target = {
  name: 'toml',
  about: 'scripts of `fault run`, as TOML',
  seeds: () => [
    Buffer.from('name = "t"\nseed = 3\n[[steps]]\nat = "1s"\nfor = "2s"\npreset = "cut"\na = 1\nb = 2\n'),
    Buffer.from('[[random]]\nfor = "10s"\nevery = "1s"\nservers = [1, 2, 3]\n[[steps]]\nat = 1.5\nheal = true\n'),
    Buffer.from('[[steps]]\nat = 0\nrule = {match = {from = 1, to = "*"}, do = "drop"}\n'),
  ],
  words: [
    ...fieldWords.slice(0, 40),
    '[[steps]]',
    '[[random]]',
    ' = ',
    '"""',
    "'''",
    'nan',
    'inf',
    '{',
    '[',
    '\n',
    '#',
  ],
  read: (input) =>
    answerOf(() => {
      const script = parseToml(input.toString('utf8'));
      return `${readTimeline(script, around).steps.length > 2 ? 'many' : 'few'} steps`;
    }),
};

export const modes: Target = {
  name: 'modes',
  about: "the write-up's --mode, and what a server's rules become of it",
  seeds: () => ['p:10::a:20::c:30', 'd:0', 's:86400', 'g:1::r:2', ''].map((text) => Buffer.from(text)),
  words: ['::', ':', 'p:', 'd:', '86400', '86401', '-1', '0x1', '1e3', '१'],
  read: (input) =>
    answerOf(() => {
      const text = input.toString('utf8');
      const items = readMode(text);
      demand(modeRules(1, text).length === 2 * items.length, 'two rules for each item');
      return `${items.length > 1 ? 'many' : items.length} ${[...new Set(items.map(({ letter }) => letter))].sort().join('')}`;
    }),
};

/** Short texts: each reader answers, and what it took means the same when it is written again. */
export const words: Target = {
  name: 'words',
  about: 'durations, addresses of daemons, proxies and the API, request targets',
  seeds: () =>
    ['200ms', '1.5s', '24h', '127.0.0.1:9010', '[::1]:80', ':0', 'localhost:8474', '/rules/%41?x=1', 'http://a/b'].map(
      (text) => Buffer.from(text),
    ),
  words: ['[::1]', ':', '65535', '65536', '%', '%zz', '../', '//', '\u0000', 'µs', 'ms', '1e5', '?', '#'],
  read: (input) => {
    const text = input.toString('utf8');
    const address = parseAddress(text);
    const target = readTarget(text);
    const answers = [
      answerOf(() => {
        const ms = readDurationMs('time', text);
        demand(Math.abs(readDurationMs('time', durationText(ms)) - ms) < 0.001, `${text} is not ${durationText(ms)}`);
        return 'time';
      }),
      'error' in address ? 'no address' : 'address',
      answerOf(() => {
        const { host, port } = splitAddress(text);
        splitAddress(formatAddress(host, port));
        return 'go address';
      }),
      answerOf(() => `${readApiAddress(text).host === '' ? 'any' : 'one'} api`),
      target === undefined ? 'no target' : target.movedTo === undefined ? 'target' : 'moved',
    ];
    return answers.join('; ');
  },
};
