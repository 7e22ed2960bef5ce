/** Servers that come with unknown directories, over real sockets: an emptied disk is admitted, learns, and votes. */
import { rmSync } from 'node:fs';
import t from 'tap';
import type { MessageOf } from '../../src/wire/index.js';
import { Cluster, User } from './cluster.js';
import { Raw, until } from './raw.js';

const lobby = '#lobby';

async function seatsAt(address: string): Promise<MessageOf<'seats'>> {
  const raw = await Raw.welcomed(address, { role: 'operator' });
  raw.send({ type: 'seatsRequest', request: 1 });
  const seats = await raw.take('seats');
  raw.end();
  return seats;
}

/** Every server's own word on who votes, once the change through `epoch` governs everywhere. */
async function votersOnceGoverning(cluster: Cluster, epoch: number): Promise<number[][]> {
  const views = async (): Promise<MessageOf<'seats'>[]> =>
    Promise.all([...cluster.servers.values()].map(({ address }) => seatsAt(address)));
  await until(
    'the new members to govern everywhere',
    async () => (await views()).every((view) => view.epoch === epoch && view.governing),
    20_000,
  );
  return (await views()).map(({ seats }) => seats.filter(({ votes }) => votes).map(({ id }) => id));
}

t.test('an emptied disk comes back: it is admitted, learns, votes, and the old votes count no more', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.end());
  const user = await User.at(cluster.server(1).address, 'aaron');
  await user.say(lobby, 'before');
  await cluster.kill(3);
  rmSync(cluster.dataDir('server-3'), { recursive: true });
  await user.say(lobby, 'meanwhile');
  await cluster.startServer(3);
  // Epoch 2: it learns; epoch 3: it votes.
  t.same(await votersOnceGoverning(cluster, 3), [
    [1, 2, 3],
    [1, 2, 3],
    [1, 2, 3],
  ]);
  await user.say(lobby, 'after');
  // With another one down nothing goes on without its vote.
  await cluster.kill(2);
  await user.say(lobby, 'with its vote');
  const reader = await User.at(cluster.server(3).address, 'zoe');
  await reader.subscribe(lobby);
  t.same(await reader.hears(lobby, 4), ['before', 'meanwhile', 'after', 'with its vote']);
});
