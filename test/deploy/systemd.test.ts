/** The systemd units: sound, hardened, their restarts respect the exit codes, and their command lines really serve. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { freePort } from '../support/ports.js';
import { Program } from '../support/program.js';
import { until } from '../support/until.js';
import { checkCommandLine } from './command-line.js';
import { execWords, readUnit } from './unit-file.js';

const folder = 'deploy/systemd';
const units = { balancer: 'synod-balancer.service', server: 'synod-server@.service' } as const;
const specifiers = { i: '1', S: '/var/lib', d: '/run/credentials/synod' };
const deadlineMs = 60_000;
t.setTimeout(120_000);

for (const [daemon, file] of Object.entries(units)) {
  t.test(file, async (t) => {
    const unit = readUnit(path.join(folder, file));
    const value = (name: string): string | undefined => unit.settings.get(`Service/${name}`)?.at(-1);
    const tls = readUnit(path.join(folder, 'tls.conf')).settings.get('Service/Environment')?.[0] ?? '';
    const secure = { TLS: /"TLS=(.*)"/.exec(tls)?.[1] ?? '' };
    for (const variables of [{}, secure]) {
      const [program, ...words] = execWords(unit, specifiers, variables);
      t.equal(program, '/usr/bin/synod');
      t.equal(words[0], daemon);
      checkCommandLine(t, words, file);
    }
    t.ok(execWords(unit, specifiers, secure).includes('--tls-key'), 'tls.conf sets what the unit uses');
    t.equal(value('Restart'), 'on-failure');
    // 0: ended in order. 2, 3 and 7 would only repeat themselves (synod help exit-codes).
    t.same(value('RestartPreventExitStatus')?.split(' '), ['2', '3', '7']);
    t.equal(value('User'), 'synod');
    t.match(value('StateDirectory'), /^synod\//);
    t.ok(Number(value('LimitNOFILE')) >= 16_384, 'for 10,240 connections, the log and the store');
    for (const [name, want] of [
      ['NoNewPrivileges', 'yes'],
      ['ProtectSystem', 'strict'],
      ['ProtectHome', 'yes'],
      ['PrivateTmp', 'yes'],
      ['CapabilityBoundingSet', ''],
    ] as const)
      t.equal(value(name), want, name);
    t.equal(value('ProcSubset'), undefined, 'the lock file needs /proc/sys');
    t.equal(value('MemoryDenyWriteExecute'), undefined, 'Node compiles while it runs');
  });
}

const noSystemd = spawnSync('systemd-analyze', ['--version']).status === 0 ? false : 'systemd-analyze is not installed';

t.test('systemd-analyze finds nothing wrong, and little exposed', { skip: noSystemd }, async (t) => {
  const copies = t.testdir();
  for (const file of Object.values(units)) {
    const name = file.replace('@.', '@1.');
    copyFileSync(path.join(folder, file), path.join(copies, file));
    // Verify looks for the program itself, which may not be installed here.
    const text = readFileSync(path.join(folder, file), 'utf8').replace('/usr/bin/synod', process.execPath);
    writeFileSync(path.join(copies, name), text);
    const analyze = (...args: readonly string[]): string => {
      const { stdout, stderr, status } = spawnSync('systemd-analyze', [...args], { cwd: copies, encoding: 'utf8' });
      t.equal(status, 0, `systemd-analyze ${args.join(' ')}: ${stdout}${stderr}`);
      return stdout + stderr;
    };
    t.equal(analyze('verify', '--man=no', `./${name}`), '', name);
    // Of 100; without any hardening it is 96.
    analyze('security', '--offline=true', '--no-pager', '--threshold=20', `./${name}`);
  }
});

t.test('the very command lines of the units make a cluster', async (t) => {
  const state = t.testdir();
  const ports = await Promise.all(Array.from({ length: 8 }, () => freePort()));
  const credentials = path.join(state, 'credentials');
  mkdirSync(credentials);
  writeFileSync(path.join(credentials, 'secret'), `${'0123456789abcdef'.repeat(4)}\n`, { mode: 0o600 });
  const started = ['balancer', '1', '2', '3'].map((which, index) => {
    const daemon = which === 'balancer' ? 'balancer' : 'server';
    const address = (place: number): string => `127.0.0.1:${ports[place]}`;
    const variables = { LISTEN: address(index), ADVERTISE: address(index), BALANCER: address(0) };
    const at = { i: which, S: state, d: credentials };
    const words = execWords(readUnit(path.join(folder, units[daemon])), at, variables).slice(2);
    const free = words.map((word) => word.replace(/^127\.0\.0\.1:[89]080$/, address(index + 4)));
    return new Program('synod', [daemon, ...free], { cwd: state });
  });
  t.teardown(() => Promise.all(started.map((program) => program.kill())));
  for (const program of started) await program.waitForLine('READY', (line) => line.startsWith('READY '), deadlineMs);
  // The check of the image, which asks the port of compose.yaml there.
  const check = /"-e", \\\n\s*"(.*)"\]/.exec(readFileSync('deploy/docker/Dockerfile', 'utf8'))?.[1] ?? '';
  for (const port of ports.slice(4)) {
    const script = check.replace('127.0.0.1:9080', `127.0.0.1:${port}`);
    const isHealthy = (): boolean => spawnSync(process.execPath, ['-e', script]).status === 0;
    await until(`the image's health check of port ${port}`, deadlineMs, isHealthy);
    const live = await fetch(`http://127.0.0.1:${port}/livez`);
    t.equal(live.status, 200, 'live, as Kubernetes asks');
  }
  for (const program of started) program.signal('SIGTERM');
  for (const program of started) t.equal((await program.waitForExit(deadlineMs)).code, 0, program.title);
});
