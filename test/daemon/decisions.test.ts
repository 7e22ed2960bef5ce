/**
 * What operators decide, over real sockets: told on every server, definite for every line, safe for slow and old
 * readers, and kept from servers that cannot read it.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { features, type Hello, type MessageOf, type RunMessage } from '../../src/wire/index.js';
import { Cluster, decide, User } from './cluster.js';
import { oldServerHello } from './old-server.js';
import { Raw, until } from './raw.js';

t.setTimeout(120_000);
const room = '#ops';
const knows = { features: features.decisions };

async function start(): Promise<Cluster> {
  const cluster = await Cluster.start();
  await cluster.leader();
  return cluster;
}

function texts(raw: Raw): string[] {
  return raw.received.flatMap((message) =>
    message.type === 'deliver' && message.room === room ? message.group.events.map(({ text }) => text) : [],
  );
}

/** A page from event 1 on, as a client of this release asks for it, and what was said of the beginning before it. */
async function page(
  address: string,
  more: Partial<Hello> = knows,
): Promise<{ page: MessageOf<'page'>; kept: Raw['received'] }> {
  const raw = await Raw.welcomed(address, more);
  raw.send({ type: 'history', request: 9, room, direction: 'from', by: 'event', event: 1, limit: 1000, fresh: true });
  const found = await raw.take('page');
  raw.end();
  return { page: found, kept: raw.received.filter(({ type }) => type === 'kept') };
}

t.test('a room keeps its newest messages, on every server, and says what is gone', async (t) => {
  const cluster = await start();
  t.teardown(() => cluster.end());
  const user = await User.at(cluster.server(1).address, 'Aaron');
  for (let i = 1; i <= 30; i++) await user.say(room, `line ${i}`);
  const before = await page(cluster.server(1).address);
  t.equal(before.page.groups[0]?.firstEvent, 1);
  t.same(before.kept, [], 'nothing is gone yet');
  t.match(await decide(cluster, 2, { verb: 'retain', subject: '#nobody', count: 5 }), {
    outcome: 'refused',
    text: /nothing was ever said in #nobody: check the spelling/,
  });
  t.match(await decide(cluster, 2, { verb: 'retain', subject: room, ageMs: 999 }), { outcome: 'refused' });
  t.match(await decide(cluster, 2, { verb: 'retain', subject: room, ageMs: Number.MAX_SAFE_INTEGER }), {
    outcome: 'refused',
  });
  t.match(await decide(cluster, 2, { verb: 'retain', subject: 'no room', count: 1 }), { outcome: 'refused' });
  t.match(await decide(cluster, 2, { verb: 'retain', subject: room, count: 5 }), { outcome: 'taken' });
  for (const id of [1, 2, 3]) {
    const { address } = cluster.server(id);
    const after = await until(`server ${id} has applied it`, async () => {
      const found = await page(address);
      return found.kept.length > 0 && found;
    });
    t.match(after.kept, [{ request: 9, room, firstEvent: 26, firstN: 26, byRetention: true }]);
    t.match(after.page, { code: 'ok', headEvent: 30, headN: 30 });
    t.match(after.page.groups[0], { firstEvent: 26, firstN: 26 }, 'numbers go on');
    const old = await page(address, { features: 0 });
    t.same(old.kept, [], 'a client of 0.6 is told nothing that it does not know');
    t.equal(old.page.groups[0]?.firstEvent, 26);
  }
  await user.say(room, 'line 31');
  const last = await page(cluster.server(1).address);
  t.match(last.page.groups[0], { firstEvent: 27, firstN: 27 }, 'it moves with the room');
  t.match(await decide(cluster, 1, { verb: 'retain', subject: room }), { outcome: 'taken' }, 'all from now on');
  await user.say(room, 'line 32');
  t.match((await page(cluster.server(1).address)).page.groups[0], { firstEvent: 27 }, 'what is gone stays gone');
});

t.test('a slow reader in the midst of history goes on where the room begins, and is told', async (t) => {
  const cluster = await start();
  t.teardown(() => cluster.end());
  const { address } = cluster.server(1);
  const user = await User.at(address, 'Aaron');
  const filler = 'x'.repeat(8000);
  const total = 100 * 30;
  for (let i = 0; i < 100; i++)
    await user.say(room, ...Array.from({ length: 30 }, (_, k) => `${i * 30 + k} ${filler}`));
  const readers = await Promise.all([Raw.welcomed(address, knows), Raw.welcomed(address)]);
  for (const reader of readers) {
    reader.send({ type: 'subscribe', request: 1, room, fromEvent: 1, lastPosts: 0 });
    t.match(await reader.take('subscribed'), { nextEvent: 1 });
    reader.connection.pause();
  }
  t.match(await decide(cluster, 2, { verb: 'retain', subject: room, count: 10 }), { outcome: 'taken' });
  await user.say(room, 'the end');
  for (const [i, reader] of readers.entries()) {
    reader.connection.resume();
    const shown = await until('the last line', () => texts(reader).at(-1) === 'the end' && texts(reader), 20_000);
    const numbers = shown.slice(0, -1).map((text) => Number(text.split(' ')[0]));
    const jump = numbers.findIndex((number, at) => number !== at);
    t.ok(jump > 0, `it had ${jump} lines when the others were deleted`);
    const first = numbers[jump] ?? 0;
    t.ok(first === total - 10 || first === total - 9, 'the ten newest, with or without the last one');
    t.same(
      numbers.slice(jump),
      Array.from({ length: total - first }, (_, k) => first + k),
      'without a hole behind it',
    );
    const kept = reader.received.filter(({ type }) => type === 'kept');
    const at = reader.received.findIndex((message) => message.type === 'deliver' && message.group.firstEvent > jump);
    if (i === 1) t.same(kept, [], 'a client of 0.6 sees it by the numbers');
    else {
      t.match(kept, [{ request: 0, room, firstEvent: first + 1, firstN: first + 1, byRetention: true }]);
      t.equal(reader.received[at - 1]?.type, 'kept', 'before what comes behind the gap');
    }
  }
});

t.test('an age goes by the log clock, also when nobody speaks there', async (t) => {
  const cluster = await start();
  t.teardown(() => cluster.end());
  const user = await User.at(cluster.server(1).address, 'Aaron');
  await user.say(room, 'old');
  t.match(await decide(cluster, 1, { verb: 'retain', subject: room, ageMs: 1_000 }), { outcome: 'taken' });
  t.equal((await page(cluster.server(1).address)).page.groups.length, 1, 'it is as old as the decision');
  const gone = await until('the room is empty', async () => {
    // Time moves with the log.
    await user.say('#elsewhere', 'tick');
    const found = await page(cluster.server(1).address);
    return found.page.groups.length === 0 && found;
  });
  t.match(gone.page, { headEvent: 1, headN: 1 });
  t.match(gone.kept, [{ firstEvent: 2, firstN: 2, byRetention: true }]);
  await user.say(room, 'new');
  t.match((await page(cluster.server(2).address)).page.groups, [{ firstEvent: 2, firstN: 2 }], 'numbers go on');
});

t.test(
  'a blocked name: told on every server, every line refused, as if nothing had been when it is unblocked',
  async (t) => {
    const cluster = await start();
    t.teardown(() => cluster.end());
    const user = await User.at(cluster.server(1).address, 'Lala');
    const elsewhere = new User(
      'LALA',
      await Raw.welcomed(cluster.server(2).address, { ...knows, ...proves(user.token) }),
    );
    t.equal((await elsewhere.register()).code, 'ok');
    user.send({ kind: 'join', room, text: '' });
    await user.raw.take('ack');
    const watcher = await User.at(cluster.server(3).address, 'Watcher');
    await watcher.subscribe(room, 0);
    t.match(await decide(cluster, 3, { verb: 'block', subject: 'lALA', why: 'spam' }), { outcome: 'taken' });
    t.match(await user.raw.take('reject'), { code: 'NOT_ALLOWED', text: /"Lala" is blocked: spam/ }, 'a client of 0.6');
    t.match(await elsewhere.raw.take('reject'), { code: 'NAME_BLOCKED', session: elsewhere.session ?? {} });
    t.match((await watcher.raw.take('deliver')).group.events, [{ kind: 'leave', from: 'Lala' }]);
    t.match(await elsewhere.say(room, 'one', 'two'), { outcomes: [{ code: 'NAME_BLOCKED', count: 2 }] });
    t.match(await user.say(room, 'three'), { outcomes: [{ code: 'NOT_ALLOWED', count: 1 }] });
    const again = new User('lala', await Raw.welcomed(cluster.server(1).address, { ...knows, ...proves(user.token) }));
    t.equal((await again.register()).code, 'NAME_BLOCKED', 'under any spelling');
    again.session = elsewhere.session;
    const names = await list(cluster, 1, true);
    t.match(names, [{ name: 'Lala', claimed: true, blocked: true, why: 'spam' }]);
    t.match(await decide(cluster, 1, { verb: 'block', subject: 'root' }), { outcome: 'taken' }, 'nobody has it');
    const root = await Raw.welcomed(cluster.server(2).address, { ...knows, ...proves(Buffer.alloc(32, 7)) });
    t.equal((await new User('Root', root).register()).code, 'NAME_BLOCKED');
    t.match(await decide(cluster, 1, { verb: 'unblock', subject: 'LALA' }), { outcome: 'taken' });
    t.match(await decide(cluster, 1, { verb: 'unblock', subject: 'lala' }), {
      outcome: 'refused',
      text: /not blocked/,
    });
    t.match(await elsewhere.say(room, 'four'), { outcomes: [{ code: 'ok', n: 1 }] });
    t.match(await decide(cluster, 1, { verb: 'block', subject: '9 lives' }), { outcome: 'refused', text: /no name/ });
  },
);

t.test('a recovered name belongs to the new token, and a released one to whoever comes', async (t) => {
  const cluster = await start();
  t.teardown(() => cluster.end());
  const dm = '@aaron,lala';
  const say = (text: string): RunMessage => ({ kind: 'post', room: dm, text });
  const lala = await User.at(cluster.server(1).address, 'Lala');
  const aaron = await User.at(cluster.server(2).address, 'Aaron');
  aaron.send(say('secret'));
  await aaron.raw.take('ack');
  await lala.subscribe(dm, 1);
  await lala.raw.take('deliver');
  t.match(await decide(cluster, 3, { verb: 'recover', subject: 'nobody', tokenHash: lala.tokenHash }), {
    outcome: 'refused',
    text: /nobody has claimed the name nobody/,
  });

  const heir = new User('Lala', await Raw.welcomed(cluster.server(3).address));
  await heir.connect(cluster.server(3).address);
  t.equal((await heir.register()).code, 'NAME_TAKEN');
  t.match(await decide(cluster, 3, { verb: 'recover', subject: 'LALA', tokenHash: heir.tokenHash }), {
    outcome: 'taken',
  });
  t.match(await lala.raw.take('reject'), { code: 'SESSION_EXPIRED', text: /belongs to another token now/ });
  lala.nonce.fill(1);
  t.equal((await lala.register()).code, 'NAME_TAKEN', 'the old token has lost it');
  heir.nonce.fill(2);
  t.equal((await heir.register()).code, 'ok');
  t.equal((await heir.subscribe(dm, 1)).code, 'ok', 'with all that was written to it');
  t.match((await heir.raw.take('deliver')).group.events, [{ text: 'secret' }]);
  aaron.send(say('for the heir'));
  t.match((await heir.raw.take('deliver')).group.events, [{ text: 'for the heir' }]);
  t.notOk(
    lala.raw.received.some(({ type }) => type === 'deliver'),
    'the old token reads no more',
  );

  t.match(await decide(cluster, 1, { verb: 'release', subject: 'lala' }), { outcome: 'taken' });
  t.match(await heir.raw.take('reject'), { code: 'SESSION_EXPIRED', text: /was released/ });
  t.match(await decide(cluster, 1, { verb: 'release', subject: 'lala' }), { outcome: 'refused' }, 'nobody has it');
  lala.nonce.fill(3);
  t.equal((await lala.register()).code, 'ok', 'anybody may claim it');
  await lala.subscribe(dm, 1);
  aaron.send(say('to whoever it is'));
  t.match((await lala.raw.take('deliver')).group, { firstEvent: 3, events: [{ text: 'to whoever it is' }] });
  t.notOk(
    lala.raw.received.some(({ type }) => type === 'deliver'),
    'what was said before is gone',
  );
});

t.test('of two decisions at once the second is void, and taken when it is given again', async (t) => {
  const cluster = await start();
  t.teardown(() => cluster.end());
  const user = await User.at(cluster.server(1).address, 'Aaron');
  await user.say(room, 'one');
  const operator = await Raw.welcomed(cluster.server(2).address, { role: 'operator' });
  const wish = { type: 'decide', subject: 'lala', count: 0, ageMs: 0, tokenHash: new Uint8Array(32), why: '' } as const;
  operator.send({ ...wish, request: 1, verb: 'block' });
  operator.send({ ...wish, request: 2, verb: 'unblock' });
  t.match(await operator.take('decideAnswer', ({ request }) => request === 1), { outcome: 'taken' });
  t.match(await operator.take('decideAnswer', ({ request }) => request === 2), {
    outcome: 'refused',
    text: /another decision came first.*synod name list.*again/,
  });
  t.match(await list(cluster, 2, true), [{ name: 'lala', blocked: true }]);
  t.match(await decide(cluster, 3, { verb: 'unblock', subject: 'lala' }), { outcome: 'taken' }, 'through any server');
});

t.test('the leader stops in between: nothing of the wish before undoes the one after', async (t) => {
  const cluster = await start();
  t.teardown(() => cluster.end());
  const leader = await cluster.leader();
  const [one = 0, other = 0] = [1, 2, 3].filter((id) => id !== leader);
  const user = await User.at(cluster.server(one).address, 'Aaron');
  for (let i = 1; i <= 6; i++) await user.say(room, `line ${i}`);
  t.match(await decide(cluster, one, { verb: 'unblock', subject: 'nobody' }), { outcome: 'refused' }, 'the first one');
  const [answer] = await Promise.all([
    decide(cluster, one, { verb: 'retain', subject: room, count: 3 }),
    cluster.kill(leader),
  ]);
  t.match(answer.outcome, /^(taken|later)$/);
  await until('another leader takes decisions', async () => {
    return (await decide(cluster, other, { verb: 'retain', subject: room })).outcome === 'taken';
  });
  const first = (await page(cluster.server(other).address)).page.groups[0]?.firstEvent;
  t.equal(first, answer.outcome === 'taken' ? 4 : 1, 'a wish that was not taken has no effect');
  for (let i = 7; i <= 12; i++) await user.say(room, `line ${i}`);
  t.equal((await page(cluster.server(one).address)).page.groups[0]?.firstEvent, first, 'all is kept from then on');
});

t.test('the first decision needs every member, and keeps servers of older releases out', async (t) => {
  const cluster = await start();
  t.teardown(() => cluster.end());
  const user = await User.at(cluster.server(1).address, 'Aaron');
  await user.say(room, 'one');
  const old = await oldServerHello(cluster.server(1).address, 3);
  await cluster.kill(3);
  await until('server 3 is missed', async () => {
    const { outcome, text } = await decide(cluster, 1, { verb: 'retain', subject: room, count: 1 });
    return outcome === 'later' && /servers 3 are away or of a release that cannot read this/.test(text);
  });
  const welcomed = await Raw.open(cluster.server(1).address, old);
  await welcomed.take('welcome');
  t.match(await decide(cluster, 1, { verb: 'retain', subject: room, count: 1 }), { outcome: 'later' }, 'it is of 0.6');
  welcomed.end();

  /** The format of a server's identity: 0.6 starts on a directory of format 1 only. */
  const format = (id: number): number =>
    JSON.parse(readFileSync(path.join(cluster.dataDir(`server-${id}`), 'identity'), 'utf8').split('\n')[0] ?? '')
      .format;
  t.same([1, 2, 3].map(format), [1, 1, 1]);

  await cluster.startServer(3);
  await until('all members are there', async () => {
    return (await decide(cluster, 1, { verb: 'retain', subject: room, count: 1 })).outcome === 'taken';
  });
  await until('all directories say that something was decided', () => [1, 2, 3].every((id) => format(id) === 2));
  await cluster.kill(3);
  t.match(
    await decide(cluster, 1, { verb: 'retain', subject: room, count: 2 }),
    { outcome: 'taken' },
    'no second check',
  );
  for (const id of [1, 2]) {
    const refused = await Raw.open(cluster.server(id).address, old);
    t.match(await refused.ended(), { code: 'BAD_VERSION', text: /start it with 0.7 or later/ }, `server ${id} refuses`);
  }
  await cluster.kill(1);
  await cluster.startServer(1);
  const again = await Raw.open(cluster.server(1).address, old);
  t.match(await again.ended(), { code: 'BAD_VERSION' }, 'also after a restart');
});

function proves(token: Uint8Array): { authMethod: 'token'; auth: Uint8Array } {
  return { authMethod: 'token', auth: token };
}

async function list(cluster: Cluster, id: number, blocked: boolean): Promise<MessageOf<'names'>['names']> {
  const raw = await Raw.welcomed(cluster.server(id).address, { role: 'operator' });
  raw.send({ type: 'namesRequest', request: 1, blocked, after: '' });
  const { names } = await raw.take('names');
  raw.end();
  return names;
}
