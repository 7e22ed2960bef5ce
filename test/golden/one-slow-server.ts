/** G1 and G2 (BEHAVIOUR.md, 6): server 1 hears of prepares, accepts and commits late; the others do not wait for it. */
import type { Test } from 'tap';
import { deposedByLateFrames, electionText, readElections } from '../checkers/elections.js';
import type { Cluster, ClusterStatus } from '../support/cluster.js';
import { expectOneHistory } from '../support/one-history.js';
import { nowMs, timePasses } from '../support/until.js';
import { earlyMs, expectTest1, lateMs, meet, type Scenario, seconds } from './cast.js';
import type { Variant } from './faulty-cluster.js';

/** So soon the clean servers commit, whoever led before. */
const cleanWithinMs = 3000;
/** A leader whose accepts are stuck abdicates after 1 s; half a second later another one is elected. */
const nextLeaderMs = 1500;
/** How much longer that may take on two cores on which other tests run. */
const busyMs = 500;
/** Server 1's own accepts have arrived 20 s after they were sent, and whatever they may do has been done. */
const oldAcceptsMs = 21_000;

/** Server 1 shows the message 30 s after the others; its own accepts, 20 s late, change nothing. */
export const g1: Scenario = (t, variant) => oneSlowServer(t, variant, 30);

/** Server 1 shows it after 10 s, before the accept: the commit makes it ask for the value. */
export const g2: Scenario = (t, variant) => oneSlowServer(t, variant, 10);

async function oneSlowServer(t: Test, variant: Variant, commitS: number): Promise<void> {
  const { faulty, cluster, aaron, lala, reader } = await meet(t, variant, { 1: `p:10::a:20::c:${commitS}` });
  await faulty.strike();

  const saidMs = nowMs();
  const nextLeader = variant === 'rules' ? cluster.proxy.expect(anotherLeader, cleanWithinMs) : undefined;
  lala.say('hi');
  if (nextLeader !== undefined) {
    await nextLeader;
    const electedMs = nowMs() - saidMs;
    t.ok(electedMs < nextLeaderMs + busyMs, `another leader after ${seconds(electedMs)}`);
  }
  const shown = await Promise.all([lala, reader].map((client) => client.waitForText('hi')));
  for (const [index, { atMs }] of shown.entries()) {
    t.ok(atMs - saidMs < cleanWithinMs, `server ${index + 2} shows it after ${seconds(atMs - saidMs)}`);
  }

  const shownMs = Date.now();
  t.not((await leadership(cluster)).leader, 1, 'server 1 does not lead');
  if (commitS * 1000 > oldAcceptsMs) {
    await timePasses(oldAcceptsMs, saidMs);
    await expectNobodyDeposed(t, cluster, shownMs);
    t.equal(aaron.messages.length, 0, 'and nothing shows on server 1');
  }
  const late = await aaron.waitForText('hi', commitS * 1000 + lateMs + cleanWithinMs);
  // Committed after it was proposed and before it was shown: no matter how busy this machine is, neither bound errs.
  const afterProposalMs = late.atMs + performance.timeOrigin - Date.parse(late.time ?? '');
  const afterShownMs = late.atMs - Math.min(...shown.map(({ atMs }) => atMs));
  t.ok(afterProposalMs >= commitS * 1000 - earlyMs, `server 1 shows it ${seconds(afterProposalMs)} after its proposal`);
  t.ok(afterShownMs <= commitS * 1000 + lateMs, `and ${seconds(afterShownMs)} after the clean servers`);
  const verdict = await expectOneHistory(cluster, { watching: [aaron, lala] });
  t.equal(verdict.length, 1, 'the message is there once');
  if (variant === 'mode') await expectTest1(t, cluster);
}

const anotherLeader = { event: 'leader', server: { not: 1 } };

/**
 * Server 1 may have campaigned while the others elected their leader, whose prepare it then refuses 10 s later: to have
 * its vote the same leader prepares above that, and the ballot rises. Nothing else that server 1 sent may change it.
 */
async function expectNobodyDeposed(t: Test, cluster: Cluster, sinceMs: number): Promise<void> {
  const elections = readElections(new Map(cluster.ids.map((id) => [id, cluster.server(id).stderr])));
  const seen = { elections: elections.map(electionText) };
  t.same(deposedByLateFrames(elections, 1, sinceMs), [], 'accepts of 20 seconds ago depose nobody', seen);
  const { server: leader, ballot } = elections.findLast(({ event, server }) => event === 'leads' && server !== 1) ?? {};
  const followed = { leader, ballots: [ballot, ballot] };
  t.same(await leadership(cluster), followed, 'and the clean servers have promised nothing else', seen);
}

/** Who leads, and the ballots that the clean servers have promised. */
async function leadership(cluster: Cluster): Promise<Pick<ClusterStatus, 'leader'> & { readonly ballots: string[] }> {
  const { leader, servers } = await cluster.status();
  return { leader, ballots: servers.filter(({ id }) => id !== 1).map(({ ballot }) => ballot) };
}
