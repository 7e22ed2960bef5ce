/** What `npm pack` makes installs into an empty folder without any script, runs there, and is a library with types. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';

t.setTimeout(300_000);

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

interface Manifest {
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly man: readonly string[];
  readonly main: string;
  readonly types: string;
}

const folder = mkdtempSync(path.join(tmpdir(), 'synod-package-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;

/** What `npm test` tells its children about this folder is not for another one. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(npm_(package|lifecycle|config_(local_)?prefix)|INIT_CWD)/.test(name),
  ),
);

function npm(args: readonly string[], cwd: string): { status: number | null; stdout: string; stderr: string } {
  return spawnSync('npm', [...args], { cwd, encoding: 'utf8', env: environment, maxBuffer: 64 * 2 ** 20 });
}

/** npm's answer when neither its cache nor a registry has what it needs. */
const noRegistry = /ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|ENOTCACHED/;

t.test('the package', async (t) => {
  const made = npm(['pack', '--ignore-scripts', '--json', '--pack-destination', folder], process.cwd());
  t.equal(made.status, 0, made.stderr);
  const [packed] = JSON.parse(made.stdout) as [Packed];
  const files = packed.files.map((file) => file.path);

  await t.test('has what it names and nothing else', async (t) => {
    const allowed =
      /^(bin|dist\/src|dist\/man|docs|examples|deploy)\/|^(package\.json|README\.md|CHANGELOG\.md|LICENSE)$/;
    t.same(
      files.filter((file) => !allowed.test(file) || /\.(map|tsbuildinfo)$|\.test\./.test(file)),
      [],
      'no tests, no sources, no bench programs, no maps to sources that are not there',
    );
    const named = [...Object.values(manifest.bin), ...manifest.man, manifest.main, manifest.types];
    for (const file of named) t.ok(files.includes(path.normalize(file)), `${file} is there: npm run build`);
    t.ok(packed.size < 2 * 2 ** 20, `${packed.size} bytes packed`);
    t.ok(packed.unpackedSize < 8 * 2 ** 20, `${packed.unpackedSize} bytes unpacked`);
  });

  const tarball = path.join(folder, packed.filename);
  const options = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  const home = path.join(folder, 'empty');
  mkdirSync(home);
  writeFileSync(path.join(home, 'package.json'), '{"private": true, "type": "module"}');
  const installed = npm(['install', ...options, '--prefix', home, tarball], home);
  if (installed.status !== 0 && noRegistry.test(installed.stderr) && process.env.CI === undefined) {
    await t.test('installs', { skip: 'npm reaches no registry' }, async () => undefined);
    return;
  }
  t.equal(installed.status, 0, installed.stderr);

  await t.test('runs where it was installed', async (t) => {
    const synod = path.join(home, 'node_modules/.bin/synod');
    const env = { ...environment, XDG_CONFIG_HOME: home, USER: 'tester' };
    const run = (args: readonly string[], input = ''): ReturnType<typeof npm> =>
      spawnSync(synod, [...args], { cwd: home, encoding: 'utf8', env, input, timeout: 60_000 });
    t.match(run(['--version']), { status: 0, stdout: `${manifest.version}\n` });
    const { status, stdout, stderr } = run(['demo', '--json'], 'one\ntwo\n');
    t.equal(status, 0, stderr);
    t.equal(stdout.match(/"state":"committed"/g)?.length, 2, stdout);
    t.ok(existsSync(path.join(home, 'node_modules/classic-level/prebuilds')), 'nothing had to be compiled');
  });

  await t.test('is a library with types', async (t) => {
    const lines = [
      "import { ChatClient, type ChatClientOptions, loadIdentity } from 'synod';",
      "const options: ChatClientOptions = { name: 'bot', token: loadIdentity(), balancers: ['127.0.0.1:1'] };",
      'console.log(typeof new ChatClient(options).post);',
    ];
    writeFileSync(path.join(home, 'use.ts'), lines.join('\n'));
    // The types of Node itself are the user's own, as in every program for Node.
    mkdirSync(path.join(home, 'node_modules/@types'), { recursive: true });
    for (const name of ['@types/node', 'undici-types'])
      symlinkSync(realpathSync(`node_modules/${name}`), path.join(home, 'node_modules', name));
    const tsc = path.resolve('node_modules/typescript/bin/tsc');
    const flags = ['--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node'];
    const compiled = spawnSync(process.execPath, [tsc, ...flags, 'use.ts'], { cwd: home, encoding: 'utf8' });
    t.equal(compiled.status, 0, compiled.stdout);
    const env = { ...environment, XDG_CONFIG_HOME: home };
    const printed = execFileSync(process.execPath, ['use.js'], { cwd: home, encoding: 'utf8', env, timeout: 30_000 });
    t.equal(printed, 'function\n');
    writeFileSync(path.join(home, 'wrong.ts'), lines.join('\n').replace("name: 'bot'", 'name: 7'));
    const refused = spawnSync(process.execPath, [tsc, ...flags, 'wrong.ts'], { cwd: home, encoding: 'utf8' });
    t.match(refused.stdout, /Type 'number' is not assignable to type 'string'/, 'the types are not any');
  });

  await t.test('brings its manual pages', async (t) => {
    const prefix = path.join(folder, 'global');
    const { status, stderr } = npm(['install', '--global', ...options, '--prefix', prefix, tarball], folder);
    t.equal(status, 0, stderr);
    for (const page of manifest.man)
      t.ok(existsSync(path.join(prefix, 'share/man/man1', path.basename(page))), path.basename(page));
  });
});
