/** Real daemons told by nothing but a file, or nothing but variables; demo and bench beside a user's configuration. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'smol-toml';
import t, { type Test } from 'tap';
import { freePort } from '../support/ports.js';
import { Program, runToEnd } from '../support/program.js';

t.setTimeout(180_000);
const deadlineMs = 30_000;

function daemon(t: Test, args: readonly string[], env: Readonly<Record<string, string>>, cwd: string): Program {
  const program = new Program('synod', args, { env, cwd });
  t.teardown(async () => {
    program.signal('SIGTERM');
    await program.waitForExit(deadlineMs);
  });
  return program;
}

function ready(program: Program, what: string): Promise<string> {
  return program.waitForLine(`READY ${what}`, (text) => text.startsWith(`READY ${what} `), deadlineMs);
}

t.test('a cluster of one and its client, told by one file', async (t) => {
  const folder = t.testdir();
  const balancer = `127.0.0.1:${await freePort()}`;
  const listen = `127.0.0.1:${await freePort()}`;
  const file = {
    'log-level': 'warn',
    balancer: { listen: balancer, servers: 1, 'data-dir': 'b' },
    server: { id: 7, listen, balancer: [balancer, '127.0.0.1:1'], 'data-dir': 's', fsync: 'never' },
    send: { balancer, name: 'aaron', room: 'ops', json: true },
    tail: { balancer, room: 'ops' },
  };
  writeFileSync(path.join(folder, 'synod.toml'), stringify(file));
  const config = ['--config', 'synod.toml'];
  t.equal(await ready(daemon(t, ['balancer', ...config], {}, folder), 'balancer'), `READY balancer ${balancer}`);
  const server = daemon(t, ['server', ...config], {}, folder);
  t.equal(await ready(server, 'server'), `READY server 7 ${listen}`);
  t.match(server.stderr, '--fsync never: a power loss may lose', 'a warning of that level');
  t.notMatch(server.stderr, '"level":30', 'and nothing below');
  t.ok(existsSync(path.join(folder, 's', 'identity')) && existsSync(path.join(folder, 'b')), 'data lies where it says');
  const sent = await runToEnd('synod', ['send', ...config, '--', 'hi'], deadlineMs, { cwd: folder });
  t.match(sent, { code: 0, stdout: /"state":"committed","room":"#ops"/ });
  const read = await runToEnd('synod', ['tail', ...config], deadlineMs, { cwd: folder });
  t.match(read, { code: 0, stdout: /<aaron> hi\n$/ });
});

t.test('the same, told by variables', async (t) => {
  const folder = t.testdir();
  const balancer = `127.0.0.1:${await freePort()}`;
  const env = {
    SYNOD_BALANCER_LISTEN: balancer,
    SYNOD_BALANCER_SERVERS: '1',
    SYNOD_BALANCER_DATA_DIR: 'b',
    SYNOD_BALANCER: balancer,
    SYNOD_SERVER_ID: '3',
    SYNOD_LISTEN: '127.0.0.1:0',
    SYNOD_DATA_DIR: 's',
    SYNOD_FSYNC: '',
    SYNOD_ROOM: 'ops',
    SYNOD_SEND_NAME: 'lala',
  };
  t.equal(await ready(daemon(t, ['balancer'], env, folder), 'balancer'), `READY balancer ${balancer}`);
  await ready(daemon(t, ['server'], env, folder), 'server 3');
  t.ok(existsSync(path.join(folder, 's', 'identity')));
  const sent = await runToEnd('synod', ['send', '--', 'hi'], deadlineMs, { cwd: folder, env });
  t.match(sent, { code: 0 });
  const read = await runToEnd('synod', ['tail', '--plain=false'], deadlineMs, { cwd: folder, env });
  t.match(read, { code: 2 }, 'a flag that a command has not is not made up');
  t.match(await runToEnd('synod', ['tail'], deadlineMs, { cwd: folder, env }), { code: 0, stdout: /<lala> hi\n$/ });
});

t.test('a server does not start on a wrong file, and touches nothing', async (t) => {
  const folder = t.testdir({ 'synod.toml': '[server]\nid = 1\ndata-dir = "s"\nfsnyc = "never"\nretain = "1MiB"\n' });
  const started = await runToEnd('synod', ['server', '--config', 'synod.toml'], deadlineMs, { cwd: folder });
  t.match(started, { code: 3, stdout: '' });
  t.equal(
    started.stderr,
    'synod: synod.toml:4 [server] has no key fsnyc - did you mean fsync ?\n' +
      'synod: synod.toml:5 [server] retain takes a size with its unit, 32MiB or more, ' +
      "such as 512MiB or 2GiB, not '1MiB'\n",
  );
  t.notOk(existsSync(path.join(folder, 's')));
  const torn = { SYNOD_SERVER_MEMORY: '1', SYNOD_DATA_DIR: 's' };
  const conflict = await runToEnd('synod', ['server', '--id', '1'], deadlineMs, { cwd: folder, env: torn });
  t.match(conflict, { code: 3, stderr: /leave out SYNOD_SERVER_MEMORY or SYNOD_DATA_DIR/ });
});

/** What a user may have set for daemons of his own: each line would break a demo's, or change what a bench measures. */
const usersFile = {
  balancer: '127.0.0.1:1',
  listen: '127.0.0.1:1',
  'data-dir': '/proc/nowhere',
  mode: 'd:0',
  memory: true,
  'log-level': 'error',
  'secret-file': '/proc/nowhere',
  'tls-ca': '/proc/nowhere',
  server: { id: 9, advertise: '127.0.0.1:1', retain: '2GiB' },
  proxy: { link: ['1=127.0.0.1:1'], mode: '1=d:0', trace: '/proc/nowhere' },
};
const usersVariables = {
  SYNOD_CONFIG: '',
  SYNOD_FSYNC: 'never',
  SYNOD_SERVER_MODE: 'd:0',
  SYNOD_SERVERS: '5',
  SYNOD_PROXY_MASTER: '127.0.0.1:1',
  SYNOD_BALANCER: '127.0.0.1:1',
  SYNOD_SECRET: 'of the cluster that the user works with',
  SYNOD_INVITE: 'to the cluster that the user works with',
};

function usersHome(t: Test): typeof usersVariables & { readonly XDG_CONFIG_HOME: string } {
  const home = t.testdir();
  mkdirSync(path.join(home, 'synod'));
  writeFileSync(path.join(home, 'synod', 'config.toml'), stringify(usersFile));
  return { XDG_CONFIG_HOME: home, ...usersVariables };
}

t.test("a demo takes what is said of demos; its daemons take nothing of the user's", async (t) => {
  const env = { ...usersHome(t), SYNOD_DEMO_SERVERS: '1', SYNOD_DEMO_LISTEN: '127.0.0.1:0' };
  const dataDir = path.join(env.XDG_CONFIG_HOME, 'data');
  const refused = await runToEnd('synod', ['server'], deadlineMs, { env });
  t.match(refused, { code: 3, stderr: /keeps nothing on disk/ }, 'the file is one that daemons read');
  const args = ['demo', '--json', '--name', 'aaron', '--data-dir', dataDir];
  const demo = await runToEnd('synod', args, 60_000, { env, input: 'hello\n' });
  t.match(demo, { code: 0, stdout: /"state":"committed"/ }, demo.stderr);
  t.match(demo.stderr, /server 1 /);
  t.notMatch(demo.stderr, /server 2 /, 'one server, as SYNOD_DEMO_SERVERS says');
  const log = readFileSync(path.join(dataDir, 'server-1.log'), 'utf8');
  t.notMatch(log, /--fsync never|--memory/);
  t.match(log, /"level":30/, 'the daemons log at their own level');
});

t.test("a bench never loads the cluster that the user's chats go to", async (t) => {
  const args = ['bench', 'run', '--clients', '1', '--inflight', '1', '--duration', '500ms', '--warmup', '0', '--json'];
  const env = { ...usersHome(t), SYNOD_BENCH_RUN_SERVERS: '1' };
  const bench = await runToEnd('synod', args, 60_000, { env });
  t.equal(bench.code, 0, bench.stderr);
  const result = JSON.parse(bench.stdout) as { durable: boolean; ok: number };
  t.equal(result.durable, true, 'on disks that are synced');
  t.ok(result.ok > 0);
  const odd = await runToEnd('synod', args, deadlineMs, { env: { ...env, SYNOD_BENCH_RUN_SECRET: env.SYNOD_SECRET } });
  t.match(odd, { code: 3, stderr: /SYNOD_BENCH_RUN_SECRET is for a cluster that is there: give --balancer too/ });
});

t.test('tests are not reached by what a developer has set', async (t) => {
  const env = { ...process.env, ...usersHome(t) };
  // A process of its own, since the environment of programs under test is made when their module is loaded.
  const module = new URL('../support/bare-environment.js', import.meta.url).href;
  const code = `console.log(JSON.stringify((await import(${JSON.stringify(module)})).bareEnvironment))`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8', env });
  const bare = JSON.parse(stdout) as NodeJS.ProcessEnv;
  t.equal(bare.SYNOD_CONFIG, '/dev/null');
  for (const name of Object.keys(usersVariables)) if (name !== 'SYNOD_CONFIG') t.notOk(name in bare, name);
});
