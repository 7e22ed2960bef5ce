/**
 * Snapshots as an operator takes and restores them: real processes under load, servers of the new cluster that lose
 * their stores, disks and seats.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { describeVerdict } from '../checkers/history.js';
import { checkSlots } from '../checkers/slots.js';
import { Cluster } from '../support/cluster.js';
import { Load } from '../support/load.js';
import { dumpSlots } from '../support/log-dump.js';
import { judgeHistory } from '../support/one-history.js';
import { runToEnd } from '../support/program.js';

t.setTimeout(600_000);
const deadlineMs = 60_000;

interface Contents {
  readonly cluster: string;
  readonly slot: number;
  readonly messages: number;
}

async function snapshot<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await runToEnd('synod', ['snapshot', ...args, '--json'], deadlineMs);
  if (code !== 0) throw new Error(`snapshot ${args.join(' ')}: exit ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

/** `synod send` as whoever keeps a token in `home`. */
function send(cluster: Cluster, home: string, name: string, text: string): ReturnType<typeof runToEnd> {
  const args = ['send', '--name', name, '--room', '#aside', '--balancer', cluster.balancerAddress, text];
  return runToEnd('synod', args, deadlineMs, { env: { XDG_CONFIG_HOME: home } });
}

t.test('a cluster under load, saved, and begun anew; then its servers lose one thing after the other', async (t) => {
  const old = await Cluster.start();
  t.teardown(() => old.stop());
  const home = path.join(old.root, 'home');
  t.equal((await send(old, home, 'Owner', 'mine')).code, 0);
  const clients = ['Aaron', 'Lala', 'Sihan'].map((name) => old.chat(name));
  await Promise.all(clients.map((client) => client.waitForConnected(deadlineMs)));
  const load = new Load(clients, { linesPerSecond: 100, inFlightMax: 16, explain: () => old.describe() });
  t.teardown(() => load.stop());
  await load.progress('a thousand lines', 350, deadlineMs);
  await load.drain(deadlineMs);
  for (const client of clients) t.equal(await client.finish(), 0);
  const before = await old.tail(1, '#lobby');
  for (const id of old.ids) t.equal((await old.stopServer(id)).code, 0);

  const file = path.join(old.root, 'ops.snap');
  const saved = await snapshot<Contents>('save', file, '--data-dir', old.dataDir(1));
  t.equal(saved.messages, load.linesSaid + 1, 'after an orderly stop all that was acknowledged is in it');
  t.match(await snapshot<Contents>('status', file), { slot: saved.slot, cluster: saved.cluster });

  const made = new Cluster({ dataDir: (id, root) => path.join(root, 'restored', `server-${id}`) });
  t.teardown(() => made.stop());
  const { cluster } = await snapshot<Contents>('restore', file, '--data-dir', path.join(made.root, 'restored'));
  t.not(cluster, saved.cluster);
  await made.startWithoutServers();
  await made.startServers();
  for (const id of made.ids) {
    const after = await made.tail(id, '#lobby');
    t.same(after.log.entries, before.log.entries, `server ${id}: same numbers, slots, names and texts`);
  }
  t.equal((await send(made, home, 'Owner', 'still mine')).code, 0, 'a token has its name');
  t.equal((await send(made, path.join(made.root, 'stranger'), 'owner', 'not mine')).code, 3, 'and nobody else has it');

  const others = ['Aaron', 'Newcomer'].map((name) => made.chat(name === 'Aaron' ? 'Ann' : name));
  await Promise.all(others.map((client) => client.waitForConnected(deadlineMs)));
  const more = new Load(others, { linesPerSecond: 60, inFlightMax: 8, explain: () => made.describe() });
  more.paddingChars = 3;
  t.teardown(() => more.stop());
  await more.progress('in the new cluster', 20, deadlineMs);

  // Without its store a server has no state, and says so; with an empty directory it gets one.
  await made.killServer(2);
  rmSync(path.join(made.dataDir(2), 'state'), { recursive: true });
  const refused = made.spawnServer(2);
  t.equal((await refused.waitForExit(deadlineMs)).code, 7);
  t.match(refused.stderr, /began with a snapshot, of slot \d+, and the directory state that held it is gone or empty/);
  rmSync(made.dataDir(2), { recursive: true });
  await made.startServer(2);
  await made.waitForVotes(deadlineMs);
  await more.progress('with server 2 back', 20, deadlineMs);

  const leader = await made.leader();
  await made.killServer(leader);
  rmSync(made.dataDir(leader), { recursive: true });
  await made.startServer(leader);
  await made.waitForVotes(deadlineMs);
  await more.progress('with an emptied disk of the leader', 20, deadlineMs);

  const gone = made.ids.find((id) => id !== 2 && id !== leader) ?? 0;
  await made.killServer(gone);
  const replace = ['server', 'replace', `${gone}`, '--with', '4', '--balancer', made.balancerAddress];
  t.equal((await runToEnd('synod', [...replace, '--no-wait'], deadlineMs)).code, 0);
  await made.inviteServer(4);
  await made.startServer(4);
  t.equal((await runToEnd('synod', replace, deadlineMs)).code, 0);
  made.replaced(gone, 4);
  await made.waitForVotes(deadlineMs);
  await more.progress('with another machine', 20, deadlineMs);

  // None of the directories that restore made is left: who has the state now has it by transfer.
  await Promise.all(made.ids.map((id) => made.killServer(id)));
  await made.startServers();
  await more.progress('after all were killed', 20, deadlineMs);
  await more.drain(deadlineMs);
  await made.waitForAgreement(deadlineMs);
  const verdict = await judgeHistory(made, { watching: others, gone: clients });
  t.ok(verdict.ok, describeVerdict(verdict));
  t.equal(verdict.length, load.linesSaid + more.linesSaid);
  for (const client of others) t.equal(await client.finish(), 0);
  for (const id of made.ids) t.equal((await made.stopServer(id)).code, 0);
  const logs = await Promise.all(made.ids.map((id) => dumpSlots(String(id), made.dataDir(id))));
  // Nobody's log begins with slot 1.
  t.same(
    checkSlots(logs).problems.filter((problem) => !problem.includes('due was')),
    [],
  );

  // And once more, from one that got its state from a peer.
  const second = await snapshot<Contents>('save', path.join(old.root, 'two.snap'), '--data-dir', made.dataDir(4));
  t.ok(second.slot > saved.slot);
  t.equal(second.messages, verdict.length + 2);
});
