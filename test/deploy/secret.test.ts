/** The commands by which the pages make a secret: the file is its owner's alone, whatever umask is usual. */
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';

/** The file that the page goes on with, from the clone or `~`. */
const made = {
  'docs/DEPLOY.md': '~/secret',
  'docs/THREE-HOSTS.md': 'secret',
  'deploy/docker/compose.yaml': 'deploy/docker/secret',
} as const;

/** The shell's command in a line, without a prompt or the mark of a comment. */
const commandIn = (line: string): string => line.replace(/^(#\s+|[\w-]+\$ )/, '');

t.test('a secret is readable to its owner alone, from its first byte on', async (t) => {
  for (const [page, file] of Object.entries(made)) {
    const lines = readFileSync(page, 'utf8')
      .split('\n')
      .filter((line) => line.includes('urandom'));
    t.equal(lines.length, 1, `${page} makes one`);
    const root = t.testdir({ home: {}, clone: { deploy: { docker: {} } } });
    const [home, clone] = [path.join(root, 'home'), path.join(root, 'clone')];
    const shell = spawnSync('bash', ['-ec', `umask 022\n${commandIn(lines[0] ?? '')}`], {
      cwd: clone,
      env: { ...process.env, HOME: home },
      encoding: 'utf8',
    });
    t.equal(shell.status, 0, shell.stderr);
    const { mode, size } = statSync(file.startsWith('~') ? path.join(home, file.slice(2)) : path.join(clone, file));
    t.equal(mode & 0o777, 0o600, `${page}: ${lines[0]}`);
    t.ok(size > 32);
  }
});

t.test('and it is where the commands look that follow', async (t) => {
  const page = readFileSync('docs/DEPLOY.md', 'utf8');
  t.match(page, `install -D --mode=0600 ${made['docs/DEPLOY.md']} /etc/synod/secret`);
  const fromFile = '--from-file=secret="$HOME/secret"';
  for (const file of ['docs/DEPLOY.md', 'deploy/kubernetes/kustomization.yaml'])
    t.match(readFileSync(file, 'utf8'), `generic synod ${fromFile}\n`, file);
});
