/** An emptied disk under a known id never votes before the others have admitted it, whoever else is missing. */
import { rmSync } from 'node:fs';
import t from 'tap';
import { timePasses } from '../support/until.js';
import { Cluster, User } from './cluster.js';
import { until } from './raw.js';

t.setTimeout(90_000);
const lobby = '#lobby';
/** Many election timeouts: whoever could vote would have. */
const longMs = 4_000;

t.test('with one sound server and one emptied disk nothing is chosen and nobody leads', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.end());
  await cluster.leader();
  const user = await User.at(cluster.server(1).address, 'Aaron');
  await user.say(lobby, 'before');
  await cluster.kill(2);
  await cluster.kill(3);
  rmSync(cluster.dataDir('server-3'), { recursive: true });
  await cluster.startServer(3);
  const firstSeq = user.send({ kind: 'post', room: lobby, text: 'with whose votes?' });

  const isAcked = (): boolean =>
    user.raw.received.some((message) => message.type === 'ack' && message.firstSeq === firstSeq);
  const { committed } = await cluster.status(1);
  for (let tenths = 0; tenths < 10; tenths++) {
    await timePasses(longMs / 10);
    for (const id of [1, 3]) {
      const status = await cluster.status(id);
      if (status.leader !== 0 && status.happy) t.fail(`server ${id} is happy with leader ${status.leader}`);
    }
  }
  t.notOk(isAcked(), 'no line is acknowledged');
  t.equal((await cluster.status(1)).committed, committed, 'nothing is chosen');
  t.equal((await cluster.status(3)).committed, 0, 'the emptied one has learned nothing that it could vouch for');

  await cluster.startServer(2);
  await until('the line to be acknowledged by the two sound ones', isAcked, 30_000);
  await until(
    'the emptied one to have learned it',
    async () => (await cluster.status(3)).applied >= (await cluster.status(1)).applied,
    30_000,
  );
});
