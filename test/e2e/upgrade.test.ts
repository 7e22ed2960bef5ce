/** A cluster of 0.6.0 becomes one of this release, a process at a time, under messages; and one server goes back. */
import { mkdtempSync, rmSync } from 'node:fs';
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
});
