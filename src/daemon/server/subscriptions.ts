/**
 * Rooms that clients follow. A subscription first streams history from the log, as fast as its client reads, and goes
 * live when it has reached the room's head; then one shared Buffer per room serves all who are live.
 */
import { type Clock, limits, type Timer } from '../../base/index.js';
import type { ChatState, RoomGroup, RoomView } from '../../chat/index.js';
import { type EventGroup, encode, type OutcomeCode, type Subscribe } from '../../wire/index.js';
import { beginAsking, type ClientLink, endAsking } from './client-link.js';
import type { History, HistoryPage } from './history.js';

/** One client's place in one room. */
export interface Subscription {
  readonly link: ClientLink;
  readonly room: string;
  /** The next event it has not been sent. */
  next: number;
  state: 'opening' | 'history' | 'live' | 'ended';
  /** A page is being read for it. */
  reading: boolean;
}

/** Frames of a room that wait to be joined, with the events they hold. */
interface Frame {
  readonly bytes: Buffer;
  readonly first: number;
  /** One past the last event. */
  readonly end: number;
}

interface Room {
  readonly live: Set<Subscription>;
  pending: Frame[];
  flushedMs: number;
  timer: Timer | undefined;
}

/** Events per page while streaming: small enough that a page's values are no burden, large enough to stream fast. */
const streamPageEvents = 500;

export interface SubscriptionsOptions {
  readonly chat: Pick<ChatState, 'room' | 'mayRead'>;
  readonly history: History;
  readonly clock: Clock;
}

export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #rooms = new Map<string, Room>();
  #count = 0;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  /** Subscriptions open now. */
  get count(): number {
    return this.#count;
  }

  /** Somebody here is live in this room: the state machine must build its groups. */
  wanted(room: string): boolean {
    return this.#rooms.has(room);
  }

  /** Opens a subscription, in place of one that the connection may have had in this room. */
  subscribe(link: ClientLink, message: Subscribe): void {
    const { chat } = this.#options;
    const view = chat.room(message.room);
    const code = this.#refusal(link, message.room, view);
    if (view === undefined || code !== undefined) {
      this.#answer(link, message, code ?? 'BAD_ROOM', undefined, 0);
      return;
    }
    // One spelling per room, the one in which its groups come.
    const { room } = view;
    this.#end(link, room);
    const subscription: Subscription = {
      link,
      room,
      next: message.fromEvent,
      state: 'opening',
      reading: false,
    };
    link.subscriptions.set(room, subscription);
    this.#count++;
    const fromEvent = message.fromEvent === 0 ? view.events + 1 : message.fromEvent;
    if (message.fromEvent === 0 && message.lastPosts > 0 && view.posts > 0)
      this.#openAtPost(subscription, message, view);
    else if (fromEvent <= view.events && this.#options.history.isTrimmed(room))
      this.#openAtEvent(subscription, message, fromEvent);
    else this.#open(subscription, message, fromEvent);
  }

  unsubscribe(link: ClientLink, room: string): void {
    const view = this.#options.chat.room(room);
    if (view !== undefined) this.#end(link, view.room);
  }

  #end(link: ClientLink, room: string): void {
    const subscription = link.subscriptions.get(room);
    if (subscription === undefined) return;
    link.subscriptions.delete(room);
    this.#count--;
    subscription.state = 'ended';
    const shared = this.#rooms.get(room);
    if (shared === undefined || !shared.live.delete(subscription) || shared.live.size > 0) return;
    if (shared.timer !== undefined) this.#options.clock.clearTimeout(shared.timer);
    this.#rooms.delete(room);
  }

  /** The connection is gone. */
  closed(link: ClientLink): void {
    for (const room of [...link.subscriptions.keys()]) this.#end(link, room);
  }

  /** A name has changed hands: whoever may not read a direct room any more hears no more of it. */
  recheck(link: ClientLink): void {
    for (const room of [...link.subscriptions.keys()])
      if (!this.#options.chat.mayRead(room, link.tokenHash)) this.#end(link, room);
  }

  /** The connection takes more bytes again: its streams go on. */
  drained(link: ClientLink): void {
    for (const subscription of link.subscriptions.values()) this.#pump(subscription);
  }

  /**
   * A slot was applied: at once when the room was quiet, else joined with what follows within 5 ms (PERFORMANCE.md,
   * 3).
   */
  applied(groups: readonly RoomGroup[]): void {
    for (const { room, group } of groups) {
      const shared = this.#rooms.get(room);
      if (shared === undefined) continue;
      const bytes = encode({ type: 'deliver', room, group });
      shared.pending.push({ bytes, first: group.firstEvent, end: endOf(group) });
      if (shared.timer !== undefined) continue;
      const { clock } = this.#options;
      const waitMs = shared.flushedMs + limits.fanoutJoinMs - clock.monotonicMs();
      if (waitMs <= 0) this.#flush(shared);
      else shared.timer = clock.setTimeout(() => this.#flush(shared), waitMs);
    }
  }

  #refusal(link: ClientLink, room: string, view: RoomView | undefined): OutcomeCode | undefined {
    if (view === undefined) return 'BAD_ROOM';
    if (!this.#options.chat.mayRead(room, link.tokenHash)) return 'NOT_ALLOWED';
    if (link.subscriptions.size >= limits.subscriptionsMax && !link.subscriptions.has(view.room)) return 'NOT_ALLOWED';
    return undefined;
  }

  /** Begins `lastPosts` posts before the end: the log knows which event that is. */
  #openAtPost(subscription: Subscription, message: Subscribe, view: RoomView): void {
    const post = Math.max(1, view.posts - message.lastPosts + 1);
    beginAsking(subscription.link);
    this.#options.history.page(subscription.room, { direction: 'from', by: 'post', event: post, limit: 1 }, (page) => {
      endAsking(subscription.link);
      if (subscription.state !== 'opening') return;
      this.#open(subscription, message, page?.groups[0]?.firstEvent ?? view.events + 1);
    });
  }

  /** Begins at an event, or behind those that are no longer kept: the log knows which these are. */
  #openAtEvent(subscription: Subscription, message: Subscribe, event: number): void {
    const { link, room } = subscription;
    beginAsking(link);
    this.#options.history.page(room, { direction: 'from', by: 'event', event, limit: 1 }, (page) => {
      endAsking(link);
      if (subscription.state !== 'opening') return;
      if (page !== undefined && page.beginning.firstEvent > event) tellKept(link, message.request, room, page);
      this.#open(subscription, message, Math.max(event, page?.beginning.firstEvent ?? event));
    });
  }

  #open(subscription: Subscription, message: Subscribe, next: number): void {
    subscription.next = next;
    subscription.state = 'history';
    this.#answer(subscription.link, message, 'ok', this.#options.chat.room(subscription.room), next);
    this.#pump(subscription);
  }

  #answer(
    link: ClientLink,
    message: Subscribe,
    code: OutcomeCode,
    view: RoomView | undefined,
    nextEvent: number,
  ): void {
    link.connection.send({
      type: 'subscribed',
      request: message.request,
      code,
      room: view?.room ?? message.room,
      nextEvent,
      headEvent: view?.events ?? 0,
      headN: view?.posts ?? 0,
      topic: view?.topic ?? '',
      people: (view?.people ?? []).slice(0, limits.peopleListMax),
    });
  }

  /** Streams the next page, unless the client still has enough to read; at the head the subscription goes live. */
  #pump(subscription: Subscription): void {
    if (subscription.state !== 'history' || subscription.reading) return;
    const { connection } = subscription.link;
    const head = this.#options.chat.room(subscription.room)?.events ?? 0;
    if (subscription.next > head) {
      this.#goLive(subscription);
      return;
    }
    if (!connection.writable) return;
    subscription.reading = true;
    this.#options.history.page(
      subscription.room,
      { direction: 'from', by: 'event', event: subscription.next, limit: streamPageEvents },
      (page) => {
        subscription.reading = false;
        if (subscription.state !== 'history' || connection.closed !== undefined) return;
        if (page !== undefined) this.#stream(subscription, page);
        this.#pump(subscription);
      },
    );
  }

  /** Whoever does not know `kept` sees by the numbers that something was passed over, and asks again. */
  #stream(subscription: Subscription, page: HistoryPage): void {
    const { link, room } = subscription;
    const { firstEvent } = page.beginning;
    if (firstEvent > subscription.next) {
      tellKept(link, 0, room, page);
      subscription.next = firstEvent;
    }
    for (const group of page.groups) {
      link.connection.send({ type: 'deliver', room, group });
      subscription.next = endOf(group);
    }
  }

  #goLive(subscription: Subscription): void {
    let shared = this.#rooms.get(subscription.room);
    if (shared === undefined) {
      shared = { live: new Set(), pending: [], flushedMs: Number.NEGATIVE_INFINITY, timer: undefined };
      this.#rooms.set(subscription.room, shared);
    }
    subscription.state = 'live';
    shared.live.add(subscription);
  }

  #flush(shared: Room): void {
    const { clock } = this.#options;
    if (shared.timer !== undefined) clock.clearTimeout(shared.timer);
    shared.timer = undefined;
    const frames = shared.pending;
    if (frames.length === 0) return;
    shared.pending = [];
    shared.flushedMs = clock.monotonicMs();
    const first = (frames[0] as Frame).first;
    const { end } = frames[frames.length - 1] as Frame;
    const joined = frames.length === 1 ? (frames[0] as Frame).bytes : Buffer.concat(frames.map((frame) => frame.bytes));
    for (const subscription of shared.live) {
      // A subscriber ahead of this server waits until the room has come up to it.
      if (subscription.next >= end) continue;
      if (subscription.next <= first) subscription.link.connection.sendFrame(joined);
      else
        for (const frame of frames)
          if (frame.end > subscription.next) subscription.link.connection.sendFrame(frame.bytes);
      subscription.next = end;
    }
  }
}

function endOf(group: EventGroup): number {
  return group.firstEvent + group.events.length;
}

/** Of the answer, or the delivery, that follows. */
export function tellKept(link: ClientLink, request: number, room: string, { beginning }: HistoryPage): void {
  if (link.knowsDecisions) link.connection.send({ type: 'kept', request, room, ...beginning });
}
