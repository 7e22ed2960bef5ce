/** Options that do not go together: every rule of the table, told alike at a start and by `config check`. */
import { stringify } from 'smol-toml';
import t, { type Test } from 'tap';
import type { CommandSpec, OptionRule, OptionSpec } from '../../../src/cli/command.js';
import { everyProblemOf } from '../../../src/cli/config/commands.js';
import { conflictsOf, refuseConflicts } from '../../../src/cli/config/conflicts.js';
import { readContents } from '../../../src/cli/config/sections.js';
import { configure } from '../../../src/cli/config/sources.js';
import { configurable, sectionOf } from '../../../src/cli/config/table.js';
import { parse } from '../../../src/cli/parse.js';
import { parsed } from '../parsed.js';

type Values = Readonly<Record<string, string | true>>;

const specOf = (name: string): CommandSpec => {
  const spec = configurable.find((one) => one.name === name);
  if (spec === undefined) throw new Error(`no command ${name}`);
  return spec;
};
const argsOf = (values: Values): string[] =>
  Object.entries(values).map(([name, value]) => (value === true ? `--${name}` : `--${name}=${value}`));

/** What each conflict of a command line is told as. */
async function atStart(spec: CommandSpec, values: Values): Promise<readonly string[]> {
  const { options } = parsed(spec, argsOf(values));
  return (await conflictsOf(spec, options)).map(({ text }) => text);
}

/** The same of a file with one section, with flags' names in the place of its own. */
async function byCheck(spec: CommandSpec, values: Values): Promise<readonly string[]> {
  const section = sectionOf(spec)
    .split('.')
    .reduceRight<object>((below, word) => ({ [word]: below }), values);
  const contents = readContents(
    { name: 'c.toml', text: stringify(section as Parameters<typeof stringify>[0]) },
    configurable,
  );
  const told = await everyProblemOf(contents, {});
  return told.map((text) => text.replaceAll(/c\.toml:\d+ \[[a-z.]+\] ([a-z-]+)/g, '--$1'));
}

/** A right value of any option that rules name. */
function sample({ name, value }: OptionSpec): string | true {
  if (value === undefined) return true;
  const byName: Readonly<Record<string, string>> = { fsync: 'always', arrivals: 'poisson', mode: 'a:1', age: '1d' };
  const byPlaceholder: Readonly<Record<string, string>> = {
    ...{ FILE: 'x', DIR: 'x', N: '1', 'H:P': '127.0.0.1:1', 'H:P,…': '127.0.0.1:1', FAULT: '1s kill 1' },
  };
  const found = byName[name] ?? byPlaceholder[value];
  if (found === undefined) throw new Error(`no sample of ${name} ${value}`);
  return found;
}

interface Ruled {
  readonly spec: CommandSpec;
  readonly option: OptionSpec;
  readonly rule: OptionRule;
}

const rules: readonly Ruled[] = configurable.flatMap((spec) =>
  spec.options.flatMap((option) => (option.rules ?? []).map((rule) => ({ spec, option, rule }))),
);
const optionOf = (spec: CommandSpec, name: string): OptionSpec => {
  const found = spec.options.find((option) => option.name === name);
  if (found === undefined) throw new Error(`a rule of ${spec.name} names no option: ${name}`);
  return found;
};

t.test('what an option needs', async (t) => {
  let cases = 0;
  for (const { spec, option, rule } of rules) {
    if (rule.kind !== 'needs') continue;
    const needed = rule.others.map((name) => optionOf(spec, name));
    // Each of what it needs missing in turn, and all of it.
    for (const missing of [needed, ...needed.map((one) => [one])]) {
      const empty = missing.filter((one) => one.default !== undefined);
      const there = [option, ...needed.filter((one) => !missing.includes(one))];
      const values = {
        ...Object.fromEntries(there.map((one) => [one.name, sample(one)])),
        ...Object.fromEntries(empty.map(({ name }) => [name, ''])),
      };
      const names = missing.map(({ name }) => `--${name}`).join(' and ');
      const text = `--${option.name} ${rule.because}: give ${names} too`;
      const told = await atStart(spec, values);
      t.ok(told.includes(text), `${spec.name}: ${text}`);
      t.strictSame(new Set(await byCheck(spec, values)), new Set(told), `${spec.name}: config check says the same`);
      cases++;
    }
    const whole = Object.fromEntries([option, ...needed].map((one) => [one.name, sample(one)]));
    const left = (await atStart(spec, whole)).filter((text) => text.includes(rule.because));
    t.strictSame(left, [], `${spec.name} --${option.name} with all it needs`);
  }
  t.ok(cases > 60, `${cases} cases`);
});

t.test('what an option excludes', async (t) => {
  let cases = 0;
  for (const { spec, option, rule } of rules) {
    if (rule.kind !== 'excludes') continue;
    t.strictSame(await atStart(spec, { [option.name]: sample(option) }), [], `${spec.name} --${option.name} alone`);
    for (const name of rule.others) {
      const other = optionOf(spec, name);
      t.equal(other.default, undefined, 'what has a default would always be there');
      const values = { [option.name]: sample(option), [name]: sample(other) };
      const text = `--${option.name} ${rule.because}: leave out --${option.name} or --${name}`;
      t.strictSame(await atStart(spec, values), [text], spec.name);
      t.strictSame(await byCheck(spec, values), [text], `${spec.name}: config check says the same`);
      cases++;
    }
  }
  t.equal(cases, 11);
});

const misfits: readonly { command: string; option: string; values: Values; says: RegExp; mended: Values }[] = [
  {
    ...{ command: 'server', option: 'retain', values: { retain: '32MiB' } },
    ...{ says: /^--retain takes a size with its unit, 256MiB or more/, mended: { memory: true } },
  },
  {
    ...{ command: 'bench run', option: 'inflight', values: { clients: '10000', inflight: '4096' } },
    ...{ says: /^--clients × --inflight is 40960000, and at most 1048576/, mended: { clients: '16' } },
  },
  {
    ...{ command: 'bench run', option: 'on', values: { on: '5' } },
    ...{ says: /^--on 5: there are only 3 servers/, mended: { servers: '5' } },
  },
  {
    ...{ command: 'bench run', option: 'on', values: { on: 'follower', servers: '1' } },
    ...{ says: /^--on follower: a cluster of one server/, mended: { servers: '3' } },
  },
  {
    ...{ command: 'bench run', option: 'fault', values: { fault: '9s kill 1' } },
    ...{ says: /^--fault '.*' lasts beyond the run/, mended: { duration: '30s' } },
  },
  {
    ...{ command: 'bench run', option: 'mode', values: { mode: '5=a:1' } },
    ...{ says: /^--mode: there is no server 5, only 1 to 3/, mended: { servers: '5' } },
  },
];

t.test('what must fit', async (t) => {
  for (const { command, option, values, says, mended } of misfits) {
    const spec = specOf(command);
    const told = await atStart(spec, values);
    t.equal(told.length, 1);
    t.match(told[0], says);
    t.strictSame(await byCheck(spec, values), told, `${command}: config check says the same`);
    t.strictSame(await atStart(spec, { ...values, ...mended }), [], `${command} --${option}: mended`);
  }
  const tried = new Set(misfits.map(({ command, option }) => `${command} ${option}`));
  const ruled = rules
    .filter(({ rule }) => rule.kind === 'fits')
    .map(({ spec, option }) => `${spec.name} ${option.name}`);
  t.strictSame(tried, new Set(ruled), 'every rule of that kind is tried');
});

/** How a start with these flags, this file and this environment ends. */
async function start(
  t: Test,
  command: string,
  args: readonly string[],
  text: string,
  environment = {},
): Promise<unknown> {
  const spec = specOf(command);
  const folder = t.testdir({ 'c.toml': text });
  const line = parse(spec, args);
  const { options } = await configure(spec, line, { SYNOD_CONFIG: `${folder}/c.toml`, ...environment });
  const error = await refuseConflicts(spec, options, line.flags).catch((refusal: unknown) => refusal);
  return error instanceof Error
    ? { type: error.constructor.name, message: error.message.replaceAll(`${folder}/`, '') }
    : error;
}

t.test('whose mistake it is at a start', async (t) => {
  const torn = '[server]\nmemory = true\ndata-dir = "d"\ntls-key = "k"\n';
  const message =
    'c.toml:4 [server] tls-key goes with its certificate, and a CA that says whom to trust: give --tls-cert and --tls-ca too';
  t.match(await start(t, 'server', [], torn), {
    type: 'ConfigError',
    message: `c.toml:2 [server] memory keeps nothing on disk`,
  });
  t.match(await start(t, 'server', [], torn), { message }, 'all of it is told');
  const byFlag = await start(t, 'server', ['--memory'], '[server]\ndata-dir = "d"\n');
  t.match(byFlag, {
    type: 'UsageError',
    message: /^--memory keeps .* leave out --memory or c\.toml:2 \[server\] data-dir$/,
  });
  t.equal(
    await start(t, 'server', ['--memory=false'], '[server]\nmemory = true\ndata-dir = "d"\n'),
    undefined,
    'taken back',
  );
  t.equal(await start(t, 'chat', [], torn), undefined, "another command's conflict is none of a chat's");
  t.match(await start(t, 'server', [], '', { SYNOD_MEMORY: '1', SYNOD_FSYNC: 'never' }), {
    type: 'ConfigError',
    message: 'SYNOD_MEMORY keeps nothing on disk: leave out SYNOD_MEMORY or SYNOD_FSYNC',
  });
  t.equal(await start(t, 'server', [], '[server]\ninvite-file = "i"\n', { SYNOD_SECRET: 'x' }), undefined);
});

t.test('what of a file is told, and what is not', async (t) => {
  const check = (text: string, environment = {}) =>
    everyProblemOf(readContents({ name: 'c.toml', text }, configurable), environment);
  const general = 'tls-ca = "ca"\n';
  t.strictSame(await check(general), [], 'chats live with it');
  t.match(await check(`${general}[balancer]\nservers = 3\n`), [/^c\.toml:1 tls-ca alone is for chats/]);
  t.strictSame(await check('tls-key = "k"\n'), [
    'c.toml:1 tls-key goes with its certificate, and a CA that says whom to trust: give --tls-cert and --tls-ca too',
  ]);
  t.match(
    await check('memory = true\ndata-dir = "d"\n'),
    [/^c\.toml:1 memory keeps nothing on disk/],
    'no command can',
  );
  t.strictSame(await check('[server]\ninvite-file = "i"\n', { SYNOD_SECRET: 'secret' }), [], 'variables count');
  t.strictSame(await check('[server]\nid = 1\n', { SYNOD_MEMORY: '1', SYNOD_FSYNC: 'never' }), [], 'not by themselves');
  t.strictSame(
    await check('[server]\nmemory = true\ntls-cert = "c"\ntls-key = true\nfsync = "never"\n'),
    [
      'c.toml:2 [server] memory keeps nothing on disk: leave out c.toml:2 [server] memory or c.toml:5 [server] fsync',
      'c.toml:4 [server] tls-key takes a text (FILE), not true',
    ],
    'beside other mistakes nothing is called missing that may be there',
  );
  const both =
    '[room.retain]\nall = true\ncount = 5\n[bench.run]\nkeep = true\nbalancer = "a:1"\narrivals = "poisson"\n';
  t.match(await check(both), [
    /^c\.toml:2 \[room\.retain\] all deletes nothing/,
    /^c\.toml:5 \[bench\.run\] keep is for a cluster of the bench's own/,
    /^c\.toml:7 \[bench\.run\] arrivals is about an open loop: give --rate too/,
  ]);
});
