/** Thirty random rounds of kill -9 and restart under the load of four clients, judged by the linear checker. */
import t from 'tap';
import { Prng } from '../../src/base/index.js';
import type { FreshRead } from '../checkers/history.js';
import { checkSlots } from '../checkers/slots.js';
import type { ChatClient } from '../support/chat-client.js';
import { Cluster } from '../support/cluster.js';
import { dumpSlots } from '../support/log-dump.js';
import { expectOneHistory } from '../support/one-history.js';
import { until } from '../support/until.js';

const rounds = 30;
/** Lines each client keeps in flight at most, and how many it says in a second: a busy chat, not a benchmark. */
const inFlightMax = 8;
const linesPerSecond = 80;
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

/** Keeps a client busy until stopped. */
class Load {
  readonly #timer: NodeJS.Timeout;

  constructor(client: ChatClient, prefix: string) {
    this.#timer = setInterval(() => {
      if (client.linesSaid - client.linesSettled < inFlightMax) client.say(`${prefix}-${client.linesSaid + 1}`);
    }, 1000 / linesPerSecond);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

t.test(`${rounds} rounds of kill -9 under load: SEED=${seed}`, async (t) => {
  const random = new Prng(seed);
  const cluster = await Cluster.start();
  t.teardown(() => cluster.stop());
  const clients = ['Aaron', 'Lala', 'Sihan', 'Kara'].map((name) => cluster.chat(name));
  await Promise.all(clients.map((client) => client.waitForConnected()));
  const loads = clients.map((client, index) => new Load(client, `c${index}`));
  t.teardown(() => {
    for (const load of loads) load.stop();
  });
  const reads: FreshRead[] = [];

  /** Every client gets `more` further lines committed. */
  const progress = async (what: string, more: number): Promise<void> => {
    const goals = clients.map((client) => client.linesSettled + more);
    await until(
      `progress ${what}`,
      20_000,
      () => clients.every((client, index) => client.linesSettled >= (goals[index] ?? 0)),
      () => `seed ${seed}\n${cluster.describe()}\n${clients.map((client) => client.describe()).join('\n')}`,
    );
  };

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

  for (const load of loads) load.stop();
  await until(
    'every line to be committed',
    20_000,
    () => clients.every((client) => client.linesSettled === client.linesSaid),
    () => clients.map((client) => client.describe()).join('\n'),
  );
  await cluster.waitForAgreement();
  const verdict = await expectOneHistory(cluster, { watching: clients, reads });
  const said = clients.reduce((sum, client) => sum + client.linesSaid, 0);
  t.equal(verdict.length, said, `all ${said} lines are there, once`);
  t.notOk(
    clients.some((client) => client.sends().some(({ outcome }) => outcome !== 'ok')),
    'no line failed',
  );
  for (const client of clients) t.equal(await client.finish(), 0, `${client.name} ends with 0`);

  const exits = await Promise.all(cluster.ids.map((id) => cluster.stopServer(id)));
  t.same(
    exits.map(({ code }) => code),
    [0, 0, 0],
    'SIGTERM ends all servers in order',
  );
  const logs = await Promise.all(cluster.ids.map((id) => dumpSlots(String(id), cluster.dataDir(id))));
  const slots = checkSlots(logs);
  t.same(slots.problems, [], 'one value per slot in all three logs on disk');
  t.ok(slots.sharedThrough > 0, `compared through slot ${slots.sharedThrough}`);
  t.comment(`${said} lines, ${slots.highest} slots, ${reads.length} fresh reads on the way`);
});
