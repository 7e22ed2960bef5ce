/**
 * A server whose cluster began with a state: it teaches nobody what was chosen before, and does not start without it.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { nodeClock, Prng, silentLogger } from '../../src/base/index.js';
import { inspectSnapshot } from '../../src/daemon/index.js';
import { realGround } from '../../src/daemon/server/ground.js';
import { nobody, type OfflineDirectory, takeOffline, withDriver } from '../../src/daemon/server/offline.js';
import { type OpenedDriver, openDriver } from '../../src/daemon/server/open-driver.js';
import { settled } from '../../src/daemon/server/settled.js';
import type { PaxosMessage } from '../../src/paxos/index.js';
import type { StateStore } from '../../src/storage/index.js';
import type { ServerId } from '../../src/wire/index.js';
import { Cluster, User } from './cluster.js';
import { oldServerHello } from './old-server.js';
import { Raw, until } from './raw.js';
import { fails, restored, start, stopAndSave } from './snapshots.js';

t.setTimeout(120_000);

interface Lone {
  readonly opened: OpenedDriver;
  readonly sent: { readonly to: ServerId; readonly message: PaxosMessage }[];
}

/** The server of a directory, alone: what it sends is kept, and nobody else is there. */
async function openAlone(t: Test, offline: OfflineDirectory): Promise<Lone> {
  const sent: Lone['sent'] = [];
  const store = await new Promise<StateStore>((resolve, reject) => {
    realGround
      .storeHome(offline.dataDir)
      .open((error, found) => (found === undefined ? reject(error) : resolve(found)));
  });
  const opened = await new Promise<OpenedDriver>((resolve, reject) => {
    openDriver(
      {
        disk: offline.disk,
        store,
        identity: offline.directory.walIdentity,
        clock: nodeClock,
        random: new Prng(1),
        logger: silentLogger,
        transport: { send: (to, message) => void sent.push({ to, message }), flush: () => undefined },
        listener: nobody,
        onFatal: (error) => t.fail(error.message),
        origin: offline.directory.demands.origin,
      },
      (error, result) => (result === undefined ? reject(error) : resolve(result)),
    );
  });
  t.teardown(async () => {
    opened.driver.end();
    await new Promise<void>((resolve) => opened.wal.close(() => resolve()));
    await new Promise<void>((resolve) => store.close(() => resolve()));
  });
  return { opened, sent };
}

/** A snapshot with a few messages; the old cluster is gone. */
async function snapshot(t: Test): Promise<string> {
  const old = await start(t, new Cluster());
  const user = await User.at(old.server(1).address, 'Aaron');
  await user.say('#ops', 'one');
  await user.say('#ops', 'two');
  return await stopAndSave(old);
}

t.test('whoever asks for slots before the origin is told to fetch the state', async (t) => {
  const file = await snapshot(t);
  const { slot } = await inspectSnapshot(file);
  const made = await restored(file);
  t.teardown(() => made.end());
  const offline = await takeOffline(made.dataDir('server-1'), 1);
  t.teardown(() => offline.release());
  t.equal(offline.directory.demands.origin, slot);
  const { opened, sent } = await openAlone(t, offline);
  t.equal(opened.chat.origin, slot);
  t.equal(opened.index.firstKept, 1, 'its log holds them all, for history');
  t.equal(opened.driver.view.commit, slot, 'the first new slot is the one behind');
  t.same(opened.recovered.entries, [], 'and they are no votes');
  t.equal(opened.roster.latest.epoch, 1);
  const ask = async (request: number, from: number, upto: number): Promise<PaxosMessage> => {
    opened.driver.message(2, { type: 'learn', request, from, upto });
    const answer = await until('an answer', () =>
      sent.find(({ message }) => 'request' in message && message.request === request),
    );
    return answer.message;
  };
  for (const [request, from, upto] of [
    [1, 1, 0],
    [2, 1, slot],
    [3, slot, slot],
    [4, slot + 1, 0],
  ] as const)
    t.match(await ask(request, from, upto), { type: 'learnReply', commit: slot, firstSlot: slot + 1, values: [] });
});

t.test('without the state it does not touch its log', async (t) => {
  const file = await snapshot(t);
  const made = await restored(file);
  t.teardown(() => made.end());
  const [first, second] = [made.dataDir('server-1'), made.dataDir('server-2')];
  rmSync(path.join(first, 'state'), { recursive: true });
  const offline = await takeOffline(first, 1);
  t.teardown(() => offline.release());
  const opens = (): Promise<unknown> => withDriver(offline, { logger: silentLogger }, async () => 'it starts');
  await fails(t, opens(), { code: 'STATE_MISSING', exitCode: 7 });
  await fails(t, opens(), { code: 'STATE_MISSING' }, 'nor at the next start');
  // Whatever became of the identity's line: the log says that the slots are chosen, and does not hold them.
  const blind = withDriver(offline, { logger: silentLogger, ignoreOrigin: true }, async () => 'it starts');
  await fails(t, blind, { code: 'LOG_DAMAGED', exitCode: 7 });
  const other = await takeOffline(second, 2);
  t.teardown(() => other.release());
  t.equal(await withDriver(other, { logger: silentLogger }, async ({ chat }) => chat.sessionCount), 0);
});

t.test('whoever seals it, a directory that knows an origin does not start without the state', async (t) => {
  const cluster = new Cluster();
  t.teardown(() => cluster.end());
  for (const id of [1, 2, 3]) {
    const offline = await takeOffline(cluster.dataDir(`server-${id}`), id);
    await settled((done) => offline.directory.demand({ origin: 4711, decisions: false }, done));
    offline.release();
  }
  await cluster.startBalancer(3);
  const starts = [1, 2, 3].map((id) => fails(t, cluster.startServer(id), { code: 'STATE_MISSING', exitCode: 7 }));
  await Promise.all(starts);
});

t.test('servers of a release that cannot read its state are kept out', async (t) => {
  const made = await restored(await snapshot(t));
  t.teardown(() => made.end());
  await made.startBalancer(3);
  await made.startServers(1, 2, 3);
  await made.leader();
  const old = await oldServerHello(made.server(1).address, 3);
  const refused = await Raw.open(made.server(1).address, old);
  t.match(await refused.ended(), { code: 'BAD_VERSION', text: /start it with 0.7 or later/ });
});
