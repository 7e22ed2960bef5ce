/** A cluster of 0.6.0 becomes one of this release, a process at a time, under messages; and one server goes back. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { Cluster } from '../support/cluster.js';
import { buildRelease, noHistory } from '../support/old-release.js';
import { type ProgramOptions, runToEnd } from '../support/program.js';

/** 0.6.0 as it was released. */
const commit = '2d91b12';
const deadlineMs = 60_000;
t.setTimeout(400_000);

t.test('0.6.0 and this release in one cluster', { skip: noHistory(commit) }, async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'synod-old-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const launchers = buildRelease(commit, folder);
  /** Who runs the old release now: servers by number, 0 is the balancer. */
  const old = new Set([0, 1, 2, 3]);
  const release = (id: number): ProgramOptions => (old.has(id) ? { launchers } : {});
  const cluster = await Cluster.start({ serverOptions: release, balancerOptions: () => release(0) });
  t.teardown(() => cluster.stop());
  const said: string[] = [];

  /** Clients of both releases talk to the servers. */
  async function talk(when: string): Promise<void> {
    for (const id of cluster.ids) {
      const isOld = said.length % 2 === 0;
      const text = `${when}, at ${id}, ${isOld ? 'old' : 'new'} client`;
      const args = ['send', '--name', 'bot', '--server', cluster.address(id), '--', text];
      const options = { env: { XDG_CONFIG_HOME: cluster.root }, ...(isOld ? { launchers } : {}) };
      const { code, stderr } = await runToEnd('synod', args, deadlineMs, options);
      t.equal(code, 0, `${text}: ${stderr}`);
      said.push(text);
    }
    const { log } = await cluster.tail(1, '#lobby');
    t.same(
      log.entries.map(({ text }) => text),
      said,
      `${when}: everything, once, in order`,
    );
    await cluster.waitForAgreement();
  }

  async function exchange(id: number): Promise<void> {
    t.equal((await cluster.stopServer(id)).code, 0);
    if (!old.delete(id)) old.add(id);
    await cluster.startServer(id);
    await cluster.waitForVotes();
  }

  await talk('all old');
  old.delete(0);
  await cluster.restartBalancer(false);
  await talk('new balancer');
  await exchange(1);
  await talk('one new');
  await exchange(2);
  await talk('two new');
  await exchange(3);
  await talk('all new');
  await exchange(2);
  await talk('one went back');
  old.add(0);
  await cluster.restartBalancer(false);
  await talk('old balancer');

  // What operators decide needs everybody to read it, and keeps 0.6.0 out from then on (decision 0018).
  const retain = (id: number) => {
    const args = ['room', 'retain', 'lobby', '--count', '1000', '--server', cluster.address(id), '--timeout', '2s'];
    return runToEnd('synod', args, deadlineMs);
  };
  t.match(await retain(1), { code: 5, stderr: /servers 2 are away or of a release that cannot read this/ });
  t.match(await retain(2), { code: 3, stderr: /is of an older release/ });
  await exchange(2);
  t.match(await retain(1), { code: 0, stdout: '#lobby keeps its newest 1000 messages\n' });
  await talk('decided');
  t.equal((await cluster.stopServer(2)).code, 0);
  old.add(2);
  // It would apply otherwise what was decided, and vote from there: it must not touch the directory.
  const before = contentsOf(cluster.dataDir(2));
  const back = cluster.spawnServer(2);
  t.equal((await back.waitForExit(deadlineMs)).code, 7);
  t.match(back.stderr, /identity.*has format 2/);
  t.same(contentsOf(cluster.dataDir(2)), before, 'which is as it was');
  const args = ['send', '--name', 'bot', '--server', cluster.address(1), '--', 'without it'];
  t.match(await runToEnd('synod', args, deadlineMs, { env: { XDG_CONFIG_HOME: cluster.root } }), { code: 0 });
  said.push('without it');
  old.delete(2);
  await cluster.startServer(2);
  await cluster.waitForVotes();
  await talk('all can read it');
});

/** Names, lengths and times of all files. */
function contentsOf(folder: string): unknown[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.startsWith('lock'))
    .sort()
    .map((name) => {
      const stat = statSync(path.join(folder, name));
      return stat.isDirectory() ? [name] : [name, stat.size, stat.mtimeMs];
    });
}
