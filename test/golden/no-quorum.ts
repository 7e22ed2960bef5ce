/** G3 (BEHAVIOUR.md, 6): two of three servers are dead to the others; nothing commits before they are healed. */
import type { Cluster } from '../support/cluster.js';
import { expectOneHistory } from '../support/one-history.js';
import { nowMs, timePasses } from '../support/until.js';
import { earlyMs, expectTest1, lateMs, meet, type Scenario, seconds } from './cast.js';

/** A line that was submitted and not answered for so long is unconfirmed. */
const unconfirmedMs = 10_000;
/** For how long it is watched that nothing happens. */
const silenceMs = 20_000;
/** How soon clients are told that there is no quorum, and how soon after the healing everything commits. */
const toldWithinMs = 10_000;
const resumedWithinMs = 20_000;

export const g3: Scenario = async (t, variant) => {
  const { faulty, cluster, aaron, lala, reader } = await meet(t, variant, { 1: 'd:0', 3: 'd:0' });
  const clients = [aaron, lala];
  // Faults that come after the election find sessions: what is said then is submitted; else it waits for a session.
  const hasSessions = variant === 'rules';
  const before = hasSessions ? clients.length : 0;
  if (hasSessions) for (const client of clients) await client.sayAndCommit(`first of ${client.name}`);
  await reader.waitFor('what was said before', () => reader.messages.length === before, toldWithinMs);
  const committed = await highestCommit(cluster);
  await faulty.strike();

  const saidMs = nowMs();
  const pending = clients.map((client) => ({ client, id: client.say(`pending of ${client.name}`) }));
  for (const client of clients) {
    await client.waitFor('no quorum', ({ event, ok }) => event === 'quorum' && ok === false, toldWithinMs);
  }
  const test1 = variant === 'mode' ? expectTest1(t, cluster) : undefined;
  await timePasses(silenceMs, saidMs);
  await test1;
  for (const { client, id } of pending) {
    const told = client.events.filter((event) => event.event === 'state' && event.id === id);
    const expected = hasSessions ? ['queued', 'sending', 'unconfirmed'] : ['queued'];
    t.same(
      told.map(({ state }) => state),
      expected,
      `${client.name} is told ${expected.join(', ')}`,
    );
    if (!hasSessions) continue;
    const afterMs = (told.at(-1)?.atMs ?? 0) - saidMs;
    t.ok(
      afterMs >= unconfirmedMs - earlyMs && afterMs <= unconfirmedMs + lateMs,
      `${client.name} is told "unconfirmed" after ${seconds(afterMs)}`,
    );
  }
  for (const client of [...clients, reader]) t.equal(client.messages.length, before, `${client.name} is shown nothing`);
  t.equal(await highestCommit(cluster), committed, 'nothing was committed on any server');

  const healedMs = nowMs();
  await faulty.heal();
  for (const { client, id } of pending) {
    const { atMs } = await client.waitForState(id, 'committed', resumedWithinMs);
    t.comment(`${client.name}: committed ${seconds(atMs - healedMs)} after the healing began`);
  }
  await cluster.waitForAgreement();
  // What test1 gave up on may be there or not.
  const strays = variant === 'mode' ? [{ author: 'KaranLala', text: 'hi' }] : [];
  const verdict = await expectOneHistory(cluster, { watching: clients, strays });
  const own = lala.messages.filter(({ from }) => from !== 'KaranLala');
  t.equal(own.length, before + pending.length, 'each line of the two is there once');
  t.equal(verdict.length, lala.messages.length, 'and nothing else');
};

async function highestCommit(cluster: Cluster): Promise<number> {
  const { servers } = await cluster.status();
  return Math.max(...servers.map(({ committed }) => committed));
}
