/** Fan-out and streams: one shared Buffer, joined under load, back-pressure, gapless hand-over from history to live. */
import t from 'tap';
import { limits, type Timer } from '../../src/base/index.js';
import type { RoomView } from '../../src/chat/index.js';
import { type ClientLink, newClientLink } from '../../src/daemon/server/client-link.js';
import type { History, PageDone } from '../../src/daemon/server/history.js';
import { Subscriptions } from '../../src/daemon/server/subscriptions.js';
import type { FrameConnection } from '../../src/net/index.js';
import { decode, type EventGroup, type Message } from '../../src/wire/index.js';

const room = '#lobby';

/** A connection that keeps what it is given, and is as full as the test says. */
class Sink {
  readonly frames: Uint8Array[] = [];
  readonly messages: Message[] = [];
  writable = true;
  closed = undefined;
  send(message: Message): 'queued' {
    this.messages.push(message);
    return 'queued';
  }
  sendFrame(frame: Uint8Array): 'queued' {
    this.frames.push(frame);
    return 'queued';
  }
  pause(): void {}
  resume(): void {}
  link(): ClientLink {
    return newClientLink(this as unknown as FrameConnection, undefined);
  }
  /** The event numbers of every delivery, streamed or live, in order. */
  events(): number[] {
    const streamed = this.messages.filter((message) => message.type === 'deliver');
    return [...streamed, ...this.frames.flatMap(frames)].flatMap((message) =>
      message.type === 'deliver' ? message.group.events.map((_, i) => message.group.firstEvent + i) : [],
    );
  }
}

/** Cuts joined frames apart. */
function frames(joined: Uint8Array): Message[] {
  const found: Message[] = [];
  const view = Buffer.from(joined);
  for (let at = 0; at < view.length; ) {
    const end = at + 8 + view.readUInt32BE(at);
    found.push(decode(view.subarray(at + 8, end)));
    at = end;
  }
  return found;
}

function group(firstEvent: number, count = 1): EventGroup {
  const session = { slot: 1, index: 0 };
  const events = Array.from({ length: count }, (_, i) => ({
    kind: 'post' as const,
    from: 'A',
    text: 'x',
    session,
    seq: firstEvent + i,
  }));
  return { slot: firstEvent, wallMs: 1, firstEvent, firstN: firstEvent, events };
}

/** A room of `events` posts, a clock moved by hand, and pages that come when the test lets them. */
function setup(events: number) {
  let head = events;
  let nowMs = 1_000;
  const timers: { atMs: number; fire: () => void }[] = [];
  const pages: (() => void)[] = [];
  const beginning = { firstEvent: 1, firstN: 1, byRetention: false };
  let asked = 0;
  const clock = {
    monotonicMs: () => nowMs,
    wallMs: () => 0,
    setTimeout: (fire: () => void, ms: number): Timer => {
      const timer = { atMs: nowMs + ms, fire, unref: () => undefined };
      timers.push(timer);
      return timer;
    },
    clearTimeout: (timer: Timer) => {
      const at = timers.indexOf(timer as never);
      if (at >= 0) timers.splice(at, 1);
    },
  };
  const view = (): RoomView => ({ room, events: head, posts: head, topic: '', people: [] });
  const history = {
    isTrimmed: () => beginning.firstEvent > 1,
    page: (_room: string, request: { event: number; limit: number }, done: PageDone) => {
      asked++;
      pages.push(() => {
        const count = Math.min(request.limit, 10, head - request.event + 1);
        const groups = count > 0 ? [group(request.event, count)] : [];
        done({ groups, headEvent: head, headN: head, beginning });
      });
    },
  };
  const subscriptions = new Subscriptions({
    chat: { room: (name) => (name.startsWith('#') ? view() : undefined), mayRead: (name) => name === room },
    history: history as unknown as History,
    clock,
  });
  return {
    subscriptions,
    asked: () => asked,
    /** Lets the oldest page that was asked for arrive. */
    page: () => pages.shift()?.(),
    apply: (count = 1) => {
      const applied = group(head + 1, count);
      head += count;
      if (subscriptions.wanted(room)) subscriptions.applied([{ room, group: applied }]);
    },
    pass: (ms: number) => {
      nowMs += ms;
      for (const timer of timers.filter(({ atMs }) => atMs <= nowMs)) {
        timers.splice(timers.indexOf(timer), 1);
        timer.fire();
      }
    },
  };
}

const subscribe = (fromEvent: number, lastPosts = 0) =>
  ({ type: 'subscribe', request: 1, room, fromEvent, lastPosts }) as const;
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

t.test('one Buffer for all subscribers; at once when quiet, joined when busy', async (t) => {
  const it = setup(0);
  const sinks = [new Sink(), new Sink(), new Sink()];
  for (const sink of sinks) it.subscriptions.subscribe(sink.link(), subscribe(0));
  it.apply();
  t.equal(sinks[0]?.frames.length, 1, 'the first at once');
  for (const sink of sinks) t.equal(sink.frames[0], sinks[0]?.frames[0], 'the very same Buffer');
  for (let i = 0; i < 20; i++) it.apply();
  t.equal(sinks[0]?.frames.length, 1, 'the others wait to be joined');
  it.pass(limits.fanoutJoinMs);
  t.equal(sinks[0]?.frames.length, 2);
  for (const sink of sinks) t.equal(sink.frames[1], sinks[0]?.frames[1]);
  t.same(sinks[2]?.events(), range(1, 21));
  it.pass(100);
  it.apply();
  t.equal(sinks[0]?.frames.length, 3, 'quiet again: at once');
});

t.test('history first, then live, without a gap or a double, whatever arrives meanwhile', async (t) => {
  const it = setup(25);
  const live = new Sink();
  it.subscriptions.subscribe(live.link(), subscribe(0));
  const sink = new Sink();
  it.subscriptions.subscribe(sink.link(), subscribe(1));
  for (let i = 0; i < 6; i++) {
    it.apply(2);
    it.page();
  }
  it.apply();
  it.apply();
  it.pass(10);
  it.apply();
  it.pass(10);
  t.same(sink.events(), range(1, 40));
  t.same(live.events(), range(26, 40));
});

t.test('a client that does not read is not read for', async (t) => {
  const it = setup(100);
  const sink = new Sink();
  const link = sink.link();
  it.subscriptions.subscribe(link, subscribe(1));
  it.page();
  sink.writable = false;
  it.page();
  it.page();
  t.equal(it.asked(), 2, 'no further page is asked for');
  sink.writable = true;
  it.subscriptions.drained(link);
  t.equal(it.asked(), 3);
});

t.test('a subscriber ahead of this server waits', async (t) => {
  const it = setup(5);
  const sink = new Sink();
  it.subscriptions.subscribe(sink.link(), subscribe(9));
  t.match(sink.messages[0], { type: 'subscribed', code: 'ok', nextEvent: 9, headEvent: 5 });
  for (let i = 0; i < 6; i++) {
    it.apply();
    it.pass(10);
  }
  t.same(sink.events(), range(9, 11));
});

t.test('refusals, bounds, and the end', async (t) => {
  const it = setup(0);
  const sink = new Sink();
  const link = sink.link();
  it.subscriptions.subscribe(link, { ...subscribe(1), room: 'nonsense' });
  it.subscriptions.subscribe(link, { ...subscribe(1), room: '#secret' });
  t.match(sink.messages, [{ code: 'BAD_ROOM' }, { code: 'NOT_ALLOWED' }]);
  it.subscriptions.subscribe(link, subscribe(0));
  it.subscriptions.subscribe(link, subscribe(0));
  t.equal(it.subscriptions.count, 1, 'a second one replaces the first');
  it.apply();
  t.same(sink.events(), [1]);
  it.subscriptions.closed(link);
  t.equal(it.subscriptions.count, 0);
  t.notOk(it.subscriptions.wanted(room), 'nothing is built for a room that nobody follows');
});
