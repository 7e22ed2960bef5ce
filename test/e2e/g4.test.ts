/** G4 (BEHAVIOUR.md, 6): a client whose server is killed moves to the least occupied one; nothing lost or doubled. */
import t from 'tap';
import { Cluster } from '../support/cluster.js';
import { expectOneHistory } from '../support/one-history.js';
import { placeAaronAndLala } from '../support/placement.js';
import { nowMs } from '../support/until.js';

for (const victim of [1, 2, 3]) {
  // The write-up's own command lines for one of the three.
  const spelling = victim === 1 ? 'old' : 'synod';
  t.test(`G4 with server ${victim} killed, ${spelling} spelling`, async (t) => {
    const cluster = await Cluster.start({ spelling });
    t.teardown(() => cluster.stop());
    const { aaron, lala, third } = await placeAaronAndLala(cluster, victim);
    t.equal(aaron.server, victim, 'the balancer put Aaron on the victim');
    t.not(lala.server, victim, 'and Lala on another');
    await aaron.sayAndCommit('first of Aaron');
    await aaron.sayAndCommit('second of Aaron');
    await lala.sayAndCommit('first of Lala');
    await aaron.waitForText('first of Lala');

    const before = aaron.events.length;
    const killedMs = nowMs();
    await cluster.killServer(victim);
    const moved = await aaron.waitForConnected(10_000, before);
    t.equal(moved.server, third, 'Aaron is moved to the third server, the least occupied');
    t.ok(moved.atMs - killedMs < 2000, `moved after ${(moved.atMs - killedMs).toFixed(0)} ms`);

    await aaron.sayAndCommit('third of Aaron');
    await lala.waitForText('third of Aaron');
    const verdict = await expectOneHistory(cluster, { watching: [aaron, lala] });
    t.equal(verdict.length, 4, 'all lines once, in one order');
    t.equal(await aaron.finish(), 0);
    t.equal(await lala.finish(), 0);
  });
}
