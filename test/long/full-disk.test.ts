/** A full disk: the server says so, takes nothing more, loses nothing, and goes on by itself when there is space. */
import path from 'node:path';
import t from 'tap';
import { Cluster } from '../support/cluster.js';
import { expectOneHistory } from '../support/one-history.js';
import { runToEnd } from '../support/program.js';
import { SmallDisk } from '../support/small-disk.js';

/** Room for the first small segment of the log and the state store, not for a second segment. */
const smallKib = 8 * 1024;
const enoughKib = 300 * 1024;

const skip = SmallDisk.available ? false : 'no right to mount a tmpfs here';

t.test('all disks fill up, and get space again', { skip }, async (t) => {
  const cluster = new Cluster({ dataDir: (id, root) => path.join(root, `disk-${id}`, 'data') });
  t.teardown(() => cluster.stop());
  const disks = cluster.ids.map((id) => new SmallDisk(path.dirname(cluster.dataDir(id)), smallKib));
  for (const disk of disks) t.teardown(() => disk.unmount());
  await cluster.choosePorts();
  await cluster.startBalancer();
  await Promise.all(cluster.ids.map((id) => cluster.startServer(id)));

  const aaron = cluster.chat('Aaron');
  await aaron.sayAndCommit('while there is space');
  const filler = 'x'.repeat(7000);
  const said = 1000;
  for (let i = 1; i <= said; i++) aaron.say(`${i} ${filler}`);
  const full = await cluster.waitForStatus(
    'a majority that says its disk is full',
    ({ servers }) => servers.filter(({ note }) => /disk|space|full/i.test(note)).length >= 2,
    30_000,
  );
  t.comment(full.servers.map(({ id, note }) => `server ${id}: ${note}`).join('\n'));
  for (const id of cluster.ids) t.equal(cluster.server(id).exit, undefined, `server ${id} still runs`);
  t.ok(aaron.linesSettled < said, `${aaron.linesSettled} of ${said} lines were committed before`);
  const { log } = await cluster.tail(1, '#lobby');
  t.ok(log.entries.length > 0, 'reading goes on');

  for (const disk of disks) disk.resize(enoughKib);
  await aaron.waitForState(said + 1, 'committed', 30_000);
  await cluster.waitForAgreement();
  const verdict = await expectOneHistory(cluster, { watching: [aaron] });
  t.equal(verdict.length, said + 1, 'every line once');
  await Promise.all(cluster.ids.map((id) => cluster.killServer(id)));
  await Promise.all(cluster.ids.map((id) => cluster.startServer(id)));
  await cluster.waitForAgreement();
  t.equal((await expectOneHistory(cluster, { watching: [aaron] })).length, said + 1, 'and after a restart of all');
});

t.test('one full disk of three', { skip }, async (t) => {
  const cluster = new Cluster({ dataDir: (id, root) => path.join(root, `disk-${id}`, 'data') });
  t.teardown(() => cluster.stop());
  const disk = new SmallDisk(path.dirname(cluster.dataDir(1)), smallKib);
  t.teardown(() => disk.unmount());
  await cluster.choosePorts();
  await cluster.startBalancer();
  await Promise.all(cluster.ids.map((id) => cluster.startServer(id)));
  const aaron = cluster.chat('Aaron', ['--server', cluster.address(2)]);
  const filler = 'x'.repeat(7000);
  for (let i = 1; i <= 1500; i++) aaron.say(`${i} ${filler}`);
  await aaron.waitForState(1500, 'committed', 30_000);
  await cluster.waitForStatus(
    'server 1 to say that its disk is full',
    ({ servers }) => servers.some(({ id, note }) => id === 1 && /disk|space|full/i.test(note)),
    10_000,
  );
  disk.resize(enoughKib);
  await cluster.waitForAgreement();
  t.equal((await expectOneHistory(cluster, { watching: [aaron] })).length, 1500);
});

t.test('a disk too small to begin with', { skip }, async (t) => {
  const cluster = new Cluster({ servers: 1 });
  t.teardown(() => cluster.stop());
  const disk = new SmallDisk(path.join(cluster.root, 'disk'), 2 * 1024);
  t.teardown(() => disk.unmount());
  await cluster.choosePorts();
  await cluster.startBalancer();
  const args = cluster.serverArgs(1, { dataDir: path.join(disk.folder, 'data') });
  const { code, stderr } = await runToEnd('synod', ['server', ...args], 20_000);
  t.equal(code, 7, stderr.slice(-1000));
  t.match(stderr.trimEnd().split('\n').at(-1), /^synod: .*(space|full)/i);
});
