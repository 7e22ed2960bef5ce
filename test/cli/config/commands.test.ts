/** synod config default, check and show, and synod help config, as processes. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse as parseToml } from 'smol-toml';
import t from 'tap';
import type { OptionSpec } from '../../../src/cli/command.js';
import { defaultLines } from '../../../src/cli/config/default-text.js';
import { configHelp } from '../../../src/cli/config/help-text.js';
import { merge } from '../../../src/cli/config/merge.js';
import { jsonLines, shownOptions, tomlLines } from '../../../src/cli/config/show.js';
import { configurable, optionsOf, sectionOf } from '../../../src/cli/config/table.js';
import { variableLayer } from '../../../src/cli/config/variables.js';
import { type Finished, start } from '../program.js';

t.setTimeout(120_000);

async function synod(home: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Finished> {
  const running = start('synod', args, home, home, environment);
  running.child.stdin?.end();
  return running.finished;
}

t.test('what config default prints is right, and so is all that it leaves out', async (t) => {
  const home = t.testdir();
  const printed = await synod(home, ['config', 'default']);
  t.equal(printed.code, 0);
  t.equal(printed.out, `${defaultLines(configurable).join('\n')}\n`);
  for (const line of printed.out.split('\n')) t.ok([...line].length <= 80 || line.startsWith('#data-dir'), line);
  const file = path.join(home, 'default.toml');
  writeFileSync(file, printed.out);
  t.match(await synod(home, ['config', 'check', file]), { code: 0, out: `OK: ${file}\n`, err: '' });
  for (const spec of configurable) {
    for (const { name, help } of optionsOf(spec)) {
      t.match(printed.out, `\n#${name} = `, `${spec.name} ${name}`);
      t.ok(printed.out.replaceAll('\n# ', ' ').includes(help), help);
    }
  }
  // Each default that is told can stand there: the # taken away, the file sets what is so anyway.
  const told = printed.out.split('\n').map((line) => {
    const found = /^#([a-z0-9-]+) = (.*)$/.exec(line);
    const isDefault =
      found !== null && configurable.some((spec) => optionsOf(spec).some((one) => one.name === found[1]));
    return isDefault && !/^\[?"[A-Z]/.test(found[2] ?? '') ? line.slice(1) : line;
  });
  writeFileSync(file, told.join('\n'));
  t.match(await synod(home, ['config', 'check', file]), { code: 0, err: '' });
  t.ok(Object.keys(parseToml(told.join('\n'))).length > 10);
  const before = await synod(home, ['config', 'show']);
  const after = await synod(home, ['config', 'show', '--config', file]);
  t.equal(after.out, before.out, 'the defaults are the defaults');
  t.match(await synod(home, ['config', 'default', 'bench', 'run']), { code: 0, out: /^\[bench\.run\]\n/m });
});

t.test('config check', async (t) => {
  const home = t.testdir({ 'bad.toml': '[server]\nid = "x"\nlistn = ":1"\n', synod: {} });
  const file = path.join(home, 'bad.toml');
  const both = [
    `synod: ${file}:2 [server] id takes a whole number from 0 to 65535, not 'x'`,
    `synod: ${file}:3 [server] has no key listn - did you mean listen ?`,
    '',
  ].join('\n');
  t.match(await synod(home, ['config', 'check', file]), { code: 3, out: '', err: both });
  t.match(await synod(home, ['config', 'check', '--config', file]), { code: 3, err: both });
  t.match(await synod(home, ['config', 'check'], { SYNOD_CONFIG: file }), { code: 3, err: both });
  t.match(
    await synod(home, ['status'], { SYNOD_CONFIG: file }),
    { code: 3, out: '', err: both },
    'any command refuses it',
  );
  writeFileSync(path.join(home, 'synod', 'config.toml'), '[chat]\nname = "aaron"\n');
  const usual = await synod(home, ['config', 'check'], { SYNOD_CONFIG: undefined });
  t.match(usual, { code: 0, out: `OK: ${path.join(home, 'synod', 'config.toml')}\n` });
  t.match(await synod(home, ['config', 'check', 'nowhere.toml']), { code: 3, err: /there is no such file/ });
  t.match(await synod(home, ['config', 'chekc']), { code: 2, err: /One of config default, config check, config show/ });
});

t.test('config show', async (t) => {
  const home = t.testdir({
    'c.toml': 'log-level = "warn"\n\n[server]\nid = 3\nbalancer = ["a:1", "b:2"]\nmemory = true\n',
  });
  const file = path.join(home, 'c.toml');
  const environment = { SYNOD_LISTEN: ':9010', SYNOD_SERVER_MEMORY: 'false' };
  const told = await synod(home, ['config', 'show', 'server', '--origin', '--config', 'c.toml'], environment);
  t.equal(told.err, '');
  const lines = told.out.replaceAll(/ +# /g, ' # ').split('\n');
  for (const line of [
    '[server]',
    'id = 3 # c.toml:4 [server] id',
    'listen = ":9010" # SYNOD_LISTEN',
    'balancer = ["a:1", "b:2"] # c.toml:5 [server] balancer',
    '#data-dir: ./synod-data/server-N # default',
    'memory = false # SYNOD_SERVER_MEMORY',
    'log-level = "warn" # c.toml:1 log-level',
  ]) {
    t.ok(lines.includes(line), line);
  }
  const json = await synod(home, ['config', 'show', 'server', '--json'], { ...environment, SYNOD_CONFIG: file });
  const objects = json.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  t.strictSame(objects[0], { command: 'server', option: 'id', value: '3', origin: `${file}:4 [server] id` });
  t.match(
    objects.find(({ option }) => option === 'memory'),
    { value: false, origin: 'SYNOD_SERVER_MEMORY' },
  );
  t.match(
    objects.find(({ option }) => option === 'advertise'),
    { value: null, origin: 'default' },
  );
  const whole = await synod(home, ['config', 'show', '--config', 'c.toml'], environment);
  writeFileSync(path.join(home, 'shown.toml'), whole.out);
  t.match(await synod(home, ['config', 'check', 'shown.toml']), { code: 0 }, 'what is shown is a file');
  for (const spec of configurable) t.ok(whole.out.includes(`[${sectionOf(spec)}]\n`), spec.name);
  const wrong = await synod(home, ['config', 'show'], { SYNOD_LISTEN: 'x', SYNOD_SERVER_ID: 'y', SYNOD_CHAT_NAM: 'z' });
  t.match(wrong, { code: 3, out: '', err: /SYNOD_LISTEN takes HOST:PORT[\s\S]*SYNOD_SERVER_ID takes/ });
  const warned = await synod(home, ['config', 'show', 'chat'], { SYNOD_CHAT_NAM: 'z' });
  t.match(warned, { code: 0, err: 'synod: warning: SYNOD_CHAT_NAM sets no option - did you mean SYNOD_CHAT_NAME ?\n' });
  const secret = await synod(home, ['config', 'show', '--origin'], { SYNOD_SECRET: 'hush hush hush hush' });
  t.match(secret.out, /#secret-file: \(set\) +# SYNOD_SECRET\n/);
  t.notMatch(secret.out + secret.err, 'hush');
  t.match(await synod(home, ['config', 'show', 'srever']), { code: 2, err: /did you mean server \?/ });
});

t.test('a secret is never shown', async (t) => {
  const server = configurable.find(({ name }) => name === 'server');
  if (server === undefined) throw new Error('no such command');
  const option: OptionSpec = { name: 'secret-file', value: 'FILE', help: 'the secret of the cluster', secret: true };
  const spec = { ...server, options: [option] };
  for (const [environment, toml, origin] of [
    [{ SYNOD_SECRET: 'hush' }, '#secret-file: (set)', 'SYNOD_SECRET'],
    [{ SYNOD_SECRET_FILE: '/run/secret' }, 'secret-file = "/run/secret"', 'SYNOD_SECRET_FILE'],
    [{}, '#secret-file: (not set)', 'default'],
  ] as const) {
    const shown = shownOptions(spec, merge(spec, [variableLayer(spec, environment).layer]));
    t.strictSame(tomlLines(spec, shown, true), ['[server]', `${toml}  # ${origin}`]);
    t.notMatch(jsonLines(spec, shown).join(), 'hush');
    t.match(jsonLines(spec, shown)[0], `"origin":"${origin}"`);
  }
});

t.test('the login in a URL is never shown, whatever it holds', async (t) => {
  const spec = configurable.find(({ name }) => name === 'balancer');
  if (spec === undefined) throw new Error('no such command');
  for (const login of ['user:hush', ':hush', 'user:hu@sh']) {
    const environment = { SYNOD_REGISTRY: `redis://${login}@h:1/2` };
    const shown = shownOptions(spec, merge(spec, [variableLayer(spec, environment).layer]));
    for (const text of [tomlLines(spec, shown, true).join(), jsonLines(spec, shown).join()]) {
      t.match(text, 'redis://…@h:1/2', login);
      t.notMatch(text, /user|hu/, login);
    }
  }
});

t.test('synod help config', async (t) => {
  const home = t.testdir();
  const { code, out } = await synod(home, ['help', 'config']);
  t.equal(code, 0);
  t.equal(out, configHelp());
  const lines = out.split('\n');
  for (const line of lines) t.ok([...line].length <= 80, line);
  t.ok(lines.length <= 50, `${lines.length} lines are a page`);
  t.match((await synod(home, ['config', '--help'])).out, /Usage: synod config default[\s\S]*Usage: synod config show/);
});
