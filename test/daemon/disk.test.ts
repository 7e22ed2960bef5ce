/** A full disk: step down, read only, go on when there is space. A broken one: exit 7 at once, nothing sent after. */
import t from 'tap';
import { limits, nodeClock } from '../../src/base/index.js';
import { Cluster, User } from './cluster.js';
import { FaultyDisk } from './faulty-disk.js';
import { until } from './raw.js';

t.setTimeout(60_000);
const lobby = '#lobby';

/** Three servers whose disks can be made to fail. */
async function start(): Promise<{ cluster: Cluster; disks: Map<number, FaultyDisk> }> {
  const cluster = new Cluster();
  await cluster.startBalancer();
  const disks = new Map<number, FaultyDisk>();
  await Promise.all(
    [1, 2, 3].map((id) =>
      cluster.startServer(
        id,
        { fsync: 'always' },
        {
          makeDisk: (directory, fsync) => {
            const disk = new FaultyDisk(directory, fsync);
            disks.set(id, disk);
            return disk;
          },
        },
      ),
    ),
  );
  return { cluster, disks };
}

t.test('a full disk', async (t) => {
  const { cluster, disks } = await start();
  t.teardown(() => cluster.end());
  const full = await cluster.leader();
  const others = [1, 2, 3].filter((id) => id !== full) as [number, number];
  const here = await User.at(cluster.server(full).address, 'Here');
  const there = await User.at(cluster.server(others[0]).address, 'There');
  await here.say(lobby, 'before');
  await here.subscribe(lobby);

  (disks.get(full) as FaultyDisk).full = true;
  there.send({ kind: 'post', room: lobby, text: 'while full' });
  await cluster.leader(...others);
  await there.raw.take('ack', (ack) => ack.firstSeq === 1);
  const run = here.run([{ kind: 'post', room: lobby, text: 'refused' }]);
  let busy: string | undefined;
  for (let i = 0; i < 200 && busy === undefined; i++) {
    here.raw.send({ type: 'submit', run });
    await new Promise((resolve) => setTimeout(resolve, 10));
    busy = here.raw.received.flatMap((message) => (message.type === 'busy' ? [message.text] : []))[0];
  }
  t.match(busy, /^DISK_FULL/);
  const status = await cluster.status(full);
  t.not(status.role, 'leader');
  t.match(status.note, /disk full: free some space/);
  here.raw.send({
    type: 'history',
    request: 5,
    room: lobby,
    direction: 'from',
    by: 'post',
    event: 1,
    limit: 10,
    fresh: false,
  });
  const page = await here.raw.take('page');
  t.ok(page.code === 'ok' && page.headN >= 1, 'it still serves what it has');

  (disks.get(full) as FaultyDisk).full = false;
  await until('the full server to catch up', () => here.posts(lobby).length === 2);
  await cluster.leader();
  // As a client does that was told "busy": again and again, under the same seq.
  const again = setInterval(() => here.raw.send({ type: 'submit', run }), 50);
  await here.raw.take('ack', (ack) => ack.firstSeq === 2).finally(() => clearInterval(again));
  t.same(await here.hears(lobby, 3), ['before', 'while full', 'refused']);
  t.equal((await cluster.status(full)).note, '');
});

t.test('a broken disk', async (t) => {
  const { cluster, disks } = await start();
  t.teardown(() => cluster.end());
  const broken = await cluster.leader();
  const others = [1, 2, 3].filter((id) => id !== broken) as [number, number];
  const user = await User.at(cluster.server(broken).address, 'Aaron');
  await user.say(lobby, 'before');
  // Behind a sync that succeeds the others' two votes could lawfully commit the line before the next one fails.
  await until('its disk to be at rest', () => disks.get(broken)?.syncing === 0);
  (disks.get(broken) as FaultyDisk).broken = true;
  const begun = nodeClock.monotonicMs();
  user.send({ kind: 'post', room: lobby, text: 'unknown outcome' });
  const reason = await cluster.server(broken).closed;
  t.ok(nodeClock.monotonicMs() - begun < limits.shutdownMs, 'without the ceremony of an orderly stop');
  t.match(reason, { exitCode: 7, code: 'DISK_ERROR', text: /check the disk/ });
  await user.raw.ended();
  t.notOk(
    user.raw.received.some((message) => message.type === 'ack' && message.firstSeq === 2),
    'nothing is acknowledged after',
  );
  await cluster.leader(...others);
  await user.connect(cluster.server(others[0]).address);
  t.equal((await user.resume()).code, 'ok');
});
