/** G7 (BEHAVIOUR.md, 6): an id that the seal does not know is refused with the reason; the cluster does not notice. */
import path from 'node:path';
import t from 'tap';
import { Cluster } from '../support/cluster.js';
import { expectOneHistory } from '../support/one-history.js';
import { runToEnd } from '../support/program.js';

t.test('G7: a fourth server is refused after the seal', async (t) => {
  const cluster = await Cluster.start({ spelling: 'old' });
  t.teardown(() => cluster.stop());
  const aaron = cluster.chat('Aaron');
  await aaron.sayAndCommit('before');
  const before = await cluster.status();

  for (const id of [4, 0]) {
    const args = cluster.serverArgs(1, { id, port: 0, dataDir: path.join(cluster.root, `stranger-${id}`) });
    const { code, stdout, stderr } = await runToEnd('srunner', args, 15_000);
    t.equal(code, 3, `id ${id}: exit 3`);
    t.equal(stdout, '', 'never READY');
    t.match(stderr, id === 4 ? /\b4\b/ : /sealed|member/i, `the reason: ${stderr.slice(-300)}`);
  }

  await aaron.sayAndCommit('after');
  const after = await cluster.status();
  t.equal(after.leader, before.leader, 'the leader stays');
  t.same(
    after.servers.map(({ ballot }) => ballot),
    before.servers.map(({ ballot }) => ballot),
    'nobody was elected',
  );
  t.notOk(
    aaron.events.some(({ event }) => event === 'disconnected'),
    'no client was cut off',
  );
  await expectOneHistory(cluster, { watching: [aaron] });
});
