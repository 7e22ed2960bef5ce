/** A data directory is gone: the server is admitted anew; what it says before that counts for nothing. */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import t from 'tap';
import { askOnce } from '../../src/client/index.js';
import { encode, type Hello, type Message, type Status } from '../../src/wire/index.js';
import { Cluster } from '../support/cluster.js';
import { endRun } from '../support/end-run.js';
import { Load } from '../support/load.js';
import { papersOf } from '../support/papers.js';
import { RawPeer } from '../support/raw-peer.js';
import { until } from '../support/until.js';

const deadlineMs = 40_000;

t.test('the disk of the leader, then that of a follower, emptied under load', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.stop());
  const clients = ['Aaron', 'Lala', 'Sihan'].map((name) => cluster.chat(name));
  await Promise.all(clients.map((client) => client.waitForConnected(deadlineMs)));
  const load = new Load(clients, { linesPerSecond: 60, inFlightMax: 8, explain: () => cluster.describe() });
  t.teardown(() => load.stop());
  for (const whose of ['leader', 'follower']) {
    const leader = await cluster.leader();
    const id = whose === 'leader' ? leader : (cluster.ids.find((other) => other !== leader) ?? 0);
    await cluster.killServer(id);
    rmSync(cluster.dataDir(id), { recursive: true });
    await cluster.startServer(id);
    await cluster.waitForVotes(deadlineMs);
    await load.progress(`with the emptied disk of the ${whose} admitted`, 2, deadlineMs);
  }
  const { verdict, unacknowledged, slots } = await endRun(cluster, clients, load, [], deadlineMs);
  t.ok(verdict.ok);
  t.equal(verdict.length, load.linesSaid, `all ${load.linesSaid} lines are there, once`);
  t.equal(unacknowledged, 0);
  t.same(slots.problems, []);
});

t.test('an emptied disk makes no majority, whatever it says; the one with its data does', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.stop());
  const leader = await cluster.leader();
  const [kept = 0, emptied = 0] = cluster.ids.filter((id) => id !== leader);
  const aaron = cluster.chat('Aaron', ['--server', cluster.address(leader)]);
  await aaron.sayAndCommit('before');
  await Promise.all([cluster.killServer(kept), cluster.killServer(emptied)]);
  const before = await statusOf(cluster, leader);
  const line = aaron.say('with one of three');

  // Everything that would make a majority of the two, said at the leader's socket by a directory nobody knows …
  const papers = await papersOf(cluster.dataDir(emptied));
  const stranger = { ...papers, birthId: randomBytes(16) };
  t.equal(await tryToVote(cluster, leader, stranger, before, 60), false, 'a directory that nobody knows');
  t.equal((await statusOf(cluster, leader)).committed, before.committed, 'nothing commits');

  // … and by a real server with an emptied disk.
  rmSync(cluster.dataDir(emptied), { recursive: true });
  await cluster.startServer(emptied);
  await cluster.waitForStatus(
    'the leader to name the one without its data',
    ({ servers }) =>
      servers.some(
        ({ id, note }) =>
          id === leader && note === `no leader: server ${emptied} is admitted once a majority of the others is up`,
      ) && servers.some(({ id, seat }) => id === emptied && seat === 'waits'),
    deadlineMs,
  );
  t.equal((await statusOf(cluster, leader)).committed, before.committed, 'nothing commits');
  t.not(aaron.state(line), 'committed');

  // The one whose data is there makes the majority, and with it the emptied one is admitted.
  await cluster.startServer(kept);
  await aaron.waitForState(line, 'committed', deadlineMs);
  await cluster.waitForVotes(deadlineMs);
});

async function statusOf(cluster: Cluster, id: number): Promise<Status> {
  const said = await askOnce({ address: cluster.address(id), timeoutMs: 5000 }, (server) => server.status());
  if (!said.ok) throw new Error(`server ${id}: ${said.text}`);
  return said.answer;
}

/** Follows the leader and votes for all that it may propose, again and again. True once something was committed. */
async function tryToVote(cluster: Cluster, leader: number, papers: Hello, at: Status, times: number): Promise<boolean> {
  const peer = await RawPeer.open(cluster.address(leader));
  peer.send(encode(papers));
  await peer.waitForMessage('welcome');
  let round = 1;
  try {
    for (let i = 0; i < times; i++) {
      const { ballot, committed } = await statusOf(cluster, leader);
      if (committed > at.committed) return true;
      const flags = { leads: { round: 0, server: 0, incarnation: 0 }, majority: true, abdicated: false, happy: true };
      const reply = { promised: ballot, ...flags, commit: at.committed, hashSlot: 0, hash: new Uint8Array(8) };
      const { incarnation } = papers;
      const frames: Message[] = [];
      // The leader's own rounds are not known here: of these it takes what is not ahead of it.
      for (let n = 0; n < 300; n++) frames.push({ type: 'heartbeatReply', round: round++, ...reply });
      if (round > 6000) round = 1;
      frames.push({ type: 'promise', ballot, incarnation, commit: 0, part: 0, parts: 1, entries: [] });
      frames.push({ type: 'accepted', ballot, incarnation, slot: at.committed + 1, count: 20 });
      peer.send(...frames.map(encode), encode({ type: 'ping', token: i }));
      const isRead = (): boolean => peer.closed || peer.messages.some((m) => m.type === 'pong' && m.token === i);
      await until('the frames to be read', 10_000, isRead);
      if (peer.closed) throw new Error('the leader ended the link');
    }
    return false;
  } finally {
    peer.close();
  }
}
