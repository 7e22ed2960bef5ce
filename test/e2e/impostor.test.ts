/** A peer with the right papers that talks nonsense: the others end or ignore it, keep their log and go on. */
import { randomBytes } from 'node:crypto';
import t from 'tap';
import { type Ballot, encode, type Message, noopEntry } from '../../src/wire/index.js';
import { Cluster } from '../support/cluster.js';
import { expectOneHistory } from '../support/one-history.js';
import { papersOf } from '../support/papers.js';
import { RawPeer } from '../support/raw-peer.js';
import { until } from '../support/until.js';

const garbage = randomBytes(300);
const noop = noopEntry({ elapsedMs: 0, wallMs: 0 });
const farSlot = 2 ** 53 - 2;
const zero: Ballot = { round: 0, server: 0, incarnation: 0 };

/** What a sound server never sends. `own` is a ballot of the impostor's id, `foreign` one of somebody else's. */
function nonsense(own: Ballot, foreign: Ballot): Message[] {
  return [
    { type: 'prepare', ballot: foreign, commit: 0 },
    { type: 'accept', ballot: foreign, slot: 5, value: garbage },
    { type: 'accept', ballot: own, slot: farSlot, value: garbage },
    { type: 'accept', ballot: own, slot: 1_000, value: garbage },
    { type: 'accept', ballot: foreign, slot: 5, value: noop },
    { type: 'accept', ballot: own, slot: farSlot, value: noop },
    { type: 'accept', ballot: own, slot: 1_000, value: noop },
    { type: 'accept', ballot: own, slot: 1_000, value: new Uint8Array(0) },
    { type: 'accepted', ballot: foreign, incarnation: 1, slot: farSlot - 10, count: 5 },
    { type: 'promise', ballot: foreign, incarnation: 1, commit: farSlot, part: 0, parts: 1, entries: [] },
    {
      type: 'promise',
      ballot: own,
      incarnation: 1,
      commit: 0,
      part: 3,
      parts: 4,
      entries: [{ slot: 4, ballot: own, chosen: true, value: garbage }],
    },
    { type: 'nack', refused: foreign, promised: own },
    { type: 'chosen', upto: farSlot },
    { type: 'commit', ballot: foreign, upto: farSlot },
    { type: 'forward', batch: 1, bytes: garbage },
    { type: 'forward', batch: 2, bytes: new Uint8Array(0) },
    { type: 'forwardOk', ballot: foreign, batch: 77, slot: farSlot },
    { type: 'learn', request: 1, from: farSlot, upto: 1 },
    { type: 'learn', request: 2, from: 1, upto: farSlot },
    {
      type: 'learnReply',
      request: 1,
      commit: farSlot,
      promised: zero,
      firstSlot: 1,
      from: 3,
      values: [garbage, garbage],
    },
    { type: 'stateRequest', request: 1, slot: farSlot, position: garbage, sum: 7 },
    { type: 'readIndexOk', request: 4, index: farSlot },
    { type: 'campaign', ballot: foreign },
    { type: 'heartbeat', round: farSlot },
  ];
}

t.test('an impostor with the identity of a stopped server', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.stop());
  const aaron = cluster.chat('Aaron', ['--server', cluster.address(1)]);
  for (let i = 1; i <= 10; i++) await aaron.sayAndCommit(`before ${i}`);
  t.equal((await cluster.stopServer(3)).code, 0);
  await aaron.sayAndCommit('with two servers');

  const papers = await papersOf(cluster.dataDir(3));
  const own: Ballot = { round: 1, server: 3, incarnation: papers.incarnation };
  for (const target of [1, 2]) {
    const foreign: Ballot = { round: 1, server: target, incarnation: papers.incarnation };
    for (const message of nonsense(own, foreign)) {
      const peer = await RawPeer.open(cluster.address(target));
      peer.send(encode(papers));
      await peer.waitForMessage('welcome');
      peer.send(encode(message), encode({ type: 'ping', token: 99 }));
      // Answered or ended: either way the frame has been dealt with.
      const answer = await until('the frame to be dealt with', 10_000, () => {
        if (peer.messages.some(({ type }) => type === 'pong')) return 'went on';
        return peer.closed ? 'ended it' : undefined;
      });
      t.equal(cluster.server(target).exit, undefined, `server ${target} ${answer} after ${message.type}`);
      peer.close();
    }
  }
  await aaron.sayAndCommit('after all of it', 20_000);
  await cluster.startServer(3);
  await cluster.waitForAgreement();
  const verdict = await expectOneHistory(cluster, { watching: [aaron] });
  t.equal(verdict.length, 12);
});
