/**
 * The driver on a simulated disk: what a failing, full or slow disk does to it, and that checkpoints never run ahead of
 * the log.
 */
import t, { type Test } from 'tap';
import { StorageError } from '../../src/storage/index.js';
import { Cluster } from '../sim/cluster.js';
import { calmOptions } from '../sim/options.js';

const quiet = { ...calmOptions, clients: 2, window: 8, delayUs: 100 };
const second = 1_000_000;

function started(t: Test): Cluster {
  const cluster = new Cluster({ seed: 11, options: quiet });
  cluster.kernel.run(3 * second);
  t.ok(
    cluster.servers.every((server) => server.opened?.driver.view.happy === true),
    'the cluster is up',
  );
  return cluster;
}

t.test(
  'a sync that fails: fatal once, and not a frame afterwards (the simulator fails a frame that leaves)',
  async (t) => {
    const cluster = started(t);
    const server = cluster.servers.find(({ opened }) => opened?.driver.view.role === 'leader');
    const driver = server?.opened?.driver;
    t.ok(driver);
    server?.disk.inject('sync', 'EIO');
    cluster.kernel.run(cluster.kernel.nowUs + second, () => driver?.halted === true);
    t.equal(driver?.halted, true);
    t.equal(driver?.gateWaiting, 0, 'what waited is gone');
    driver?.tick();
    driver?.endOfTurn();
    driver?.onFatal(new Error('again'));
    const before = cluster.oracle.agreement.highest;
    cluster.kernel.run(cluster.kernel.nowUs + 5 * second);
    t.ok(cluster.oracle.agreement.highest > before + 10, 'the others went on');
  },
);

t.test('a full disk: it neither votes nor leads, the others go on, and it comes back', async (t) => {
  const cluster = started(t);
  const server = cluster.servers.find(({ opened }) => opened?.driver.view.role === 'leader');
  server?.setFull(true);
  // The prepared segments must be used up first.
  const filled = cluster.kernel.run(cluster.kernel.nowUs + 60 * second, () => server?.opened?.wal.full === true);
  t.ok(filled, 'the log found the disk full');
  const before = cluster.oracle.agreement.highest;
  cluster.kernel.run(cluster.kernel.nowUs + 5 * second);
  t.ok(cluster.oracle.agreement.highest > before + 10, 'the others went on');
  t.not(server?.opened?.driver.view.role, 'leader');
  server?.setFull(false);
  const back = cluster.kernel.run(cluster.kernel.nowUs + 20 * second, () => {
    const view = server?.opened?.driver.view;
    return server?.opened?.wal.full === false && (view?.commit ?? 0) >= cluster.oracle.agreement.highest - 1;
  });
  t.ok(back, 'with space again it catches up');
});

t.test('a commit that others wait for leaves before the apply', async (t) => {
  const cluster = started(t);
  const leader = cluster.servers.find(({ opened }) => opened?.driver.view.role === 'leader');
  const opened = leader?.opened;
  t.ok(opened);
  if (leader === undefined || opened === undefined) return;
  let [flushed, late, crowded] = [0, 0, 0];
  leader.onFlush = () => {
    flushed++;
    if (opened.chat.applied >= opened.driver.view.commit) late++;
    if (opened.driver.view.inFlight > 0) crowded++;
  };
  cluster.kernel.run(cluster.kernel.nowUs + 5 * second);
  t.ok(flushed > 20, `${flushed} times`);
  t.equal(late, 0, 'never when the slot was applied already');
  t.equal(crowded, 0, 'nor while more is in flight');
});

t.test('a checkpoint waits until the log is durable through it', async (t) => {
  const cluster = started(t);
  let seen = 0;
  for (const { opened } of cluster.servers) {
    const store = opened?.store;
    if (opened === undefined || store === undefined) continue;
    const batch = store.batch.bind(store);
    store.batch = (puts, deletes, done) => {
      seen++;
      t.ok(opened.wal.durableRecords >= appendedAtWrite, 'everything appended before is on disk');
      batch(puts, deletes, done);
    };
    let appendedAtWrite = 0;
    const chat = opened.chat;
    const takeDirty = chat.takeDirty.bind(chat);
    chat.takeDirty = () => {
      appendedAtWrite = opened.wal.appendedRecords;
      return takeDirty();
    };
  }
  cluster.kernel.run(cluster.kernel.nowUs + 5 * second);
  t.ok(seen >= 6, `${seen} checkpoints`);
});

t.test('a checkpoint that meets EIO is fatal, one that finds no space is tried again', async (t) => {
  const full = Object.assign(new Error('no space: simulated, the store'), { code: 'ENOSPC' });
  const broken = new StorageError('DISK_ERROR', 'EIO: simulated, the store');
  for (const fault of [broken, full]) {
    const { code } = fault;
    const cluster = started(t);
    const opened = cluster.servers.find((server) => server.opened?.driver.view.role === 'leader')?.opened;
    t.ok(opened);
    if (opened === undefined) return;
    const { store, driver } = opened;
    const batch = store.batch.bind(store);
    let asked = 0;
    let isStored = false;
    store.batch = (puts, deletes, done) => {
      const fails = ++asked === 1;
      batch(fails ? [] : puts, fails ? [] : deletes, (error) => {
        isStored = !fails && error === undefined;
        done(fails ? fault : error);
      });
    };
    const isOver = (): boolean => driver.halted || isStored;
    t.ok(cluster.kernel.run(cluster.kernel.nowUs + 10 * second, isOver), `${code}: it ends, or goes on`);
    t.equal(driver.halted, fault === broken, `${code}: fatal or not`);
    t.equal(asked, fault === broken ? 1 : 2, `${code}: so often a checkpoint was written`);
  }
});

t.test('a restart begins at the checkpoint and comes to the same state', async (t) => {
  const cluster = started(t);
  cluster.kernel.run(cluster.kernel.nowUs + 3 * second);
  const server = cluster.servers[0];
  server?.crash();
  t.equal(server?.isUp, false);
  server?.start();
  const up = cluster.kernel.run(cluster.kernel.nowUs + 2 * second, () => server?.opened !== undefined);
  t.ok(up);
  t.ok((server?.opened?.checkpointSlot ?? 0) > 0, 'a checkpoint was there');
  t.ok((server?.opened?.chat.applied ?? 0) >= (server?.opened?.checkpointSlot ?? 0));
});

t.test('a server whose checkpoints are lost rebuilds them from its log, value by value', async (t) => {
  const cluster = started(t);
  cluster.kernel.run(cluster.kernel.nowUs + 3 * second);
  const server = cluster.servers[1];
  t.ok(server);
  server?.crash();
  server?.loseStore();
  server?.start();
  const up = cluster.kernel.run(cluster.kernel.nowUs + 2 * second, () => server?.opened !== undefined);
  t.ok(up);
  const { opened } = server ?? {};
  t.equal(opened?.checkpointSlot, 0, 'there was no checkpoint');
  t.ok((opened?.chat.applied ?? 0) > 50, `${opened?.chat.applied} slots were replayed (their hash is checked there)`);
  const { entries = [], commit = 0 } = opened?.recovered ?? {};
  t.ok(
    entries.every(({ slot }) => slot > commit),
    'what was replayed is not kept in memory',
  );
  for (const client of cluster.clients) client.reroute();
  const caughtUp = cluster.kernel.run(
    cluster.kernel.nowUs + 20 * second,
    () => (opened?.chat.applied ?? 0) >= cluster.oracle.agreement.highest - 1,
  );
  t.ok(caughtUp, 'it goes on with the others');
});

t.test("another server's checkpoints are refused: they lead into segments that are not here", async (t) => {
  const cluster = started(t);
  cluster.kernel.run(cluster.kernel.nowUs + 2 * second);
  const [one, two] = cluster.servers;
  t.ok(one !== undefined && two !== undefined);
  if (one === undefined || two === undefined) return;
  one.crash();
  one.mixUpStore(two);
  t.throws(
    () => {
      one.start();
      cluster.kernel.run(cluster.kernel.nowUs + second, () => one.opened !== undefined);
    },
    { rule: 'recovery succeeds', message: /belongs to another data directory/ },
  );
});

t.test('a log that is closed while a batch is being synced: its durability moves nothing any more', async (t) => {
  for (let stepUs = 0; stepUs < 20_000; stepUs += 500) {
    const cluster = new Cluster({ seed: 11, options: { ...quiet, servers: 1, clients: 1 } });
    cluster.kernel.run(100_000 + stepUs);
    const opened = cluster.servers[0]?.opened;
    t.ok(opened, 'the server runs');
    opened?.driver.end();
    let closed = false;
    opened?.wal.close(() => {
      closed = true;
    });
    cluster.kernel.run(cluster.kernel.nowUs + second / 10);
    t.ok(closed, 'and ends without an assertion');
    t.equal(opened?.driver.gateWaiting, 0);
  }
});
