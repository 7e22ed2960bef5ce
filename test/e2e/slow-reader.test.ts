/** A client that never reads is dropped at a bound of memory, nobody else notices, and it can resume where it was. */
import t from 'tap';
import { encode, type Message } from '../../src/wire/index.js';
import { Cluster } from '../support/cluster.js';
import { expectOneHistory } from '../support/one-history.js';
import { hello, RawPeer } from '../support/raw-peer.js';
import { until } from '../support/until.js';

const room = '#lobby';
/** Well above the server's bound (8 MiB) plus what the kernel may hold on both sides of a loopback connection. */
const lines = 4000;
const lineBytes = 8000;
/** What a server may grow by while it serves a client that does not read: the bound, copies on the way, garbage. */
const growthMax = 150 * 1024 * 1024;

async function subscribe(address: string, fromEvent: number): Promise<RawPeer> {
  const peer = await RawPeer.open(address);
  peer.send(encode(hello()));
  await peer.waitForMessage('welcome');
  peer.send(encode({ type: 'subscribe', request: 1, room, fromEvent, lastPosts: 0 }));
  await peer.waitForMessage('subscribed');
  return peer;
}

/** The event numbers delivered, checked to rise by one. */
function lastEvent(messages: readonly Message[], due: number): number {
  let next = due;
  for (const message of messages) {
    if (message.type !== 'deliver') continue;
    if (message.group.firstEvent !== next) throw new Error(`event ${message.group.firstEvent} where ${next} was due`);
    next += message.group.events.length;
  }
  return next - 1;
}

t.test('a reader that hangs', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.stop());
  const aaron = cluster.chat('Aaron', ['--server', cluster.address(1)]);
  await aaron.sayAndCommit('before');
  const before = await cluster.server(1).residentBytes();

  const hung = await subscribe(cluster.address(1), 1);
  const other = await subscribe(cluster.address(1), 1);
  hung.stopReading();
  const filler = 'x'.repeat(lineBytes);
  let peak = 0;
  const isDropped = (): boolean => /TOO_SLOW|too slow|does not read|outputFull/i.test(cluster.server(1).stderr);
  for (let said = 0; said < lines; said += 200) {
    // Whoever says nothing for nine seconds is given up for that, and on a busy machine this takes longer. What is sent
    // behind its end would cost the dropped one what it has not read.
    for (const peer of isDropped() ? [other] : [hung, other]) peer.send(encode({ type: 'ping', token: 1 }));
    for (let i = 0; i < 200; i++) aaron.say(`${said + i} ${filler}`);
    await aaron.waitForState(aaron.linesSaid, 'committed', 30_000);
    peak = Math.max(peak, await cluster.server(1).residentBytes());
  }
  await until('the server to drop the reader', 20_000, isDropped, () => cluster.server(1).describe());
  t.ok(peak - before < growthMax, `the server grew by ${((peak - before) / 2 ** 20).toFixed(0)} MiB at most`);
  t.notOk(
    aaron.events.some(({ event }) => event === 'disconnected'),
    'an honest client noticed nothing',
  );
  t.notOk(other.closed, 'nor did the other subscriber');

  hung.resumeReading();
  await hung.waitForEnd(20_000);
  const reached = lastEvent(hung.messages, 1);
  const resumed = await subscribe(cluster.address(1), reached + 1);
  const head = await until('the other subscriber to have everything', 20_000, () => {
    const last = lastEvent(other.messages, 1);
    return last >= lines + 1 ? last : undefined;
  });
  t.ok(reached < head, `it was dropped at event ${reached} of ${head}`);
  await until('the resumed one to have everything', 20_000, () => lastEvent(resumed.messages, reached + 1) === head);
  resumed.close();
  other.close();
  const verdict = await expectOneHistory(cluster, { watching: [aaron] });
  t.equal(verdict.length, lines + 1);
});
