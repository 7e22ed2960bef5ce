/** Ten random rounds of kill -9 and restart under the load of four clients, judged by the linear checker. */
import t from 'tap';
import { Prng } from '../../src/base/index.js';
import { describeVerdict, type FreshRead } from '../checkers/history.js';
import { Cluster } from '../support/cluster.js';
import { endRun } from '../support/end-run.js';
import { Load } from '../support/load.js';
import { until } from '../support/until.js';

const rounds = 10;
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

t.test(`${rounds} rounds of kill -9 under load: SEED=${seed}`, async (t) => {
  const random = new Prng(seed);
  const cluster = await Cluster.start();
  t.teardown(() => cluster.stop());
  const clients = ['Aaron', 'Lala', 'Sihan', 'Kara'].map((name) => cluster.chat(name));
  await Promise.all(clients.map((client) => client.waitForConnected()));
  const explain = (): string => `seed ${seed}\n${cluster.describe()}`;
  const load = new Load(clients, { linesPerSecond: 80, inFlightMax: 8, explain });
  t.teardown(() => load.stop());
  const reads: FreshRead[] = [];
  const progress = (what: string, more: number): Promise<void> => load.progress(what, more, 20_000);

  for (let round = 1; round <= rounds; round++) {
    // Mostly one server, sometimes two or all three at once; the survivors must go on whenever they are a majority.
    const dice = random.below(10);
    const victims = random.shuffle(cluster.ids).slice(0, dice < 7 ? 1 : dice < 9 ? 2 : 3);
    await Promise.all(victims.map((id) => cluster.killServer(id)));
    if (victims.length === 1) await progress(`with server ${victims} killed in round ${round}`, 1 + random.below(8));
    if (random.chance(1, 4)) {
      // Killed again while it recovers.
      const again = victims[0] ?? 1;
      cluster.spawnServer(again);
      await until(
        'bytes of life from the restarted server',
        10_000,
        () => cluster.server(again).stderr.length > 0 || cluster.server(again).lines.length > 0,
      );
      await cluster.killServer(again);
    }
    await Promise.all(victims.map((id) => cluster.startServer(id)));
    await progress(`after the restart of ${victims} in round ${round}`, 1 + random.below(8));
    if (round % 5 === 0) {
      const { read } = await cluster.tail(random.pick(cluster.ids), '#lobby');
      if (read !== undefined) reads.push(read);
    }
  }

  const { verdict, unacknowledged, slots, exitCodes } = await endRun(cluster, clients, load, reads, 20_000);
  t.ok(verdict.ok, describeVerdict(verdict));
  t.equal(verdict.length, load.linesSaid, `all ${load.linesSaid} lines are there, once`);
  t.equal(unacknowledged, 0, 'no line failed');
  for (const [who, code] of Object.entries(exitCodes)) t.equal(code, 0, `${who} ends with 0`);
  t.same(slots.problems, [], 'one value per slot in all three logs on disk');
  t.ok(slots.sharedThrough > 0, `compared through slot ${slots.sharedThrough}`);
  t.comment(`${load.linesSaid} lines, ${slots.highest} slots, ${reads.length} fresh reads on the way`);
});
