/** Sessions by named situations (PAXOS.md, Sessions; RELIABILITY.md, pitfalls 23 to 28). */
import t from 'tap';
import { attachItem, detachItem, registerItem, touchItem } from '../../src/wire/index.js';
import { Bench, flatten, nonce, post, say, token } from './support.js';

const day = 24 * 3600 * 1000;
/** Lets log time pass; an entry carries at most a minute. */
function pass(bench: Bench, ms: number): void {
  for (let left = ms; left > 0; left -= 60_000) bench.apply([], Math.min(left, 60_000));
}
const all = { direction: 'from', by: 'event', event: 1, limit: 1000 } as const;

t.test('a resent run is answered from memory, with the slot and numbers of the first time', async (t) => {
  const bench = new Bench();
  const session = bench.register(0, 'ann');
  const run = bench.run(session, 0, 1, [post('#a', 'one'), post('#a', 'tab\t'), post('#a', 'two')]);
  const first = bench.apply([run]).answers;
  t.same(first, [
    {
      session,
      firstSeq: 1,
      slot: 2,
      outcomes: [
        { code: 'ok', count: 1, n: 1 },
        { code: 'BAD_TEXT', count: 1, n: 0 },
        { code: 'ok', count: 1, n: 2 },
      ],
    },
  ]);
  t.same(bench.apply([run]).answers, first, 'nothing is written twice');
  t.equal(bench.state.room('#a')?.events, 2);
  const longer = bench.run(session, 0, 3, [post('#a', 'two'), post('#a', 'three')]);
  t.same(bench.apply([longer]).answers, [
    { session, firstSeq: 3, slot: 2, outcomes: [{ code: 'ok', count: 1, n: 2 }] },
    { session, firstSeq: 4, slot: 4, outcomes: [{ code: 'ok', count: 1, n: 3 }] },
  ]);
});

t.test('a gap is no answer and has no effect; what fills it is applied, then the resent rest', async (t) => {
  const bench = new Bench();
  const session = bench.register(0, 'ann');
  const late = bench.run(session, 0, 3, [post('#a', 'three')]);
  t.same(bench.apply([late]).answers, []);
  t.equal(bench.state.session(session)?.lastSeq, 0);
  bench.apply([bench.run(session, 0, 1, [post('#a', 'one'), post('#a', 'two')]), late]);
  t.same(
    flatten(bench.page('#a', all)).map(({ text }) => text),
    ['one', 'two', 'three'],
  );
});

t.test('answers leave memory below what the client says it has, and above 4,096', async (t) => {
  const bench = new Bench();
  const session = bench.register(0, 'ann');
  const posts = (count: number) => Array.from({ length: count }, () => post('#a', 'x'));
  bench.apply([bench.run(session, 0, 1, posts(3))]);
  bench.apply([bench.run(session, 0, 4, posts(1), 3)]);
  t.same(
    bench
      .apply([bench.run(session, 0, 1, posts(4))])
      .answers.map(({ firstSeq, outcomes }) => [firstSeq, outcomes[0]?.count]),
    [
      [3, 1],
      [4, 1],
    ],
    'seq 1 and 2 are forgotten',
  );
  for (let seq = 5; seq < 5 + 4100; seq += 100) bench.apply([bench.run(session, 0, seq, posts(100))]);
  const last = bench.state.session(session)?.lastSeq ?? 0;
  t.equal(last, 4104);
  t.same(bench.apply([bench.run(session, 0, last - 4096, posts(1))]).answers, [], 'the 4,097th last');
  t.equal(bench.apply([bench.run(session, 0, last - 4095, posts(1))]).answers.length, 1, 'the 4,096th last');
});

t.test('a register with a live nonce is the same session; with another token it is a stranger', async (t) => {
  const bench = new Bench();
  const session = bench.register(0, 'ann');
  bench.apply([bench.run(session, 0, 1, [post('#a', 'hi')])]);
  const again = { nonce: nonce(0), window: 64, server: 2, tokenHash: token(0), name: 'other' };
  t.match(bench.apply([registerItem(again)]).registrations, [
    { code: 'ok', session, name: 'ann', lastSeq: 1, attachment: 2, server: 2 },
  ]);
  const stranger = bench.apply([registerItem({ ...again, tokenHash: token(1) })]).registrations[0];
  t.match(stranger, { code: 'BAD_NONCE', session: { slot: 0, index: 0 }, name: '' });
  t.equal(bench.state.nameOwner('other'), undefined, 'neither claimed a name');
});

t.test('a name belongs to the first token in the log, whatever its case; another token gets no session', async (t) => {
  const bench = new Bench();
  const item = (n: number, name: string) =>
    registerItem({ nonce: nonce(n), window: 1, server: 1, tokenHash: token(n), name });
  const { registrations } = bench.apply([item(0, 'Ann'), item(1, 'aNN'), item(2, '1x')]);
  t.same(
    registrations.map(({ code }) => code),
    ['ok', 'NAME_TAKEN', 'BAD_NAME'],
  );
  t.equal(bench.state.sessionCount, 1);
  t.same(bench.state.nameOwner('ANN'), token(0));
});

t.test('nick: the race for a name is won in the log; the loser keeps its name and loses the seq only', async (t) => {
  const bench = new Bench();
  const [ann, bob] = [bench.register(0, 'ann'), bench.register(1, 'bob')];
  bench.apply([
    bench.run(ann, 0, 1, [say('join', '#a'), say('join', '#b')]),
    bench.run(bob, 1, 1, [say('join', '#a')]),
  ]);
  const { answers } = bench.apply([
    bench.run(bob, 1, 2, [say('nick', '', 'Zed')]),
    bench.run(ann, 0, 3, [say('nick', '', 'zed'), post('#a', 'hi')]),
  ]);
  t.same(
    answers.map(({ outcomes }) => outcomes.map(({ code }) => code)),
    [['ok'], ['NAME_TAKEN', 'ok']],
  );
  t.same(bench.state.room('#a')?.people, ['ann', 'Zed']);
  t.same(bench.state.nameOwner('bob'), token(1), 'the old name stays his');
  bench.apply([bench.run(ann, 0, 5, [say('nick', '', 'Anna')])]);
  for (const room of ['#a', '#b']) {
    t.match(flatten(bench.page(room, all)).at(-1), { kind: 'nick', from: 'ann', text: 'Anna', seq: 5 }, room);
  }
  t.equal(bench.state.session(ann)?.name, 'Anna');
});

t.test('a wrong nonce, an unknown session: an answer and no effect', async (t) => {
  const bench = new Bench();
  const session = bench.register(0, 'ann');
  const forged = bench.run(session, 7, 1, [post('#a', 'forged')]);
  t.same(bench.apply([forged]).answers, [
    { session, firstSeq: 1, slot: 2, outcomes: [{ code: 'BAD_NONCE', count: 1, n: 0 }] },
  ]);
  const nobody = { slot: 9, index: 9 };
  t.match(bench.apply([bench.run(nobody, 0, 1, [post('#a', 'x')])]).answers, [
    { outcomes: [{ code: 'SESSION_EXPIRED' }] },
  ]);
  t.equal(bench.state.session(session)?.lastSeq, 0);
  t.equal(bench.state.room('#a')?.events, 0);
  t.same(bench.state.checkResume(session, nonce(7)), { status: 'BAD_NONCE' });
  t.match(bench.state.checkResume(session, nonce(0)), { status: 'ok', session: { name: 'ann' } });
  t.same(bench.state.checkResume({ slot: 99, index: 0 }, nonce(0)), { status: 'notApplied' });
  t.same(bench.state.checkResume({ slot: 1, index: 5 }, nonce(0)), { status: 'SESSION_EXPIRED' });
});

t.test(
  'a session ends after seven days of log time without a sign of life, leaves its rooms, and never comes back',
  async (t) => {
    const bench = new Bench();
    const [ann, bob] = [bench.register(0, 'ann'), bench.register(1, 'bob')];
    bench.apply([
      bench.run(ann, 0, 1, [say('join', '#b'), say('join', '#a')]),
      bench.run(bob, 1, 1, [say('join', '#a')]),
    ]);
    pass(bench, 4 * day);
    bench.apply([touchItem([bob])]);
    pass(bench, 3 * day - 1);
    t.ok(bench.state.session(ann), 'a millisecond before');
    const applied = bench.apply([], 1);
    t.same(applied.expired, [ann]);
    t.same(applied.touchedRooms, ['#a', '#b'], 'rooms in order');
    t.same(bench.state.room('#a')?.people, ['bob']);
    t.match(flatten(bench.page('#b', all)), [{ kind: 'join' }, { kind: 'leave', from: 'ann', seq: 0 }]);
    t.match(bench.apply([bench.run(ann, 0, 3, [post('#a', 'ghost')])]).answers, [
      { outcomes: [{ code: 'SESSION_EXPIRED' }] },
    ]);
    t.match(bench.apply([attachItem({ session: ann, nonce: nonce(0), server: 1 })]).attachments, [
      { code: 'SESSION_EXPIRED' },
    ]);
    t.equal(bench.state.session(ann), undefined);
    t.same(bench.state.nameOwner('ann'), token(0), 'the name stays');
    t.not(bench.register(0, 'ann').slot, ann.slot, 'the same nonce now makes a new session');
  },
);

t.test('detach counts only while the attachment is still that one', async (t) => {
  const bench = new Bench();
  const ann = bench.register(0, 'ann');
  bench.apply([bench.run(ann, 0, 1, [say('join', '#a')])]);
  t.same(bench.apply([attachItem({ session: ann, nonce: nonce(0), server: 2 })]).attachments[0]?.attachment, 2);
  t.same(
    bench.state.sessionsOf(2).map(({ id }) => id),
    [ann],
  );
  t.same(bench.apply([detachItem({ session: ann, attachment: 1 })]).touchedRooms, [], 'a reroute writes nothing');
  t.same(bench.apply([detachItem({ session: ann, attachment: 2 })]).touchedRooms, ['#a']);
  t.same(bench.apply([detachItem({ session: ann, attachment: 2 })]).touchedRooms, [], 'once is enough');
  t.same(bench.state.room('#a')?.people, []);
  t.same(bench.state.sessionsOf(2), []);
});

t.test('two clients of one name: one person in the room, gone when the last of them is', async (t) => {
  const bench = new Bench();
  const [one, two] = [bench.register(0, 'ann', 5), bench.register(1, 'ANN', 5)];
  const joins = bench.apply([
    bench.run(one, 0, 1, [say('join', '#a')]),
    bench.run(two, 1, 1, [say('join', '#a'), say('join', '#b')]),
  ]);
  t.same(
    joins.answers.map(({ outcomes }) => outcomes),
    [[{ code: 'ok', count: 1, n: 0 }], [{ code: 'ok', count: 2, n: 0 }]],
  );
  t.same(bench.state.room('#a'), { room: '#a', events: 1, posts: 0, topic: '', people: ['ann'] });
  bench.apply([detachItem({ session: two, attachment: 1 })]);
  t.same(bench.state.room('#b')?.people, ['ann'], 'ann is still connected');
  t.same(bench.apply([detachItem({ session: one, attachment: 1 })]).touchedRooms, ['#a', '#b']);
  t.same(bench.state.room('#b')?.people, []);
});

t.test(
  'when the last connected client of a name expires, the name leaves the rooms of its lost clients too',
  async (t) => {
    const bench = new Bench();
    const [one, two] = [bench.register(0, 'ann', 5), bench.register(1, 'ann', 5)];
    pass(bench, day);
    bench.apply([bench.run(one, 0, 1, [say('join', '#a')])]);
    t.same(bench.apply([detachItem({ session: one, attachment: 1 })]).touchedRooms, [], 'two is still attached');
    pass(bench, 6 * day - 1);
    const applied = bench.apply([], 1);
    t.same(applied.expired, [two]);
    t.same(applied.touchedRooms, ['#a']);
    t.same(bench.state.room('#a')?.people, []);
    t.ok(bench.state.session(one), 'the lost client may still resume');
  },
);

t.test('a name keeps 256 sessions without a connection: of more, the one lost longest ago ends', async (t) => {
  const bench = new Bench();
  const apply = (item: Uint8Array) => bench.apply([item], 1);
  const register = (n: number, tokenNumber = 5) => {
    const secret = Buffer.alloc(16);
    secret.writeUInt32BE(n);
    const name = tokenNumber === 5 ? 'bot' : 'ann';
    const item = registerItem({ nonce: secret, window: 64, server: 1, tokenHash: token(tokenNumber), name });
    return apply(item).registrations[0]?.session ?? { slot: 0, index: 0 };
  };
  const here = register(1);
  const stranger = register(2, 6);
  apply(detachItem({ session: stranger, attachment: 1 }));
  const patient = register(3);
  pass(bench, 2 * day);
  const quick = Array.from({ length: 256 }, (_, i) => {
    const session = register(10 + i);
    t.same(apply(detachItem({ session, attachment: 1 })).expired, [], 'there is room');
    return session;
  });
  const first = apply(detachItem({ session: patient, attachment: 1 }));
  t.same(first.expired, [quick[0]], 'said nothing for two days, but was there until now');
  const next = register(1_000);
  t.same(apply(detachItem({ session: next, attachment: 1 })).expired, [quick[1]]);
  t.equal(bench.state.sessionCount, 2 + 256, 'the attached one, another name, and as many as a name may keep');
  for (const session of [here, stranger, patient, next]) t.ok(bench.state.session(session));

  bench.checkpoint();
  const restarted = bench.store.restart();
  t.same(restarted.snapshot(), bench.state.snapshot());
  const last = register(2_000);
  const entry = bench.log.at(-1) as Buffer;
  restarted.apply(bench.log.length, entry);
  const ended = apply(detachItem({ session: last, attachment: 1 })).expired;
  t.same(restarted.apply(bench.log.length, bench.log.at(-1) as Buffer).expired, ended, 'and after a restart as before');
  t.same(restarted.hash, bench.state.hash);
});
