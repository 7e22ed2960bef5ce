/**
 * A server that has not heard the latest takes an operator's wish: it is decided on what a majority knows, not on what
 * this server knew.
 */
import t from 'tap';
import type { Decide, MessageOf } from '../../src/wire/index.js';
import { decide, User } from './cluster.js';
import { type Proxied, startProxied } from './proxied-cluster.js';
import { Raw, until } from './raw.js';

t.setTimeout(60_000);

/** Frames that bring a server what was decided; what only says that it was, and who leads, passes. */
const news = ['accept', 'commit', 'chosen', 'learnReply', 'stateChunk'];
/** A read that no majority confirmed in time, on a machine that is busy, is tried again with more behind it. */
const triesMax = 5;

interface Trial extends Proxied {
  readonly leader: number;
  /** It hears nothing new while the proxy stands in its way. */
  readonly follower: number;
}

async function start(t: { teardown(end: () => Promise<unknown>): void }): Promise<Trial> {
  const proxied = await startProxied(t);
  const { cluster } = proxied;
  const leader = await cluster.leader();
  const follower = leader === 1 ? 2 : 1;
  await until('the first decision, which all members must be linked for', async () => {
    return (await decide(cluster, follower, { verb: 'block', subject: 'first' })).outcome === 'taken';
  });
  return { ...proxied, leader, follower };
}

/**
 * Has the follower take a wish after something was decided that it has not heard of, and hear of it then; the answer.
 * `decided` gets a number of its own at each try.
 */
async function answerBehind(
  { cluster, proxy, leader, follower }: Trial,
  decided: (tries: number) => Promise<unknown>,
  wish: (tries: number) => Pick<Decide, 'verb' | 'subject'>,
): Promise<MessageOf<'decideAnswer'>> {
  const rules = `http://${proxy.api}/rules`;
  const others = [1, 2, 3].filter((id) => id !== follower);
  const rule = { match: { from: others, to: follower, kinds: news }, do: 'drop' };
  for (let tries = 1; ; tries++) {
    const set = await fetch(rules, { method: 'POST', body: JSON.stringify(rule) });
    if (!set.ok) throw new Error(await set.text());
    await decided(tries);
    const [ahead, behind] = [await cluster.status(leader), await cluster.status(follower)];
    if (behind.applied >= ahead.applied) throw new Error(`server ${follower} has heard all of it`);
    const operator = await Raw.welcomed(cluster.server(follower).address, { role: 'operator' });
    const nothing = { count: 0, ageMs: 0, tokenHash: new Uint8Array(32), why: '' };
    operator.send({ request: 1, ...nothing, ...wish(tries), type: 'decide' });
    // Its answer comes after the wish was taken up.
    operator.send({ type: 'statusRequest', request: 2 });
    await operator.take('status');
    await fetch(`http://${proxy.api}/heal`, { method: 'POST' });
    const answer = await operator.take('decideAnswer');
    operator.end();
    if (answer.outcome !== 'later' || tries === triesMax) return answer;
  }
}

t.test('a block that it has not heard of can be taken back through it', async (t) => {
  const trial = await start(t);
  const { cluster, leader } = trial;
  const answer = await answerBehind(
    trial,
    (tries) => decide(cluster, leader, { verb: 'block', subject: `lala${tries}` }),
    (tries) => ({ verb: 'unblock', subject: `lala${tries}` }),
  );
  t.match(answer, { outcome: 'taken' });
});

t.test('a name whose claim it has not heard of can be released through it', async (t) => {
  const trial = await start(t);
  const { cluster, leader } = trial;
  const answer = await answerBehind(
    trial,
    (tries) => User.at(cluster.server(leader).address, `lala${tries}`),
    (tries) => ({ verb: 'release', subject: `lala${tries}` }),
  );
  t.match(answer, { outcome: 'taken' });
});
