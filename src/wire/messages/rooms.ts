/** What a client and its server say about rooms: subscriptions, deliveries, pages of history. */
import { assert, limits } from '../../base/index.js';
import { ProtocolError } from '../errors.js';
import { enumeration, readList, readStrings, writeList, writeStrings } from '../fields.js';
import { GROUP_BYTES_MIN, readGroup, writeGroup } from '../group.js';
import { defineMessage } from '../message-spec.js';
import type { Reader } from '../reader.js';
import type { SessionId, Slot } from '../types.js';
import type { OutcomeCode } from './client.js';
import { outcomeCodes } from './client.js';

/** Client → server: send me the room's events from number `fromEvent` on, for ever. 0: only what comes next. */
export interface Subscribe {
  readonly type: 'subscribe';
  readonly request: number;
  readonly room: string;
  readonly fromEvent: number;
  /** With fromEvent 0: begin this many posts before the end, if there are. */
  readonly lastPosts: number;
}

export const subscribeSpec = defineMessage<Subscribe>({
  type: 'subscribe',
  code: 56,
  from: ['client'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
    w.string(m.room);
    w.u53(m.fromEvent);
    w.u32(m.lastPosts);
  },
  read: (r) => ({
    type: 'subscribe',
    request: r.u53(),
    room: r.string(),
    fromEvent: r.u53(),
    lastPosts: r.u32(),
  }),
});

/** Server → client: the subscription is open; `nextEvent` is the number of the first event that will be delivered. */
export interface Subscribed {
  readonly type: 'subscribed';
  readonly request: number;
  readonly code: OutcomeCode;
  readonly room: string;
  readonly nextEvent: number;
  /** The room's last event and post number at this moment. */
  readonly headEvent: number;
  readonly headN: number;
  readonly topic: string;
  readonly people: readonly string[];
}

export const subscribedSpec = defineMessage<Subscribed>({
  type: 'subscribed',
  code: 57,
  from: ['server'],
  to: ['client'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    assert(m.people.length <= limits.peopleListMax, `${m.people.length} people`);
    w.u53(m.request);
    outcomeCodes.write(w, m.code);
    w.string(m.room);
    w.u53(m.nextEvent);
    w.u53(m.headEvent);
    w.u53(m.headN);
    w.string(m.topic);
    writeStrings(w, m.people);
  },
  read: (r) => ({
    type: 'subscribed',
    request: r.u53(),
    code: outcomeCodes.read(r),
    room: r.string(),
    nextEvent: r.u53(),
    headEvent: r.u53(),
    headN: r.u53(),
    topic: r.string(),
    people: readStrings(r),
  }),
});

/** Client → server: no more deliveries of this room. */
export interface Unsubscribe {
  readonly type: 'unsubscribe';
  readonly room: string;
}

export const unsubscribeSpec = defineMessage<Unsubscribe>({
  type: 'unsubscribe',
  code: 58,
  from: ['client'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.string(m.room);
  },
  read: (r) => ({ type: 'unsubscribe', room: r.string() }),
});

/** A direct room and how far it is. */
export interface DirectRoom {
  readonly room: string;
  readonly headEvent: number;
}

/**
 * Server → client, unasked: direct rooms that the token proved in hello may read. Without `news` all of them, after
 * hello and after a registration; with `news` those in which something has just happened and which the client does not
 * follow.
 */
export interface DirectRooms {
  readonly type: 'directRooms';
  readonly news: boolean;
  readonly rooms: readonly DirectRoom[];
}

/** A room's length and its head event. */
const DIRECT_ROOM_BYTES_MIN = 10;

function readDirectRoom(r: Reader): DirectRoom {
  return { room: r.string(), headEvent: r.u53() };
}

export const directRoomsSpec = defineMessage<DirectRooms>({
  type: 'directRooms',
  code: 66,
  from: ['server'],
  to: ['client'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    assert(m.rooms.length <= limits.directRoomsMax, `${m.rooms.length} direct rooms`);
    w.bool(m.news);
    writeList(w, m.rooms, (item, { room, headEvent }) => {
      item.string(room);
      item.u53(headEvent);
    });
  },
  read: (r) => ({
    type: 'directRooms',
    news: r.bool(),
    rooms: readList(r, DIRECT_ROOM_BYTES_MIN, readDirectRoom),
  }),
});

/** What happened in a room. post and action have a number n; the others have none. */
export type EventKind = 'post' | 'action' | 'join' | 'leave' | 'topic' | 'nick';

export interface RoomEvent {
  readonly kind: EventKind;
  /** The author's name at apply. */
  readonly from: string;
  /** The text; for nick the new name; for join and leave "" . */
  readonly text: string;
  /** The author's session and seq, so that a client knows its own lines. */
  readonly session: SessionId;
  readonly seq: number;
}

/** The events of one room in one slot, numbered firstEvent, firstEvent+1 …; posts among them firstN, firstN+1 …. */
export interface EventGroup {
  readonly slot: Slot;
  /** The leader's wall clock when it proposed the slot, ms since 1970. Shown, never reasoned with. */
  readonly wallMs: number;
  readonly firstEvent: number;
  /** The number of the first post or action in this group or after it. */
  readonly firstN: number;
  readonly events: readonly RoomEvent[];
}

/** Server → subscribers: one Buffer shared by all subscribers of the room. */
export interface Deliver {
  readonly type: 'deliver';
  readonly room: string;
  readonly group: EventGroup;
}

export const deliverSpec = defineMessage<Deliver>({
  type: 'deliver',
  code: 59,
  from: ['server'],
  to: ['client'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.string(m.room);
    writeGroup(w, m.group);
  },
  read: (r) => ({ type: 'deliver', room: r.string(), group: readGroup(r) }),
});

/**
 * Client → server: a page of at most `limit` events, either those before `event` (backwards) or from `event` on;
 * `by` says whether `event` counts events or posts. Pages are given in rising order whichever way they were asked.
 */
export interface History {
  readonly type: 'history';
  readonly request: number;
  readonly room: string;
  readonly direction: 'before' | 'from';
  readonly by: 'event' | 'post';
  /** 2^53-1 with direction before: from the end. */
  readonly event: number;
  /** 1..1000. */
  readonly limit: number;
  /** True: only after a read index, so that everything acknowledged before the request is seen. */
  readonly fresh: boolean;
}

const directions = enumeration<History['direction']>(['before', 'from']);
const counters = enumeration<History['by']>(['event', 'post']);

export const historySpec = defineMessage<History>({
  type: 'history',
  code: 60,
  from: ['client'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    assert(isPageLimit(m.limit), `page of ${m.limit}`);
    w.u53(m.request);
    w.string(m.room);
    directions.write(w, m.direction);
    counters.write(w, m.by);
    w.u53(m.event);
    w.u16(m.limit);
    w.bool(m.fresh);
  },
  read(r) {
    const request = r.u53();
    const room = r.string();
    const direction = directions.read(r);
    const by = counters.read(r);
    const event = r.u53();
    const limit = r.u16();
    if (!isPageLimit(limit)) throw new ProtocolError('outOfRange', `page of ${limit}`);
    return { type: 'history', request, room, direction, by, event, limit, fresh: r.bool() };
  },
});

function isPageLimit(limit: number): boolean {
  return limit >= 1 && limit <= limits.pageEventsMax;
}

/** Server → client: the page. `fresh` false although asked: no quorum answered, this is what is here. */
export interface Page {
  readonly type: 'page';
  readonly request: number;
  readonly code: OutcomeCode;
  readonly room: string;
  readonly fresh: boolean;
  readonly headEvent: number;
  readonly headN: number;
  readonly groups: readonly EventGroup[];
}

export const pageSpec = defineMessage<Page>({
  type: 'page',
  code: 61,
  from: ['server'],
  to: ['client'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
    outcomeCodes.write(w, m.code);
    w.string(m.room);
    w.bool(m.fresh);
    w.u53(m.headEvent);
    w.u53(m.headN);
    writeList(w, m.groups, writeGroup);
  },
  read: (r) => ({
    type: 'page',
    request: r.u53(),
    code: outcomeCodes.read(r),
    room: r.string(),
    fresh: r.bool(),
    headEvent: r.u53(),
    headN: r.u53(),
    groups: readList(r, GROUP_BYTES_MIN, readGroup),
  }),
});

/**
 * Server → client, before the answer or the deliveries it is about: what was asked for begins before what can be read.
 * Only to those whose `features` have `decisions`; others see it by the numbers.
 */
export interface Kept {
  readonly type: 'kept';
  /** Of the subscribe or the history that asked; 0: a stream that was under way passes over what is gone. */
  readonly request: number;
  readonly room: string;
  /** The first event that can be read, one past the last if none can, … */
  readonly firstEvent: number;
  /** … and the number of the first post that can. */
  readonly firstN: number;
  /** What is gone was deleted by the room's retention; else this server keeps less of the log. */
  readonly byRetention: boolean;
}

export const keptSpec = defineMessage<Kept>({
  type: 'kept',
  code: 78,
  from: ['server'],
  to: ['client'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
    w.string(m.room);
    w.u53(m.firstEvent, 1);
    w.u53(m.firstN, 1);
    w.bool(m.byRetention);
  },
  read: (r) => ({
    type: 'kept',
    request: r.u53(),
    room: r.string(),
    firstEvent: r.u53(1),
    firstN: r.u53(1),
    byRetention: r.bool(),
  }),
});
