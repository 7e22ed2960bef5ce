/** The limit on messages a second: arithmetic on a clock of the test's own, and a real client that loses nothing. */
import { randomBytes } from 'node:crypto';
import t from 'tap';
import { ChatClient } from '../../src/client/index.js';
import { MessageRate } from '../../src/daemon/server/message-rate.js';
import { FakeClock } from '../support/fake-clock.js';
import { nowMs, until } from '../support/until.js';
import { Cluster, User } from './cluster.js';

t.test('so many a second, a second’s worth at once, and a long run once', async (t) => {
  const clock = new FakeClock();
  const rate = new MessageRate(10, clock);
  const connection = {};
  for (let line = 0; line < 10; line++) t.equal(rate.take(connection, 'aaron', 1), 0);
  t.equal(rate.take(connection, 'aaron', 1), 100, 'the next one is due after a tenth of a second');
  clock.advance(100);
  t.equal(rate.take(connection, 'aaron', 25), 0, 'a run is never too long for its bucket');
  t.equal(rate.take(connection, 'aaron', 1), 2_500, 'and is waited for');
  clock.advance(2_400);
  t.not(rate.take(connection, 'aaron', 1), 0);
  clock.advance(100);
  t.equal(rate.take(connection, 'aaron', 1), 0);
});

t.test('a name is one over all its connections, a connection one over all its names', async (t) => {
  const clock = new FakeClock();
  const rate = new MessageRate(10, clock);
  const [one, other] = [{}, {}];
  t.equal(rate.take(one, 'aaron', 10), 0);
  t.not(rate.take(other, 'aaron', 1), 0, 'the same name elsewhere');
  t.equal(rate.take(other, 'lala', 10), 0, 'another name');
  t.not(rate.take(other, 'bob', 1), 0, 'a third name on a connection that has had its share');
  t.not(rate.take(one, undefined, 1), 0, 'nobody’s session');
  t.equal(rate.take({}, 'bob', 1), 0);
});

t.test('who has been quiet is forgotten', async (t) => {
  const clock = new FakeClock();
  const rate = new MessageRate(10, clock);
  for (let name = 0; name < 1_000; name++) rate.take({}, `name${name}`, 1);
  t.equal(rate.size, 1_000);
  rate.tick(clock.monotonicMs());
  t.equal(rate.size, 1_000);
  clock.advance(100);
  rate.tick(clock.monotonicMs());
  t.equal(rate.size, 0);
});

t.test('a real client above the limit is slowed down and loses nothing; others do not notice', async (t) => {
  const cluster = new Cluster();
  t.teardown(() => cluster.end());
  await cluster.startBalancer(1);
  await cluster.startServer(1, { messagesPerSecond: 50 });
  await cluster.leader();
  const { address } = cluster.server(1);
  const client = new ChatClient({ name: 'flood', token: randomBytes(32), server: address });
  t.teardown(() => client.close());
  client.connect();
  let committed = 0;
  const startMs = nowMs();
  for (let line = 0; line < 200; line++) {
    client.post('#lobby', `line ${line}`, (code) => {
      if (code === 'ok') committed++;
    });
  }
  const other = await User.at(address, 'Calm');
  await other.say('#other', 'not concerned');
  t.ok(committed < 200, `not behind the flood, of which ${committed} lines had their turn`);
  await until('every line', 30_000, () => committed === 200);
  const tookMs = nowMs() - startMs;
  t.ok(tookMs > 1_500, `200 lines at 50 a second took ${Math.round(tookMs)} ms`);
  await other.subscribe('#lobby');
  t.same(
    await other.hears('#lobby', 200),
    Array.from({ length: 200 }, (_, line) => `line ${line}`),
    'all of them, once, in order',
  );
});

t.test('nobody uses up another one’s share by naming his session', async (t) => {
  const cluster = new Cluster();
  t.teardown(() => cluster.end());
  await cluster.startBalancer(1);
  await cluster.startServer(1, { messagesPerSecond: 5 });
  await cluster.leader();
  const { address } = cluster.server(1);
  const victim = await User.at(address, 'Victim');
  const thief = await User.at(address, 'Thief');
  const own = thief.session;
  thief.session = victim.session;
  for (let line = 0; line < 20; line++) thief.send({ kind: 'post', room: '#lobby', text: 'not mine' });
  await until(
    'the last answer',
    10_000,
    () => thief.raw.received.filter(({ type }) => type === 'reject' || type === 'busy').length === 20,
  );
  thief.session = own;
  await victim.say('#lobby', 'still mine');
  t.notOk(
    victim.raw.received.some(({ type }) => type === 'busy'),
    'the victim was never told to wait',
  );
});
