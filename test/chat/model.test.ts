/** The state machine against its stupid twin: random logs, every answer, event, presence and page compared. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { ChatState } from '../../src/chat/index.js';
import {
  attachItem,
  type DecisionItem,
  type DecisionVerb,
  decisionItem,
  detachItem,
  encodeEntry,
  encodeRun,
  registerItem,
  runItem,
  touchItem,
} from '../../src/wire/index.js';
import { flatten, MapStore, nonce, readPage, readRows, token } from './support.js';
import { Twin, type TwinAnswer, type TwinEvent, type TwinMessage, type TwinRoom } from './twin.js';

const limits = {
  messageBytesMax: 20,
  sessionExpiryMs: 100_000,
  sessionWindowMax: 6,
  sessionsAwayMax: 1,
  indexRowSpans: 3,
  indexRowEventsMax: 5,
};

const nameArb = fc.constantFrom('ann', 'Ann', 'bob', 'BOB', 'cat', 'z^|[]', 'bad name', '9x', '', 'x'.repeat(31));
const roomArb = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('#a', '#b') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '@ann,bob',
      '@BOB,Ann',
      '@bob,cat',
      '@ann,ann',
      '@ann',
      '@,',
      '',
      '#',
      '#with space',
      '#with,comma',
      '#\u0085',
      `#${'é'.repeat(49)}`,
      `#${'😀'.repeat(49)}`,
      `#${'x'.repeat(50)}`,
      'room',
    ),
  },
);
const textArb = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('', 'hi', 'hello', 'ünï✓😀', '12345678901234567890') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('two\nlines', 'tab\t', '\u001b[31m', '\u007f', '\u0085', '123456789012345678901'),
  },
);
const messageArb: fc.Arbitrary<TwinMessage> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('post', 'action'), room: roomArb, text: textArb }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('join', 'leave'), room: roomArb, text: fc.constant('') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('topic', 'join'), room: roomArb, text: textArb }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('nick'), room: roomArb, text: nameArb }) },
) as fc.Arbitrary<TwinMessage>;

const who = fc.integer({ min: 0, max: 25 }).map((n) => (n === 25 ? 5 : n % 5));
/** How many decisions came between a decision's proposal and its slot; -1: on a basis that never was. */
const late = fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 2, -1);
const opArb = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('register' as const),
      nonce: fc.nat(9),
      token: fc.nat(2),
      name: nameArb,
      window: fc.integer({ min: 1, max: 4096 }),
      server: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      op: fc.constant('run' as const),
      who,
      /** 0: the next seq; below: a duplicate; above: a gap. */
      shift: fc.oneof(
        { weight: 5, arbitrary: fc.constant(0) },
        { weight: 3, arbitrary: fc.integer({ min: -9, max: 2 }) },
      ),
      below: fc.nat(12),
      wrongNonce: fc.nat(19).map((n) => n === 0),
      messages: fc.array(messageArb, { minLength: 1, maxLength: 9 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('attach' as const),
      who,
      server: fc.integer({ min: 1, max: 3 }),
      wrongNonce: fc.nat(5).map((n) => n === 0),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('detach' as const), who, late: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('touch' as const), who }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('retain' as const),
      room: roomArb,
      count: fc.constantFrom(0, 0, 1, 2, 5, 1000),
      age: fc.constantFrom(0, 0, 1000, 20_000, 64_000),
      late,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('name' as const),
      verb: fc.constantFrom('block' as const, 'unblock' as const, 'unblock' as const),
      name: nameArb,
      late,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('claim' as const),
      verb: fc.constantFrom('release' as const, 'recover' as const),
      name: nameArb,
      token: fc.nat(2),
      late,
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('copy' as const), back: fc.nat(5) }) },
);
type Op = typeof opArb extends fc.Arbitrary<infer T> ? T : never;
const slotArb = fc.record({
  elapsedMs: fc.oneof(
    { weight: 5, arbitrary: fc.nat(100) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 60_000 }) },
  ),
  ops: fc.array(opArb, { maxLength: 5 }),
  checkpoint: fc.nat(3).map((n) => n === 0),
  restart: fc.nat(7).map((n) => n === 0),
});

const parse = (id: string) => ({ slot: Number(id.split('.')[0]), index: Number(id.split('.')[1]) });

/** Does the op to the twin; gives the item and what the twin answered. */
function play(twin: Twin, ids: string[], decisions: Buffer[], op: Op, index: number) {
  const nothing: string[] = [];
  const none = {
    answers: [] as TwinAnswer[],
    registered: nothing,
    attached: nothing,
    ended: nothing,
    decided: nothing,
  };
  const decision = (late: number, verb: DecisionVerb, subject: string, more: Partial<DecisionItem> = {}) => {
    const id = Buffer.alloc(16, index);
    const nothing = { count: 0, ageMs: 0, tokenHash: Buffer.alloc(32), why: '' };
    const basis = Math.max(0, twin.decisions - late);
    const item = decisionItem({ verb, id, basis, subject, ...nothing, ...more });
    // No server makes one on a basis that is still to come: it would not be void for good.
    if (late >= 0) decisions.push(item);
    return { item, basis };
  };
  if (op.op === 'retain') {
    const { room, count, age: ageMs } = op;
    const { item, basis } = decision(op.late, 'retain', room, { count, ageMs });
    return { ...none, item, ...twin.decide(basis, () => twin.retain(room, count, ageMs)) };
  }
  if (op.op === 'name') {
    const { item, basis } = decision(op.late, op.verb, op.name);
    return { ...none, item, ...twin.decide(basis, () => twin[op.verb](op.name)) };
  }
  if (op.op === 'claim') {
    const { item, basis } = decision(op.late, op.verb, op.name, { tokenHash: token(op.token) });
    return { ...none, item, ...twin.decide(basis, () => twin[op.verb](op.name, op.token)) };
  }
  if (op.op === 'copy') {
    const item = decisions[decisions.length - 1 - op.back];
    // Before there was any decision it is a touch of nobody.
    if (item === undefined) return { ...none, item: touchItem([{ slot: 1, index: 999 }]) };
    return { ...none, item, decided: ['changed'] };
  }
  if (op.op === 'register') {
    const item = registerItem({
      nonce: nonce(op.nonce),
      window: op.window,
      server: op.server,
      tokenHash: token(op.token),
      name: op.name,
    });
    const code = twin.register(index, op.nonce, op.token, op.name, op.window, op.server);
    const id = `${twin.slot}.${index}`;
    if (twin.find(id) !== undefined) ids.push(id);
    return { ...none, item, registered: [code] };
  }
  // Mostly one of the newest sessions, which may have expired; sometimes one that never existed.
  const id = (op.who < 5 && ids[ids.length - 1 - (op.who % Math.max(1, ids.length))]) || `${op.who + 1}.77`;
  const session = twin.find(id);
  if (op.op === 'touch') {
    twin.touch(id);
    return { ...none, item: touchItem([parse(id)]) };
  }
  if (op.op === 'detach') {
    const attachment = Math.max(0, (session?.attachment ?? 1) - Math.max(0, op.late - 1));
    const ended = twin.detach(id, attachment);
    return { ...none, ended, item: detachItem({ session: parse(id), attachment }) };
  }
  const shown = op.wrongNonce ? 99 : (session?.nonce ?? 0);
  if (op.op === 'attach') {
    const item = attachItem({ session: parse(id), nonce: nonce(shown), server: op.server });
    return { ...none, item, attached: [twin.attach(id, shown, op.server)] };
  }
  const firstSeq = Math.max(1, (session?.last ?? 0) + 1 + op.shift);
  const answeredBelow = Math.min(op.below, firstSeq);
  const item = runItem(encodeRun({ session: parse(id), nonce: nonce(shown), firstSeq, answeredBelow }, op.messages));
  return { ...none, item, answers: twin.run(id, shown, firstSeq, answeredBelow, op.messages) };
}

const isPost = (kind: string): boolean => kind === 'post' || kind === 'action';

t.test('random logs: the same answers, events, presence, pages, hashes and rows as the twin', async (t) => {
  /** How often each thing happened, so that a generator that reaches nothing fails the test. */
  const seen = new Map<string, number>();
  const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
  fc.assert(
    fc.property(fc.array(slotArb, { minLength: 1, maxLength: 60, size: 'max' }), (slots) => {
      const twin = new Twin(limits);
      const store = new MapStore();
      const log: Buffer[] = [];
      let state = new ChatState({ limits });
      const steady = new ChatState({ limits, wanted: () => true });
      const live = new Map<string, unknown[]>();
      const ids: string[] = [];
      const decisions: Buffer[] = [];
      /** The first event of each room that was there last. */
      const begun = new Map<string, number>();

      for (const { elapsedMs, ops, checkpoint, restart } of slots) {
        const expired = twin.begin(elapsedMs);
        const played = ops.map((op, index) => play(twin, ids, decisions, op, index));
        const pushedOut = played.flatMap(({ ended }) => ended);
        const stamp = { elapsedMs, wallMs: 1000 + log.length };
        const items = played.map(({ item }) => item);
        // An entry holds at least one item, so an idle slot touches nobody.
        const value = encodeEntry(stamp, items.length > 0 ? items : [touchItem([{ slot: 1, index: 999 }])]);
        log.push(value);
        const applied = state.apply(log.length, value);
        for (const { room, group } of steady.apply(log.length, value).groups) {
          live.set(room, [...(live.get(room) ?? []), ...flatten([group])]);
        }

        assert.deepEqual(applied.skippedItems, 0);
        assert.deepEqual(
          applied.expired.map((id) => `${id.slot}.${id.index}`),
          [...expired, ...pushedOut],
        );
        assert.deepEqual(
          applied.registrations.map(({ code }) => code),
          played.flatMap(({ registered }) => registered),
        );
        assert.deepEqual(
          applied.attachments.map(({ code }) => code),
          played.flatMap(({ attached }) => attached),
        );
        assert.deepEqual(
          applied.decisions.map(({ outcome }) => outcome),
          played.flatMap(({ decided }) => decided),
        );
        assert.deepEqual(
          applied.told.map(({ session, code }) => `${session.slot}.${session.index} ${code}`),
          twin.told,
        );
        for (const { verb, outcome } of applied.decisions) count(`${verb} ${outcome}`);
        const answers = applied.answers.flatMap(({ session, firstSeq, slot, outcomes }) => {
          let seq = firstSeq;
          return outcomes.flatMap(({ code, count, n }) =>
            Array.from({ length: count }, (_, i) => ({
              session: `${session.slot}.${session.index}`,
              seq: seq++,
              slot,
              code,
              n: n === 0 ? 0 : n + i,
            })),
          );
        });
        assert.deepEqual(
          answers,
          played.flatMap((p) => p.answers),
        );
        for (const { code, slot } of answers) count(slot === log.length ? code : 'again');
        for (const { code } of applied.registrations) count(`register ${code}`);
        if (expired.length > 0) count('expired');
        if (pushedOut.length > 0) count('pushed out');
        assert.equal(applied.groups.length, 0);

        if (checkpoint) {
          store.write(state.takeDirty());
          state.stored();
          if (restart) state = store.restart({ limits });
        }
        assert.deepEqual(state.hash, steady.hash);
        for (const room of twin.rooms.keys()) {
          const beginning = state.beginning(room, 1) ?? assert.fail('a room has a beginning');
          readRows(beginning, store);
          assert.ok(beginning.firstEvent >= (begun.get(room) ?? 1), `what is gone of ${room} never comes back`);
          begun.set(room, beginning.firstEvent);
        }
      }

      assert.deepEqual(state.snapshot(), steady.snapshot(), 'a state that was restarted has the same rows');
      assert.equal(state.sessionCount, twin.sessions.length);
      for (const session of twin.sessions) {
        const view = state.session(parse(session.id));
        const { id: _, tokenHash, ...rest } = view ?? assert.fail('a live session has a view');
        assert.deepEqual(tokenHash, token(session.token));
        assert.deepEqual(rest, {
          name: twin.display(session.name),
          window: session.window,
          lastSeq: session.last,
          server: session.server,
          attachment: session.attachment,
          attached: session.attached,
          rooms: [...session.rooms].sort(),
        });
      }
      for (const [room, { events, topic }] of twin.rooms) {
        for (const { kind, seq } of events) count(kind === 'leave' && seq === 0 ? 'silent leave' : kind);
        const posts = events.filter(({ kind }) => kind === 'post' || kind === 'action').length;
        assert.deepEqual(state.room(room), { room, events: events.length, posts, topic, people: twin.people(room) });
        const expected = events.map((event: TwinEvent, i) => ({ event: i + 1, ...event }));
        assert.deepEqual(live.get(room), expected, 'what was delivered live');
        const read = (direction: 'from' | 'before', by: 'event' | 'post', event: number, limit: number) => {
          const page = state.page(room, { direction, by, event, limit });
          return page === undefined ? undefined : flatten(readPage(page, store, log));
        };
        for (let at = 0; at <= events.length + 1; at += 2) {
          const from = Math.max(0, at - 1);
          assert.deepEqual(read('from', 'event', at, 4), expected.slice(from, from + 4));
          assert.deepEqual(read('before', 'event', at, 4), expected.slice(Math.max(0, from - 4), from));
        }
        const kept = twin.rooms.get(room) as TwinRoom;
        const beginning = state.beginning(room, 1) ?? assert.fail('a room has a beginning');
        readRows(beginning, store);
        const { firstEvent, firstN } = beginning;
        const { from: least, upto: most } = twin.deleted(kept);
        const counted = kept.n === 1 ? 1 : expected.findIndex(({ n, kind }) => n === kept.n && isPost(kind)) + 1;
        assert.ok(firstEvent >= Math.max(least, counted), `${firstEvent} of ${room} is there, ${least}, ${counted}`);
        assert.ok(firstEvent <= Math.max(most, counted), `${firstEvent} of ${room} is gone, ${most}, ${counted}`);
        assert.equal(firstN, expected[firstEvent - 1]?.n ?? posts + 1, 'the first post that is there');
        assert.equal(beginning.isByRetention, firstEvent > 1);
        if (firstEvent > 1) count(firstEvent > events.length ? 'all deleted' : 'some deleted');
        const all = state.page(room, { direction: 'from', by: 'event', event: 1, limit: 1000 }, firstEvent);
        const shown = flatten(readPage(all ?? assert.fail('a room has pages'), store, log));
        assert.deepEqual(shown, expected.slice(firstEvent - 1), 'what is kept, under its numbers');
        for (let n = 1; n <= posts; n++) {
          const at = expected.findIndex((event) => event.n === n && (event.kind === 'post' || event.kind === 'action'));
          assert.deepEqual(read('from', 'post', n, 3), expected.slice(at, at + 3));
          assert.deepEqual(read('before', 'post', n, 3), expected.slice(Math.max(0, at - 3), at));
        }
        assert.deepEqual(read('before', 'event', Number.MAX_SAFE_INTEGER, 1000), expected);
        for (const owner of [0, 1, 2]) assert.equal(state.mayRead(room, token(owner)), twin.mayRead(room, owner));
      }
    }),
    { numRuns: Number(process.env.CHAT_RUNS ?? 150) },
  );
  for (const what of [
    ...['ok', 'again', 'NAME_TAKEN', 'BAD_NAME', 'BAD_ROOM', 'BAD_TEXT', 'TOO_LONG', 'NOT_ALLOWED', 'BAD_NONCE'],
    ...['SESSION_EXPIRED', 'register ok', 'register NAME_TAKEN', 'register BAD_NAME', 'register BAD_NONCE', 'expired'],
    ...['NAME_BLOCKED', 'register NAME_BLOCKED', 'some deleted', 'all deleted', 'retain ok', 'retain noRoom'],
    ...['retain badRoom', 'block ok', 'block badName', 'unblock ok', 'unblock notBlocked', 'release ok', 'recover ok'],
    ...[
      'retain changed',
      'block changed',
      'unblock changed',
      'release changed',
      'recover changed',
      'release unclaimed',
    ],
    ...['pushed out', 'post', 'action', 'join', 'leave', 'topic', 'nick', 'silent leave'],
  ]) {
    t.ok((seen.get(what) ?? 0) >= 10, `the random logs reached "${what}" ${seen.get(what)} times`);
  }
});
