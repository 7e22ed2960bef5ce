/** What is said of files and variables that are wrong, by the letter: all of it at once, with its place. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import type { CommandSpec, OptionValues } from '../../../src/cli/command.js';
import { commands } from '../../../src/cli/command-table.js';
import { ConfigError } from '../../../src/cli/config/error.js';
import { configBytesMax, findConfig } from '../../../src/cli/config/file.js';
import { configure } from '../../../src/cli/config/sources.js';
import { parse } from '../../../src/cli/parse.js';

async function configured(name: string, args: readonly string[], environment: object): Promise<OptionValues> {
  const spec = commands.find((one) => one.name === name) as CommandSpec;
  return (await configure(spec, parse(spec, args), { HOME: '/nowhere', SYNOD_CONFIG: '/dev/null', ...environment }))
    .options;
}

async function problems(wrong: Promise<unknown>): Promise<readonly string[]> {
  try {
    await wrong;
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const text = `log-lvl = "warn"
servers = 3
help = true
timeout = "soon"
[server]
id = 70000
listn = "127.0.0.1:9010"
room = "x"
port = 9010
memory = "yes"
fsync = true
balancer = ["a:1", 2]
advertise = ["a:1", "b:2"]
mode = "x:1"
[serve]
id = 1
[bench]
size = 1
[bench.run]
size = "huge"
fault = ["5s kill leader", "soon kill leader"]
data-dir = 1979-05-27
[[proxy]]
listen = ":1"
[balancer]
servers = 4
listen =
[server]
id = 2
`;

t.test('a file', async (t) => {
  const file = path.join(t.testdir({ 'c.toml': text }), 'c.toml');
  const says = (await problems(configured('chat', ['--config', file], {}))).map((one) => one.replace(file, 'c.toml'));
  t.strictSame(says, [
    'c.toml:1 there is no option log-lvl - did you mean log-level ?',
    'c.toml:3 help is for the command line only',
    "c.toml:4 timeout takes a time with its unit, such as 200ms or 10s, not 'soon'",
    "c.toml:6 [server] id takes a whole number from 0 to 65535, not '70000'",
    'c.toml:7 [server] has no key listn - did you mean listen ?',
    'c.toml:8 [server] has no key room; that is one of [demo], [chat], [send], [tail] or [mirror]',
    'c.toml:9 [server] has no key port - did you mean listen ?',
    "c.toml:10 [server] memory takes true or false, not 'yes'",
    'c.toml:11 [server] fsync takes a text (MODE), not true',
    "c.toml:12 [server] balancer takes HOST:PORT, not '2'",
    'c.toml:13 [server] advertise takes one value (H:P), not a list',
    `c.toml:14 [server] mode: 'x:1' is no fault: write letter:seconds, joined by "::"; p prepare, a accept, c commit, g learn, r forward, s all of these, d drop everything`,
    'c.toml:15 there is no section [serve] - did you mean [server] ?',
    'c.toml:18 [bench] takes no keys: write them in [bench.run] or [bench.report]',
    "c.toml:20 [bench.run] size takes bytes from 1 to 8192, as 100 or 64-1024, not 'huge'",
    'c.toml:21 [bench.run] fault: fault: "soon" is no time up to 24h; write it with its unit, as 200ms or 1.5s',
    'c.toml:22 [bench.run] data-dir takes a text (DIR), not a date',
    'c.toml:23 proxy is a list of tables: write [proxy] once, in single brackets',
    'c.toml:26 [balancer] servers takes an odd number, not 4: try 5',
    'c.toml:27 no TOML: invalid value; texts stand in "quotes"',
    'c.toml:28 [server] stands on line 5 already: leave one of them out',
  ]);
});

t.test('a variable', async (t) => {
  const environment = { SYNOD_SERVER_ID: 'x', SYNOD_LISTEN: '9010', SYNOD_MEMORY: 'perhaps', SYNOD_CHAT_ROOM: ', ,' };
  t.strictSame(await problems(configured('server', [], environment)), [
    "SYNOD_MEMORY takes true or false, not 'perhaps'",
    "SYNOD_SERVER_ID takes a whole number from 0 to 65535, not 'x'",
    "SYNOD_LISTEN takes HOST:PORT, not '9010'",
  ]);
  const told = await configured('server', ['--listen', ':1', '--id=1', '--memory=false'], {
    SYNOD_LISTEN: '9010',
    SYNOD_MEMORY: 'perhaps',
  });
  t.equal(told.text('listen'), ':1', 'a variable that a flag overrides is not looked at');
  const empty = await configured('server', [], { SYNOD_SERVER_ID: '', SYNOD_ID: '3', SYNOD_LISTEN: '' });
  t.equal(empty.text('id'), '3', 'an empty variable is none');
  t.equal(empty.text('listen'), '127.0.0.1:9009');
});

t.test('a file and variables: both are told', async (t) => {
  const file = path.join(t.testdir({ 'c.toml': '[server]\nid = "x"\n[chat]\nroom = ""\n' }), 'c.toml');
  const says = await problems(configured('server', [], { SYNOD_CONFIG: file, SYNOD_SERVER_LISTEN: 'x' }));
  t.strictSame(says, [
    "SYNOD_SERVER_LISTEN takes HOST:PORT, not 'x'",
    `${file}:2 [server] id takes a whole number from 0 to 65535, not 'x'`,
    `${file}:4 [chat] room: '' is no room: # and 1 to 49 characters without space, comma or control`,
  ]);
});

t.test('options that repeat', async (t) => {
  const file = path.join(t.testdir({ 'c.toml': '[proxy]\nlink = ["1=a:1", "2=b:2"]\nmode = "1=p:10"\n' }), 'c.toml');
  const fromFile = await configured('proxy', [], { SYNOD_CONFIG: file });
  t.strictSame(fromFile.texts('link'), ['1=a:1', '2=b:2']);
  t.strictSame(fromFile.texts('mode'), ['1=p:10']);
  const environment = { SYNOD_CONFIG: file, SYNOD_PROXY_LINK: '3=c:3; 4=d:4 ;' };
  t.strictSame((await configured('proxy', [], environment)).texts('link'), ['3=c:3', '4=d:4']);
  t.strictSame((await configured('proxy', ['--link', '5=e:5'], environment)).texts('link'), ['5=e:5'], 'not added to');
  const none = await configured('proxy', [], { ...environment, SYNOD_PROXY_LINK: ';' });
  t.notOk(none.has('link'), 'a list of nothing is none');
});

t.test("the proxy's own --config is Toxiproxy's", async (t) => {
  const root = t.testdir({ 'c.toml': '[proxy]\nconfig = "proxies.json"\nseed = 7\n' });
  const options = await configured('proxy', ['--api', ':0'], { SYNOD_CONFIG: path.join(root, 'c.toml') });
  t.equal(options.text('config'), 'proxies.json');
  t.equal(options.text('seed'), '7');
  t.equal((await configured('proxy', ['--config', 'mine.json'], {})).text('config'), 'mine.json');
  t.equal((await configured('proxy', [], { SYNOD_PROXY_CONFIG: 'p.json' })).text('config'), 'p.json');
});

t.test('which file is read', async (t) => {
  const root = t.testdir({
    xdg: { synod: { 'config.toml': 'a' } },
    home: { '.config': { synod: { 'config.toml': 'b' } } },
    empty: {},
    'system.toml': 'c',
    'named.toml': 'd',
    file: '',
  });
  const at = (...words: string[]) => path.join(root, ...words);
  const places = (home: string) => [at(home, 'synod', 'config.toml'), at('system.toml')];
  t.equal(findConfig(undefined, {}, places('xdg'))?.text, 'a');
  t.equal(findConfig(undefined, {}, [`/${'x'.repeat(5_000)}`, ...places('xdg')])?.text, 'a', 'a path that cannot be');
  t.equal(findConfig(undefined, { XDG_CONFIG_HOME: at('xdg') })?.text, 'a');
  t.equal(findConfig(undefined, { HOME: at('home') })?.text, 'b');
  t.equal(findConfig(undefined, { HOME: at('home'), XDG_CONFIG_HOME: 'relative' })?.text, 'b');
  t.equal(findConfig(undefined, {}, places('empty'))?.text, 'c');
  t.equal(findConfig(undefined, {}, places('file'))?.text, 'c', 'a folder that is a file');
  t.equal(findConfig(undefined, {}, [at('none')]), undefined);
  t.equal(findConfig(undefined, { SYNOD_CONFIG: at('named.toml') }, places('xdg'))?.text, 'd');
  t.equal(findConfig(undefined, { SYNOD_CONFIG: '' }, places('xdg'))?.text, 'a', 'empty is not set');
  t.equal(findConfig(at('named.toml'), { SYNOD_CONFIG: at('none') })?.text, 'd');
  t.equal(findConfig('/dev/null', {}, places('xdg'))?.text, '', 'no file at all');
});

/** What is found by somebody who is not root, whom no file mode keeps out. */
function asNobody<T>(read: () => T): T {
  if (process.getuid?.() !== 0) return read();
  process.seteuid?.(65_534);
  try {
    return read();
  } finally {
    process.seteuid?.(0);
  }
}

t.test('a file that exists and is closed is refused; a folder that is closed holds nothing for us', async (t) => {
  const root = mkdtempSync(path.join(tmpdir(), 'synod-config-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  const folder = path.join(root, 'home');
  const file = path.join(folder, 'config.toml');
  mkdirSync(folder);
  for (const open of [root, folder]) chmodSync(open, 0o755);
  writeFileSync(file, 'name = "aaron"');
  const find = (named: string | undefined) => asNobody(() => findConfig(named, {}, [file]));
  t.equal(find(undefined)?.text, 'name = "aaron"');
  chmodSync(file, 0o000);
  const closed = new ConfigError([`${file}: it cannot be read (EACCES); make it readable, or name another file`]);
  t.throws(() => find(undefined), closed);
  t.throws(() => find(file), closed);
  chmodSync(folder, 0o000);
  t.equal(find(undefined), undefined);
  t.throws(() => find(file), closed, 'but for one that was named');
  chmodSync(folder, 0o755);
});

t.test('files that cannot be read', async (t) => {
  const root = t.testdir({ latin: '', big: 'a'.repeat(configBytesMax + 1), just: '#'.repeat(configBytesMax) });
  writeFileSync(path.join(root, 'latin'), Buffer.from('name = "J\xfcrg"', 'latin1'));
  mkdirSync(path.join(root, 'folder'));
  const cases: readonly { name: string; says: string }[] = [
    { name: 'none', says: '--config none: there is no such file; name one that is' },
    { name: 'latin/x', says: '--config latin/x: there is no such file; name one that is' },
    { name: 'folder', says: 'folder: it is a directory; name the file in it' },
    { name: 'latin', says: 'latin: it is no text in UTF-8; convert it, e.g. with iconv -t UTF-8' },
    { name: 'big', says: 'big: it is longer than 256 KiB; is it a configuration file?' },
  ];
  for (const { name, says } of cases) {
    const file = path.join(root, name);
    t.strictSame(await problems(configured('chat', ['--config', file], {})), [says.replace(name, file)]);
  }
  t.strictSame(await problems(configured('chat', ['--config', '/dev/zero'], {})), [
    '/dev/zero: it is longer than 256 KiB; is it a configuration file?',
  ]);
  t.strictSame(await problems(configured('chat', ['--config', path.join(root, 'just')], {})), []);
  t.strictSame(await problems(configured('chat', [], { SYNOD_CONFIG: '/nowhere/x' })), [
    'SYNOD_CONFIG /nowhere/x: there is no such file; name one that is',
  ]);
});
