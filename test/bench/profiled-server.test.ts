/** Which process below a profiler is the server, and how each tool is started. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { isServer, processesBelow, resultText, serverAmong, wrappingOf } from '../../bench/profiled-server.js';
import { Program } from '../support/program.js';

t.test('what runs the launcher, and what only might', async (t) => {
  const own = ['/usr/bin/node', '/x/bin/synod', 'server', '--id', '1'];
  t.ok(isServer(own));
  t.ok(isServer(['node', '--prof', '-r', '/y/preload', '/x/bin/synod', 'server']));
  t.notOk(isServer(['npm exec clinic@13.0.0 flame', '--', ...own]));
  t.notOk(isServer(['sh', '-c', 'exec "$@"', 'sh', ...own]));
  t.notOk(isServer(['node', '/x/bin/synod', 'balancer']));
  t.notOk(isServer(['']));
});

t.test('cpu: the sampler is on, the command is replaced by the server, and its profile is summed up', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'synod-profile-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const args = ['server', '--id', '1', '--listen', '127.0.0.1:0', '--memory', '--balancer', '127.0.0.1:1'];
  const program = new Program('synod', args, wrappingOf('cpu', folder));
  t.teardown(() => program.signal('SIGKILL'));
  await program.waitForText('No balancer', 10_000);
  const pids = processesBelow(program.pid);
  t.same(pids, [program.pid], 'the shell was replaced');
  t.equal(serverAmong(pids), program.pid);
  t.throws(() => serverAmong([process.pid]), /is a server/);
  program.signal('SIGTERM');
  await program.waitForExit(10_000);
  t.match(resultText('cpu', folder, 5), /busy \d+ ms, idle \d+ ms/);
});

t.test('a tool that wrote nothing has failed', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'synod-profile-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  t.throws(() => resultText('cpu', folder, 5), /did not end in order/);
  t.throws(() => resultText('flame', folder, 5), /wrote no page/);
  writeFileSync(path.join(folder, '1.clinic-flame.html'), '');
  t.match(resultText('flame', folder, 5), '1.clinic-flame.html');
});
