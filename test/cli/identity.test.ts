/** The user's token: made once, kept by whoever came first, readable by its owner only. */
import { spawn } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { ExitError } from '../../src/base/index.js';
import { configFolder, loadToken } from '../../src/cli/identity.js';

t.test('it is made on first use and the same ever after', async (t) => {
  const folder = path.join(t.testdir(), 'a/b/synod');
  const token = loadToken(folder);
  t.equal(token.length, 32);
  t.strictSame(loadToken(folder), token);
  t.equal(statSync(path.join(folder, 'token')).mode & 0o777, 0o600);
  t.strictSame(readdirSync(folder), ['token'], 'no draft is left behind');
});

t.test('another folder is another identity', async (t) => {
  t.notSame(loadToken(path.join(t.testdir(), 'one')), loadToken(path.join(t.testdir(), 'two')));
});

t.test('a file that others can read is closed to them', async (t) => {
  const folder = t.testdir();
  loadToken(folder);
  const file = path.join(folder, 'token');
  chmodSync(file, 0o644);
  loadToken(folder);
  t.equal(statSync(file).mode & 0o777, 0o600);
});

t.test('a damaged file is never replaced', async (t) => {
  const folder = t.testdir({ token: 'half' });
  t.throws(() => loadToken(folder), ExitError);
  t.equal(readFileSync(path.join(folder, 'token'), 'utf8'), 'half');
});

t.test('a place that cannot be written is a refusal that says what to do', async (t) => {
  const folder = t.testdir({ file: '' });
  writeFileSync(path.join(folder, 'file'), 'x');
  try {
    loadToken(path.join(folder, 'file/synod'));
    t.fail('it was made');
  } catch (error) {
    t.match(error, { exitCode: 3, message: /XDG_CONFIG_HOME/ });
  }
});

t.test('programs that start together agree on one token', async (t) => {
  const folder = path.join(t.testdir(), 'race');
  const module = new URL('../../src/cli/identity.js', import.meta.url).href;
  const code = `const { loadToken } = await import('${module}');
    console.log(Buffer.from(loadToken(process.argv[1])).toString('hex'));`;
  const tokens = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', code, folder]);
      let out = '';
      for await (const chunk of child.stdout) out += String(chunk);
      return out.trim();
    }),
  );
  t.match(tokens[0], /^[0-9a-f]{64}$/);
  t.equal(new Set(tokens).size, 1);
});

t.test('the folder follows XDG_CONFIG_HOME when it is an absolute path', async (t) => {
  t.equal(configFolder({ XDG_CONFIG_HOME: '/x' }), '/x/synod');
  t.match(configFolder({ XDG_CONFIG_HOME: 'relative' }), /\.config\/synod$/);
  t.match(configFolder({}), /\.config\/synod$/);
});
