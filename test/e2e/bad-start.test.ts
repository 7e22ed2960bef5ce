/** Starts that cannot be: each gives its exit code and one clear line that says what to do, and the cluster goes on. */
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { Cluster } from '../support/cluster.js';
import { freePort } from '../support/ports.js';
import { Program, runToEnd } from '../support/program.js';
import { until } from '../support/until.js';

const deadlineMs = 20_000;

/** The exit code, no READY, and a last line on stderr that is one sentence for a person: no stack, no JSON. */
function expectRefusal(
  t: Test,
  what: string,
  result: { readonly code: number | undefined; readonly stdout: string; readonly stderr: string },
  code: number,
  says: RegExp,
): void {
  t.equal(result.code, code, `${what}: exit ${code}\n${result.stderr.slice(-1500)}`);
  t.equal(result.stdout, '', `${what}: nothing on stdout`);
  const last = result.stderr.trimEnd().split('\n').at(-1) ?? '';
  t.match(last, /^(synod|srunner|lrunner): /, `${what}: the last line is for a person`);
  t.match(last, says, `${what}: ${last}`);
  t.notMatch(result.stderr, /\n\s+at .*\.js:\d+/, `${what}: no stack trace`);
}

t.test('starts that a running cluster refuses', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.stop());
  const aaron = cluster.chat('Aaron');
  await aaron.sayAndCommit('before');
  const folder = (name: string): string => path.join(cluster.root, name);
  const startServer = (change: Parameters<Cluster['serverArgs']>[1]) =>
    runToEnd('synod', ['server', ...cluster.serverArgs(1, change)], deadlineMs);

  const twin = await startServer({ port: 0, dataDir: folder('twin') });
  expectRefusal(t, 'a second server with the same id', twin, 3, /\b1\b.*(already|another|duplicate|runs)/i);

  const locked = await startServer({ port: 0 });
  expectRefusal(t, 'a second server on the same data', locked, 7, /lock|another process|in use/i);

  const port = await freePort();
  const holder = new Program('synod', ['balancer', '--listen', `127.0.0.1:${port}`, '--data-dir', folder('holder')]);
  t.teardown(() => holder.kill());
  await holder.waitForLine('READY', (line) => line.startsWith('READY'), deadlineMs);
  const busyServer = await startServer({ port, dataDir: folder('busy'), id: 9 });
  expectRefusal(t, 'a server on a busy port', busyServer, 3, new RegExp(`${port}.*(in use|busy|taken)`, 'i'));
  const busyArgs = ['balancer', '--listen', `127.0.0.1:${port}`, '--data-dir', folder('busy-balancer')];
  const busyBalancer = await runToEnd('synod', busyArgs, deadlineMs);
  expectRefusal(t, 'a balancer on a busy port', busyBalancer, 3, new RegExp(`${port}.*(in use|busy|taken)`, 'i'));

  writeFileSync(folder('a-file'), 'not a directory');
  const noFolder = await startServer({ port: 0, dataDir: folder('a-file') });
  expectRefusal(t, 'a data directory that is a file', noFolder, 3, /a-file/);

  await aaron.sayAndCommit('between');

  // A stopped server 2: its data under another id, the data of another cluster; an emptied directory comes back.
  t.equal((await cluster.stopServer(2)).code, 0);
  const wrongId = await startServer({ port: 0, id: 3, dataDir: cluster.dataDir(2) });
  expectRefusal(t, "server 3 on server 2's data", wrongId, 3, /2/);

  const other = await Cluster.start({ servers: 1 });
  t.teardown(() => other.stop());
  t.equal((await other.stopServer(1)).code, 0);
  const foreign = await startServer({ id: 1, port: 0, dataDir: other.dataDir(1) });
  expectRefusal(t, 'a server of another cluster', foreign, 3, /cluster/i);

  rmSync(cluster.dataDir(2), { recursive: true });
  await cluster.startServer(2);
  await cluster.waitForAgreement();
  await aaron.sayAndCommit('after');
  t.notOk(
    aaron.events.some((event) => event.event === 'disconnected' && event.server !== 2),
    'nobody else was cut off',
  );
});

t.test('a missing balancer', async (t) => {
  const cluster = new Cluster({ servers: 1 });
  t.teardown(() => cluster.stop());
  await cluster.choosePorts();

  const env = { XDG_CONFIG_HOME: path.join(cluster.root, 'config') };
  const asking = ['--balancer', cluster.balancerAddress, '--timeout', '1s'];
  const commands = [
    ['send', ...asking, '--name', 'Aaron', '--', 'hello'],
    ['tail', ...asking],
    ['status', ...asking],
    ['verify', ...asking],
  ];
  for (const args of commands) {
    const result = await runToEnd('synod', args, deadlineMs, { env });
    expectRefusal(t, args[0] ?? '', result, 4, new RegExp(cluster.balancerAddress.replace('127.0.0.1', '.*')));
  }

  const server = cluster.spawnServer(1);
  const complaint = new RegExp(`No balancer at .*:${cluster.balancerAddress.split(':')[1]}.*synod balancer`);
  await until(
    'the server to say that it has no balancer',
    deadlineMs,
    () => complaint.test(server.stderr),
    () => server.describe(),
  );
  t.equal(server.exit, undefined, 'the server goes on trying');
  await cluster.startBalancer();
  await server.waitForLine('READY', (line) => line.startsWith('READY server 1 '), deadlineMs);
});
