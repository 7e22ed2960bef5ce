/** Presence: attach at resume, detach 30 s after the last connection, touch; and resumes that must wait. */
import t from 'tap';
import { limits, silentLogger } from '../../src/base/index.js';
import type { ResumeCheck, SessionView } from '../../src/chat/index.js';
import { AbsentServers } from '../../src/daemon/server/absent-servers.js';
import { newClientLink } from '../../src/daemon/server/client-link.js';
import { Sessions } from '../../src/daemon/server/sessions.js';
import type { FrameConnection } from '../../src/net/index.js';
import {
  ITEM_ATTACH,
  ITEM_DETACH,
  ITEM_REGISTER,
  ITEM_TOUCH,
  type Message,
  readDetach,
  type SessionId,
} from '../../src/wire/index.js';

const nonce = new Uint8Array(16).fill(3);
const id: SessionId = { slot: 4, index: 0 };
const hash = new Uint8Array(32).fill(1);

function view(more: Partial<SessionView> = {}): SessionView {
  return {
    id,
    name: 'Aaron',
    tokenHash: hash,
    window: 64,
    lastSeq: 5,
    server: 1,
    attachment: 7,
    attached: true,
    rooms: [],
    ...more,
  };
}

function setup(found: { view: SessionView | undefined; check?: ResumeCheck['status'] }) {
  const items: { kind: number; bytes: Uint8Array; isPending: () => boolean }[] = [];
  const opened: unknown[] = [];
  const ended: unknown[] = [];
  const checks = { count: 0 };
  const sent: Message[] = [];
  const submissions = {
    item: (bytes: Uint8Array, isPending: () => boolean) => {
      items.push({ kind: bytes[0] as number, bytes, isPending });
      return true;
    },
    open: (link: unknown, session: SessionId) => {
      opened.push(link);
      return { session, nonce, connection: link, unanswered: 0 };
    },
    close: (handle: unknown) => void ended.push(handle),
  };
  const chat = {
    applied: 9,
    session: () => found.view,
    sessionsOf: () => (found.view === undefined ? [] : [found.view]),
    checkResume: (): ResumeCheck => {
      checks.count++;
      if (found.check !== undefined && found.check !== 'ok') return { status: found.check };
      return found.view === undefined ? { status: 'SESSION_EXPIRED' } : { status: 'ok', session: found.view };
    },
    blockedText: () => undefined,
  };
  const sessions = new Sessions(
    { serverId: 1, chat, submissions: submissions as never, logger: silentLogger, onRegistered: () => undefined },
    0,
  );
  const link = (tokenHash: Uint8Array | undefined = hash) =>
    newClientLink(
      {
        send: (message: Message) => sent.push(message),
        closed: undefined,
        pause() {},
        resume() {},
      } as unknown as FrameConnection,
      tokenHash,
    );
  const kinds = (): number[] => items.map(({ kind }) => kind);
  return { sessions, items, kinds, sent, link, opened, ended, checks, found };
}

const resume = { type: 'resume', request: 1, session: id, nonce } as const;
const nothing = {
  slot: 10,
  answers: [],
  registrations: [],
  attachments: [],
  groups: [],
  touchedRooms: [],
  expired: [],
  members: undefined,
  decisions: [],
  told: [],
  skippedItems: 0,
};

t.test('a session without a connection leaves after 30 s, by the attachment it had', async (t) => {
  const it = setup({ view: view() });
  const link = it.link();
  it.sessions.resume(link, resume);
  t.match(it.sent, [{ type: 'registered', code: 'ok', lastSeq: 5 }]);
  t.same(it.kinds(), [], 'it is attached here already');
  it.sessions.closed(link, 1_000);
  it.sessions.tick(1_000 + limits.leaveAfterMs - 1);
  t.same(it.kinds(), []);
  it.sessions.tick(1_000 + limits.leaveAfterMs);
  t.same(it.kinds(), [ITEM_DETACH]);
  t.match(readDetach(it.items[0]?.bytes as Uint8Array, 5, (it.items[0]?.bytes.length ?? 0) - 5), {
    session: id,
    attachment: 7,
  });
  t.ok(it.items[0]?.isPending());
  it.found.view = view({ attachment: 8, server: 2 });
  t.notOk(it.items[0]?.isPending(), 'it came back elsewhere: nothing to write any more');
});

t.test('coming back in time, here or elsewhere, writes no leave', async (t) => {
  const it = setup({ view: view() });
  const first = it.link();
  it.sessions.resume(first, resume);
  it.sessions.closed(first, 0);
  it.sessions.resume(it.link(), resume);
  it.sessions.tick(limits.leaveAfterMs * 2);
  t.same(it.kinds(), []);
  const moved = setup({ view: view() });
  const link = moved.link();
  moved.sessions.resume(link, resume);
  moved.sessions.closed(link, 0);
  moved.found.view = view({ server: 2, attachment: 8 });
  moved.sessions.tick(limits.leaveAfterMs * 2);
  t.same(moved.kinds(), []);
});

t.test('two connections of one session: the older one going changes nothing', async (t) => {
  const it = setup({ view: view() });
  const [older, newer] = [it.link(), it.link()];
  it.sessions.resume(older, resume);
  it.sessions.resume(newer, resume);
  it.sessions.closed(older, 0);
  it.sessions.tick(limits.leaveAfterMs * 2);
  t.same(it.kinds(), []);
});

t.test('a restarted server writes the leave of those who do not come back to it', async (t) => {
  const it = setup({ view: view() });
  it.sessions.tick(limits.leaveAfterMs);
  t.same(it.kinds(), [ITEM_DETACH]);
});

t.test('a session that comes from another server is attached here', async (t) => {
  const it = setup({ view: view({ server: 2 }) });
  it.sessions.resume(it.link(), resume);
  t.same(it.kinds(), [ITEM_ATTACH]);
  t.ok(it.items[0]?.isPending());
  it.found.view = view({ server: 1, attachment: 9 });
  t.notOk(it.items[0]?.isPending());
});

t.test('a resume waits until its session is applied here, and is never denied before', async (t) => {
  const it = setup({ view: undefined, check: 'notApplied' });
  it.sessions.resume(it.link(), resume);
  const gone = it.link();
  it.sessions.resume(gone, resume);
  it.sessions.closed(gone, 0);
  it.sessions.applied({ ...nothing, slot: id.slot - 1 }, 0);
  t.same(it.sent, []);
  it.found.view = view();
  delete it.found.check;
  it.sessions.applied({ ...nothing, slot: id.slot }, 0);
  t.match(it.sent, [{ type: 'registered', code: 'ok', session: id }], 'and only to who still waits');
});

t.test('a thousand resumes of sessions that never come cost the slots that do nothing', async (t) => {
  const it = setup({ view: undefined, check: 'notApplied' });
  const links = Array.from({ length: 100 }, () => it.link());
  for (const link of links) {
    for (let i = 0; i < 10; i++) it.sessions.resume(link, { ...resume, session: { slot: 2 ** 52 + i, index: 0 } });
  }
  it.checks.count = 0;
  for (let slot = 10; slot < 20; slot++) it.sessions.applied({ ...nothing, slot }, 0);
  t.equal(it.checks.count, 0);
  it.sessions.applied({ ...nothing, slot: 2 ** 52 }, 0);
  t.equal(it.checks.count, 100);
  for (const link of links) it.sessions.closed(link, 0);
  it.sessions.applied({ ...nothing, slot: 2 ** 52 + 1 }, 0);
  t.equal(it.checks.count, 100, 'whoever has gone is forgotten');
});

t.test('registering: through the log, once for a nonce, answered to the newest asker', async (t) => {
  const it = setup({ view: undefined });
  const register = { type: 'register', request: 1, nonce, name: 'Aaron', window: 9_999 } as const;
  it.sessions.register(it.link(), register);
  it.sessions.register(it.link(), { ...register, request: 2 });
  t.same(it.kinds(), [ITEM_REGISTER]);
  t.ok(it.items[0]?.isPending());
  const registration = {
    nonce,
    code: 'ok',
    session: id,
    name: 'Aaron',
    window: 64,
    lastSeq: 0,
    server: 1,
    attachment: 1,
  } as const;
  it.sessions.applied({ ...nothing, registrations: [registration] }, 0);
  t.match(it.sent, [{ type: 'registered', request: 2, code: 'ok', session: id }]);
  t.notOk(it.items[0]?.isPending());
  const stranger = newClientLink(
    { send: (message: Message) => it.sent.push(message) } as unknown as FrameConnection,
    undefined,
  );
  it.sessions.register(stranger, register);
  t.match(it.sent[1], { code: 'NOT_ALLOWED' });
});

t.test('sessions that ended leave nothing behind on a connection that lives on', async (t) => {
  const it = setup({ view: undefined });
  const link = it.link();
  for (let i = 1; i <= 40; i++) {
    const secret = new Uint8Array(16).fill(i);
    const session = { slot: 100 + i, index: 0 };
    it.sessions.register(link, { type: 'register', request: i, nonce: secret, name: 'Aaron', window: 64 });
    const made = { nonce: secret, code: 'ok', session, name: 'Aaron', window: 64, lastSeq: 0 } as const;
    it.sessions.applied({ ...nothing, registrations: [{ ...made, server: 1, attachment: 1 }] }, i);
    t.match(it.sent.at(-1), { type: 'registered', request: i, code: 'ok' });
    it.sessions.applied({ ...nothing, expired: [session] }, i);
    t.match(it.sent.at(-1), { type: 'reject', session, code: 'SESSION_EXPIRED' });
    t.same([link.handles.size, link.speaking], [0, undefined]);
  }
  t.same(it.ended.length, 40, 'and their runs are given up after a while');
});

t.test('connected sessions are touched once per quarter of the expiry', async (t) => {
  const it = setup({ view: view() });
  it.sessions.resume(it.link(), resume);
  it.sessions.tick(limits.sessionTouchMs - 1);
  t.same(it.kinds(), []);
  it.sessions.tick(limits.sessionTouchMs);
  it.sessions.tick(limits.sessionTouchMs + 1);
  t.same(it.kinds(), [ITEM_TOUCH]);
});

t.test('the leader writes the leave of those who spoke through a server that stays silent', async (t) => {
  const it = setup({ view: view({ server: 2 }) });
  it.sessions.tick(limits.leaveAfterMs * 2);
  t.same(it.kinds(), [], 'not by the clock of this server alone');
  it.sessions.leaveOf(2);
  t.same(it.kinds(), [ITEM_DETACH]);
  t.ok(it.items[0]?.isPending());
  it.found.view = view({ server: 3, attachment: 8 });
  t.notOk(it.items[0]?.isPending(), 'it came back at a third server');
});

t.test('a session that the others took for gone is attached again, once, while its client is here', async (t) => {
  const it = setup({ view: view() });
  it.sessions.resume(it.link(), resume);
  it.found.view = view({ attached: false });
  it.sessions.tick(1_000);
  it.sessions.tick(2_000);
  t.same(it.kinds(), [ITEM_ATTACH]);
  it.found.view = view({ attachment: 8 });
  it.sessions.applied(
    { ...nothing, attachments: [{ session: id, server: 1, attachment: 8, code: 'ok' }] } as never,
    2_500,
  );
  it.sessions.tick(3_000);
  t.same(it.kinds(), [ITEM_ATTACH]);
});

t.test('an absent server is named once per absence, and only by who leads', async (t) => {
  const absent = new AbsentServers([2, 3], 0);
  const late = limits.leaveAfterMs;
  t.same(absent.due([3], true, late - 1), []);
  t.same(absent.due([3], false, late), [], 'a follower writes nothing');
  t.same(absent.due([3], true, late), [2]);
  t.same(absent.due([3], true, late + 1_000), [], 'once');
  t.same(absent.due([2], true, late + 2_000), []);
  t.same(absent.due([], true, 2 * late + 2_000), [2, 3], 'a new absence of 2, and 3 as long ago');
});
