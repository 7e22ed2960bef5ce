/**
 * A client that never reads is dropped at a byte bound; memory stays flat, others go on, and it can resume
 * (RELIABILITY.md 33).
 */
import t from 'tap';
import { limits } from '../../src/base/index.js';
import { Cluster, User } from './cluster.js';
import { Raw, until } from './raw.js';

t.setTimeout(60_000);

t.test('a client that never reads', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.end());
  await cluster.leader();
  const { address } = cluster.server(1);
  const lazy = await Raw.welcomed(address);
  lazy.send({ type: 'subscribe', request: 1, room: '#lobby', fromEvent: 1, lastPosts: 0 });
  await lazy.take('subscribed');
  lazy.connection.pause();
  const writer = await User.at(address, 'Aaron');
  const text = 'x'.repeat(limits.messageBytesMax);
  let posted = 0;
  const clients = async (): Promise<number> => (await cluster.status(1)).clients;
  for (; posted < 120 && (await clients()) === 2; posted++) {
    await writer.say('#lobby', ...Array.from({ length: 30 }, () => text));
  }
  t.equal(await clients(), 1, `dropped after ${posted} runs of 240 KB`);
  await writer.say('#lobby', 'the end');
  lazy.end();

  const again = await Raw.welcomed(address);
  again.send({ type: 'subscribe', request: 2, room: '#lobby', fromEvent: 1, lastPosts: 0 });
  let next = 1;
  await until(
    'the whole room',
    () => {
      for (const message of again.received.splice(0)) {
        if (message.type !== 'deliver') continue;
        const { firstEvent, events } = message.group;
        if (firstEvent !== next) throw new Error(`event ${firstEvent} after ${next - 1}`);
        next += events.length;
      }
      return next === posted * 30 + 2;
    },
    20_000,
  );
  t.pass('resumed from the log, without a gap');
});
