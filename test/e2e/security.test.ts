/**
 * A cluster as docs/SECURITY.md says: its commands make the secret and the certificates, real processes use them, and
 * nothing that is written anywhere holds a secret.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { freePort } from '../support/ports.js';
import { Program, runToEnd } from '../support/program.js';
import { until } from '../support/until.js';

t.setTimeout(180_000);
const readyMs = 30_000;
const folder = mkdtempSync(path.join(tmpdir(), 'synod-security-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const page = readFileSync('docs/SECURITY.md', 'utf8');

function hasOpenssl(): boolean {
  try {
    return /^OpenSSL 3/.test(execFileSync('openssl', ['version'], { encoding: 'utf8' }));
  } catch {
    return false;
  }
}

/** Daemons and commands in `folder`, all with the same flags. */
class Place {
  readonly daemons: Program[] = [];
  readonly env = { XDG_CONFIG_HOME: path.join(folder, 'config'), HOME: folder };
  balancer = '';

  async start(name: string, args: readonly string[]): Promise<string> {
    const daemon = new Program('synod', args, { cwd: folder, env: this.env });
    this.daemons.push(daemon);
    const line = await daemon.waitForLine('READY', (text) => text.startsWith(`READY ${name}`), readyMs);
    return line.slice(`READY ${name} `.length);
  }

  async cluster(home: string, flags: readonly string[], master?: (balancer: string) => Promise<string>): Promise<void> {
    const listen = `127.0.0.1:${await freePort()}`;
    const own = ['--listen', listen, '--servers', '3', '--data-dir', `${home}/balancer`];
    this.balancer = await this.start('balancer', ['balancer', ...own, ...flags]);
    if (master !== undefined) this.balancer = await master(this.balancer);
    await Promise.all(
      [1, 2, 3].map((id) => {
        const where = ['--listen', '127.0.0.1:0', '--balancer', this.balancer, '--data-dir', `${home}/server-${id}`];
        return this.start(`server ${id}`, ['server', '--id', String(id), ...where, ...flags]);
      }),
    );
  }

  run(words: readonly string[], input = '', env: Readonly<Record<string, string>> = {}) {
    const args = [...words, '--balancer', this.balancer];
    return runToEnd('synod', args, 60_000, { cwd: folder, env: { ...this.env, ...env }, input });
  }

  async end(): Promise<void> {
    for (const daemon of this.daemons) daemon.signal('SIGTERM');
    await Promise.all(this.daemons.map((daemon) => daemon.waitForExit(20_000).catch(() => daemon.kill())));
  }
}

/** Every file below, as text. */
function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const full = path.join(directory, entry.name);
    return entry.isDirectory() ? filesBelow(full) : [readFileSync(full, 'latin1')];
  });
}

t.test('with TLS, a secret and an invitation', { skip: hasOpenssl() ? false : 'no OpenSSL 3 here' }, async (t) => {
  for (const [, commands = ''] of page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)) {
    execFileSync('sh', ['-euc', commands], { cwd: folder, stdio: 'pipe' });
  }
  t.equal(statSync(path.join(folder, 'secret')).mode & 0o077, 0, 'nobody else reads it');
  const secret = readFileSync(path.join(folder, 'secret'), 'utf8').trim();
  const invitation = readFileSync(path.join(folder, 'invitation'), 'utf8').trim();
  const certificate = ['--tls-ca', 'ca.pem', '--tls-cert', 'node.pem', '--tls-key', 'node.key'];
  const place = new Place();
  t.teardown(() => place.end());
  const full = ['--secret-file', 'secret', ...certificate];
  await place.cluster('tls', [...full, '--invite-file', 'invitation']);

  const guest = ['--invite-file', 'invitation', '--tls-ca', 'ca.pem'];
  const sent = await place.run(['send', '--name', 'guest', ...guest], 'hello by invitation\n');
  t.match(sent, { code: 0, stdout: /committed #lobby 1/ }, sent.stderr);
  const read = await place.run(['tail', '--secret-file', 'secret', '--tls-ca', 'ca.pem']);
  t.match(read, { code: 0, stdout: /<guest> hello by invitation/ }, read.stderr);
  const status = await place.run(['status', '--json', '--strict', ...full]);
  t.match(status, { code: 0, stdout: /"ok":true/ }, status.stderr);
  const verify = await place.run(['verify', ...full]);
  t.match(verify, { code: 0, stdout: /all 3 are equal/ }, verify.stderr);
  const fromEnvironment = await place.run(['tail', '--tls-ca', 'ca.pem'], '', { SYNOD_SECRET: secret });
  t.match(fromEnvironment, { code: 0, stdout: /hello by invitation/ });

  const refused: [string[], number, RegExp][] = [
    [['send', '--name', 'x', ...full.slice(2)], 3, /this cluster has a secret: give it with --secret-file/],
    [['send', '--name', 'x', '--secret-file', 'secret'], 3, /TLS only: give --tls-ca/],
    [['tail', '--secret-file', 'invitation', '--tls-ca', 'ca.pem'], 0, /^$/],
    [['verify', ...guest], 4, /needs more than this: .*(invitation|certificate)/],
    [['server', 'replace', '1', '--with', '9', '--timeout', '2s', ...guest], 4, /no server answers/],
  ];
  for (const [words, code, says] of refused) {
    const result = await place.run(words, 'x\n');
    t.equal(result.code, code, `${words.join(' ')}: ${result.stderr}`);
    t.match(`${result.stdout}${result.stderr}`, code === 0 ? /hello by invitation/ : says);
  }
  // What others on this machine, and whoever reads the logs, can see.
  for (const daemon of place.daemons) {
    const commandLine = readFileSync(`/proc/${daemon.pid}/cmdline`, 'latin1');
    const written = [commandLine, daemon.stderr, ...daemon.lines.map(({ text }) => text)].join('\n');
    t.notOk(written.includes(secret) || written.includes(invitation), `${daemon.title}: nothing secret`);
    t.match(commandLine, /--secret-file/);
  }
  for (const { stdout, stderr } of [sent, read, status, verify]) t.notOk(`${stdout}${stderr}`.includes(secret));
  const data = filesBelow(path.join(folder, 'tls'));
  t.notOk(
    data.some((text) => text.includes(secret) || text.includes(invitation)),
    'nor in any data directory',
  );

  // A certificate that is about to expire is renewed without a restart.
  const renewed = page.slice(page.indexOf('NAME=node ADDRESS'), page.indexOf('```\nA host name'));
  execFileSync('sh', ['-euc', renewed], { cwd: folder, stdio: 'pipe' });
  for (const daemon of place.daemons) daemon.signal('SIGHUP');
  for (const daemon of place.daemons) await daemon.waitForText('certificates-read-again', 10_000);
  t.match(await place.run(['status', '--strict', ...full]), { code: 0 }, 'all serve, and take new connections');
  writeFileSync(path.join(folder, 'node.pem'), 'no certificate');
  place.daemons[1]?.signal('SIGHUP');
  await place.daemons[1]?.waitForText('certificates-not-read', 10_000);
  t.match(await place.run(['tail', '--secret-file', 'secret', '--tls-ca', 'ca.pem']), { code: 0 });
});

t.test('a fault proxy between servers with a secret works on frames as ever, and changing the secret', async (t) => {
  const old = path.join(folder, 'old-secret');
  const both = path.join(folder, 'both');
  mkdirSync(path.join(folder, 'rotation'));
  writeFileSync(old, 'the old secret of this cluster\n', { mode: 0o600 });
  writeFileSync(both, 'the new secret of this cluster\nthe old secret of this cluster\n', { mode: 0o600 });
  const place = new Place();
  t.teardown(() => place.end());
  let api = '';
  await place.cluster('proxied', ['--secret-file', 'old-secret'], async (balancer) => {
    const ready = await place.start('proxy', [
      'proxy',
      '--master',
      balancer,
      '--listen',
      '127.0.0.1:0',
      '--api',
      '127.0.0.1:0',
    ]);
    const [front = '', , at = ''] = ready.split(' ');
    api = at;
    return front;
  });
  const sent = await place.run(['send', '--name', 'aaron', '--secret-file', old], 'through the proxy\n');
  t.match(sent, { code: 0 }, sent.stderr);
  const links = await until('links by name', 20_000, async () => {
    const { stdout } = await runToEnd('synod', ['link', 'ls', '--api', api], 20_000, { env: place.env });
    return [1, 2, 3].every((id) => stdout.includes(`${id}>`)) && stdout;
  });
  for (const link of ['1>2', '2>1', '1>3', '3>1', '2>3', '3>2']) t.match(links, link, 'the proxy knows who speaks');
  // A client that already proves with the new secret, and still knows the old one, is not let in by servers of before.
  const early = await place.run(['tail', '--secret-file', 'both']);
  t.match(early, { code: 3, stderr: /the secret is not that of this cluster/ });
  const warned = await place.run(['tail', '--secret-file', old], '', { SYNOD_SECRET: 'too short' });
  t.match(warned, { code: 0 }, 'the option wins over the environment');
});

const refusals: readonly { args: string[]; code: number; says: RegExp; env?: Record<string, string> }[] = [
  {
    args: ['balancer', '--listen', '0.0.0.0:0'],
    code: 3,
    says: /can be reached from other machines.*insist with --insecure/,
  },
  { args: ['server', '--id', '1', '--listen', '[::]:0'], code: 3, says: /--listen \[::\]:0 can be reached/ },
  { args: ['server', '--id', '1', '--listen', 'some.host:0'], code: 3, says: /without a secret anybody/ },
  { args: ['proxy', '--api', '0.0.0.0:0'], code: 3, says: /--api 0\.0\.0\.0:0 can be reached/ },
  { args: ['proxy', '--api', '', '--link', '0.0.0.0:0=127.0.0.1:1'], code: 3, says: /--link 0\.0\.0\.0:0 can be/ },
  { args: ['balancer', '--listen', '0.0.0.0:0', '--invite-file', 'INVITE'], code: 2, says: /give --secret-file too/ },
  { args: ['balancer', '--secret-file', 'SHORT'], code: 3, says: /holds a secret of 5 bytes: .*openssl rand -hex 32/ },
  { args: ['balancer', '--secret-file', 'EMPTY'], code: 3, says: /holds no secret: .*openssl rand -hex 32/ },
  { args: ['balancer', '--secret-file', 'nowhere'], code: 3, says: /: --secret-file names no file: give the path/ },
  { args: ['balancer', '--secret-file', 'BYTES'], code: 3, says: /BYTES holds no text in UTF-8: .*openssl rand/ },
  { args: ['proxy', '--api', '[0.0.0.0]:0'], code: 2, says: /--api takes HOST:PORT, not '\[0\.0\.0\.0\]:0'/ },
  { args: ['proxy', '--config', 'OPEN', '--api', ':0'], code: 3, says: /--config 0\.0\.0\.0:0 can be reached/ },
  { args: ['balancer', '--http', '0.0.0.0:0'], code: 3, says: /could read its pages: listen on 127\.0\.0\.1, or/ },
  { args: ['balancer'], code: 3, says: /\$SYNOD_SECRET holds a secret of 5 bytes/, env: { SYNOD_SECRET: 'short' } },
  { args: ['status', '--tls-ca', 'x'], code: 3, says: /--tls-ca x: ENOENT/ },
  { args: ['balancer', '--tls-ca', 'x'], code: 2, says: /shows a certificate: give --tls-cert and --tls-key too/ },
  { args: ['balancer', '--tls-cert', 'x'], code: 2, says: /goes with its key.*give --tls-key and --tls-ca too/ },
  { args: ['balancer', '--tls-ca', 'x', '--tls-key', 'x'], code: 2, says: /give --tls-cert too/ },
  { args: ['server', '--id', '1', '--rate-limit', 'much'], code: 2, says: /messages a second, such as 100\/s/ },
  { args: ['server', '--id', '1', '--rate-limit', '0/s'], code: 2, says: /whole number from 1/ },
  { args: ['balancer', '--connections-per-address', '0'], code: 2, says: /whole number from 1/ },
  { args: ['bench', 'run', '--secret-file', 'INVITE'], code: 2, says: /is there: give --balancer too/ },
];

t.test('what makes no sense is refused with what to do', async (t) => {
  writeFileSync(path.join(folder, 'SHORT'), 'short\n');
  writeFileSync(path.join(folder, 'EMPTY'), '\n\n');
  writeFileSync(path.join(folder, 'BYTES'), Buffer.alloc(32, 0xa7));
  writeFileSync(path.join(folder, 'OPEN'), '[{"name": "open", "listen": "0.0.0.0:0", "upstream": "127.0.0.1:1"}]');
  writeFileSync(path.join(folder, 'INVITE'), 'an invitation, long enough\n');
  for (const { args, code, says, env } of refusals) {
    const result = await runToEnd('synod', args, 30_000, { cwd: folder, env: { HOME: folder, ...env } });
    t.equal(result.code, code, `${args.join(' ')}: ${result.stderr}`);
    t.match(result.stderr, says);
    if (says.source.includes('names no file')) t.notMatch(result.stderr, 'nowhere', 'it might have been the secret');
  }
});

t.test('SIGHUP ends no daemon: one without certificates says that there is nothing to read', async (t) => {
  const place = new Place();
  t.teardown(() => place.end());
  const balancer = await place.start('balancer', [
    'balancer',
    ...['--listen', '127.0.0.1:0', '--http', '0.0.0.0:0', '--insecure', '--data-dir', 'hangup'],
  ]);
  t.match(place.daemons[0]?.stderr, /http-open/, 'nothing protects its pages');
  await place.start('proxy', ['proxy', '--master', balancer, '--listen', '127.0.0.1:0', '--api', '']);
  const waiting = new Program('synod', ['server', '--id', '1', '--listen', '127.0.0.1:0', '--balancer', balancer], {
    cwd: folder,
    env: place.env,
  });
  place.daemons.push(waiting);
  await waiting.waitForText('waiting for', readyMs);
  for (const daemon of place.daemons) daemon.signal('SIGHUP');
  for (const daemon of place.daemons) {
    await daemon.waitForText('nothing-to-read-again', 10_000);
    t.equal(daemon.exit, undefined, daemon.title);
  }
});

t.test('--insecure insists, a secret with an open file is warned about, and so is the missing TLS', async (t) => {
  const place = new Place();
  t.teardown(() => place.end());
  await place.start('balancer', ['balancer', '--listen', '0.0.0.0:0', '--insecure', '--data-dir', 'insecure']);
  t.match(place.daemons[0]?.stderr, /listening-without-tls/);
  writeFileSync(path.join(folder, 'open'), 'a secret that all can read\n', { mode: 0o644 });
  await place.start('balancer', [
    'balancer',
    '--listen',
    '0.0.0.0:0',
    '--secret-file',
    'open',
    '--data-dir',
    'secured',
  ]);
  t.match(place.daemons[1]?.stderr, /can be read by every user.*chmod o= open/);
});

t.test('who listens at every address, however it is spelt, and advertises none is told of it', async (t) => {
  const place = new Place();
  t.teardown(() => place.end());
  const nobody = ['--balancer', '127.0.0.1:1', '--memory', '--insecure'];
  const start = async (id: number, ...args: string[]): Promise<string> => {
    const daemon = new Program('synod', ['server', '--id', String(id), ...nobody, ...args], { cwd: folder });
    place.daemons.push(daemon);
    // By then everything that is warned of has been.
    await daemon.waitForText('No balancer at 127.0.0.1:1', readyMs);
    return daemon.stderr;
  };
  const told = /others are told .*which leads nowhere.*--advertise HOST:PORT/;
  t.match(await start(1, '--listen', '[0:0::0]:0'), told);
  t.match(await start(2, '--listen', '0:0'), told);
  t.notMatch(await start(3, '--listen', '0:0', '--advertise', '192.0.2.1:9009'), told);
  t.notMatch(await start(4, '--listen', '127.0.0.1:0'), told);
});
