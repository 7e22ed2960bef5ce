/**
 * Retention and state transfer over real sockets: a server that was away for longer than the log is kept gets the whole
 * state and the kept history, under load, across broken links and killed senders, and its clients see no gap.
 */
import { readdirSync } from 'node:fs';
import t, { type Test } from 'tap';
import type { ServerOptions } from '../../src/daemon/index.js';
import { Cluster, decide, User } from './cluster.js';
import { Raw, until } from './raw.js';

t.setTimeout(120_000);
const lobby = '#lobby';
const KIB = 1024;
/** Four tiny segments, so that some hundred lines are more than is kept. */
const small: Partial<ServerOptions> = { segmentBytes: 64 * KIB, retainBytes: 128 * KIB };

async function startSmall(t: Test): Promise<Cluster> {
  const cluster = new Cluster();
  t.teardown(() => cluster.end());
  await cluster.startBalancer(3);
  await Promise.all([1, 2, 3].map((id) => cluster.startServer(id, small)));
  await cluster.leader();
  return cluster;
}

function segments(cluster: Cluster, id: number): number[] {
  const names = readdirSync(cluster.dataDir(`server-${id}`)).filter((name) => /^wal-\d+\.log$/.test(name));
  return names.map((name) => Number(name.slice(4, -4))).sort((a, b) => a - b);
}

/** Says lines until the log of every one of `ids` begins above what server `away` has. */
async function outrun(cluster: Cluster, user: User, ids: readonly number[], applied: number): Promise<number> {
  const firsts = new Map(ids.map((id) => [id, segments(cluster, id)[0] as number]));
  let said = 0;
  await until(
    'the log is cut',
    async () => {
      await user.say(lobby, ...Array.from({ length: 20 }, (_, i) => `line ${said + i} ${'x'.repeat(400)}`));
      said += 20;
      const { committed } = await cluster.status(ids[0] as number);
      const cut = ids.every((id) => (segments(cluster, id)[0] as number) >= (firsts.get(id) as number) + 4);
      return committed > applied + 100 && cut;
    },
    60_000,
  );
  return said;
}

/** Server `id` has applied what server `other` has, and their states hash alike. */
async function agree(cluster: Cluster, id: number, other: number): Promise<void> {
  await until(
    `server ${id} agrees with ${other}`,
    async () => {
      const { applied } = await cluster.status(other);
      const [here, there] = await Promise.all([hashAt(cluster, id, applied), hashAt(cluster, other, applied)]);
      return here !== undefined && here === there;
    },
    30_000,
  );
}

async function hashAt(cluster: Cluster, id: number, at: number): Promise<string | undefined> {
  const raw = await Raw.welcomed(cluster.server(id).address, { role: 'operator' });
  raw.send({ type: 'verifyRequest', request: 1, slot: at });
  const { slot, hash } = await raw.take('verifyReply');
  raw.end();
  return slot === at ? Buffer.from(hash).toString('hex') : undefined;
}

t.test('a server that was away for longer than the log is kept takes over state and history', async (t) => {
  const cluster = await startSmall(t);
  const user = await User.at(cluster.server(1).address, 'Aaron');
  await user.say(lobby, 'the very first');
  const before = await cluster.status(3);
  await cluster.kill(3);
  await outrun(cluster, user, [1, 2], before.applied);

  await cluster.startServer(3, small);
  await agree(cluster, 3, 1);
  const lala = await User.at(cluster.server(3).address, 'Lala');
  const subscribed = await lala.subscribe(lobby, 1);
  t.ok(subscribed.nextEvent > 1, `history begins at ${subscribed.nextEvent}`);
  await user.say(lobby, 'last');
  const texts = await until('the last line', () => {
    const heard = lala.posts(lobby);
    return heard.at(-1) === 'last' && heard;
  });
  t.equal(texts.length, subscribed.headN - (subscribed.nextEvent - 1) + 1, 'every event that is kept, and the last');
  const reader = await User.at(cluster.server(1).address, 'Reader');
  const other = await reader.subscribe(lobby, subscribed.nextEvent);
  const same = await until('the same from server 1', () => {
    const heard = reader.posts(lobby);
    return heard.at(-1) === 'last' && heard;
  });
  const overlap = Math.min(same.length, texts.length);
  t.same(texts.slice(-overlap), same.slice(-overlap), 'byte for byte what the others tell');
  t.ok(other.nextEvent >= subscribed.nextEvent || overlap === texts.length);

  await cluster.kill(3);
  await cluster.startServer(3, small);
  await agree(cluster, 3, 1);
  await user.say(lobby, 'after a restart');
  await agree(cluster, 3, 1);
});

t.test(
  'under load, with the receiver killed on the way: everything acknowledged is in every history that is kept',
  async (t) => {
    const cluster = await startSmall(t);
    const user = await User.at(cluster.server(1).address, 'Aaron');
    const before = await cluster.status(3);
    await cluster.kill(3);
    await outrun(cluster, user, [1, 2], before.applied);
    let isOver = false;
    const acked: string[] = [];
    const load = (async () => {
      for (let i = 0; !isOver; i++) {
        const text = `during ${i} ${'y'.repeat(200)}`;
        const ack = await user.say(lobby, text);
        if (ack.outcomes[0]?.code === 'ok') acked.push(text);
      }
    })();
    // Again and again on its way: at once, later, and then left alone.
    for (const afterMs of [0, 20, 60, 120]) {
      await cluster.startServer(3, small);
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      await cluster.kill(3);
    }
    await cluster.startServer(3, small);
    await agree(cluster, 3, 1);
    isOver = true;
    await load;
    await agree(cluster, 3, 1);
    t.ok(acked.length > 10, `${acked.length} lines were acknowledged meanwhile`);
    const lala = await User.at(cluster.server(3).address, 'Lala');
    await lala.subscribe(lobby, 1);
    const texts = await until('the last line', () => {
      const heard = lala.posts(lobby);
      return heard.at(-1) === acked.at(-1) && heard;
    });
    const first = acked.indexOf(texts.find((text) => text.startsWith('during')) ?? '');
    t.ok(first >= 0);
    t.same(
      texts.filter((text) => text.startsWith('during')),
      acked.slice(first),
    );
  },
);

t.test('what operators decided comes with the state, and is there after a restart', async (t) => {
  const cluster = await startSmall(t);
  const user = await User.at(cluster.server(1).address, 'Aaron');
  await user.say('#ops', 'one', 'two', 'three');
  t.match(await decide(cluster, 1, { verb: 'retain', subject: '#ops', count: 2, ageMs: 3_600_000 }), {
    outcome: 'taken',
  });
  const before = await cluster.status(3);
  await cluster.kill(3);
  // It may have been the leader.
  await until('the others to have a leader', async () => {
    const { happy, leader } = await cluster.status(1);
    return happy && leader !== 3;
  });
  t.match(await decide(cluster, 1, { verb: 'retain', subject: lobby, count: 3 }), { outcome: 'refused' });
  t.match(await decide(cluster, 1, { verb: 'block', subject: 'root', why: 'nobody' }), { outcome: 'taken' });
  await user.say('#ops', 'four');
  await outrun(cluster, user, [1, 2], before.applied);
  t.match(await decide(cluster, 1, { verb: 'retain', subject: lobby, count: 3 }), { outcome: 'taken' });
  await cluster.startServer(3, small);
  await agree(cluster, 3, 1);
  for (const what of ['fetched', 'started again']) {
    const raw = await Raw.welcomed(cluster.server(3).address, { role: 'operator' });
    raw.send({ type: 'namesRequest', request: 1, blocked: true, after: '' });
    t.match((await raw.take('names')).names, [{ name: 'root', blocked: true, why: 'nobody', claimed: false }], what);
    raw.end();
    const reader = await User.at(cluster.server(3).address, 'Reader');
    const { headN } = await reader.subscribe(lobby, 0);
    t.match(await reader.subscribe(lobby, 1), { headN });
    t.equal((await reader.hears(lobby, 3)).length, 3, what);
    reader.raw.end();
    await cluster.kill(3);
    await cluster.startServer(3, small);
    await agree(cluster, 3, 1);
  }
  await user.say('#ops', 'five');
  await user.say(lobby, 'after it');
  await agree(cluster, 3, 1);
  await agree(cluster, 2, 1);
});

t.test('a client of the server that takes over a state is sent elsewhere and misses nothing', async (t) => {
  const cluster = await startSmall(t);
  const user = await User.at(cluster.server(1).address, 'Aaron');
  const before = await cluster.status(3);
  await cluster.kill(3);
  await outrun(cluster, user, [1, 2], before.applied);
  await cluster.startServer(3, small);
  // It may come before the state does, or just after.
  const early = await Raw.welcomed(cluster.server(3).address).catch(() => undefined);
  await agree(cluster, 3, 1);
  if (early !== undefined && early.closed !== undefined) t.match(early.closed, { code: 'SHUTTING_DOWN' });
  const late = await User.at(cluster.server(3).address, 'Late');
  const { nextEvent, headEvent } = await late.subscribe(lobby, 1);
  await until('all that is kept', () => late.posts(lobby).length >= headEvent - nextEvent + 1);
  t.pass('gapless from where it begins');
});
