/** The identity file: private, made once, never torn, and clear when it is broken. */
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { configDirectory, loadIdentity } from '../../src/client/index.js';

const root = mkdtempSync(join(tmpdir(), 'synod-identity-'));
t.teardown(() => rmSync(root, { recursive: true }));

t.test('made once with mode 0600, the same ever after', async (t) => {
  const directory = join(root, 'a', 'synod');
  const token = loadIdentity(directory);
  t.equal(token.length, 32);
  t.same(loadIdentity(directory), token);
  t.same(readdirSync(directory), ['identity'], 'no temporary file stays');
  t.equal(statSync(join(directory, 'identity')).mode & 0o777, 0o600);
  t.equal(statSync(directory).mode & 0o777, 0o700);
  chmodSync(join(directory, 'identity'), 0o644);
  t.same(loadIdentity(directory), token);
  t.equal(statSync(join(directory, 'identity')).mode & 0o777, 0o600, 'closed again');
  t.not(Buffer.from(loadIdentity(join(root, 'b'))).toString('hex'), Buffer.from(token).toString('hex'));
});

t.test('a broken file is never replaced by itself', async (t) => {
  const directory = join(root, 'c');
  loadIdentity(directory);
  writeFileSync(join(directory, 'identity'), 'half');
  t.throws(() => loadIdentity(directory), {
    exitCode: 3,
    code: 'BAD_IDENTITY',
    message: /remove it to start as a new user/,
  });
  writeFileSync(join(root, 'file'), '');
  t.throws(() => loadIdentity(join(root, 'file')), { exitCode: 3, message: /XDG_CONFIG_HOME/ });
});

t.test('where it lives', async (t) => {
  t.equal(configDirectory({ XDG_CONFIG_HOME: '/x' }), '/x/synod');
  t.equal(configDirectory({ XDG_CONFIG_HOME: 'relative', HOME: '/home/a' }), '/home/a/.config/synod');
  t.equal(configDirectory({ HOME: '/home/a' }), '/home/a/.config/synod');
  for (const HOME of ['', '.', 'relative']) {
    t.equal(configDirectory({ HOME }), join(userInfo().homedir, '.config/synod'), 'never in the working directory');
  }
});
