/**
 * The clients' side of a simulated server: sessions, submits, subscriptions with history, around production's
 * Submissions.
 */
import { limits, toHex } from '../../src/base/index.js';
import type { Applied, ChatState } from '../../src/chat/index.js';
import type { Driver } from '../../src/daemon/server/driver.js';
import { History } from '../../src/daemon/server/history.js';
import type { OpenedDriver } from '../../src/daemon/server/open-driver.js';
import type { SubmissionHandle } from '../../src/daemon/server/session-queue.js';
import { Submissions } from '../../src/daemon/server/submissions.js';
import type { StandingChange } from '../../src/paxos/index.js';
import {
  attachItem,
  type EventGroup,
  registerItem,
  type ServerId,
  type SessionId,
  type Slot,
} from '../../src/wire/index.js';
import type { ClientSide, ClientSideEvents } from './client-side.js';
import type { Connection, ToServer } from './connection.js';
import { demand } from './violation.js';

interface Guest {
  handle: SubmissionHandle<Connection> | undefined;
  /** A resume that waits until its session's slot is applied here. */
  resuming: { readonly session: SessionId; readonly nonce: Uint8Array } | undefined;
  /** Next event per subscribed room; `reading` while older ones are read from the log. */
  readonly rooms: Map<string, { next: number; reading: boolean }>;
}

const pageEvents = 50;

export class Front implements ClientSide {
  readonly #id: ServerId;
  readonly #events: ClientSideEvents;
  readonly #guests = new Map<Connection, Guest>();
  /** Registrations under way, by nonce. */
  readonly #registering = new Map<string, Connection>();
  #opened: OpenedDriver | undefined;
  #history: History | undefined;
  #leading = false;
  readonly #submissions: Submissions<Connection>;

  constructor(id: ServerId, events: ClientSideEvents) {
    this.#id = id;
    this.#events = events;
    this.#submissions = new Submissions<Connection>({
      submit: (batch, bytes) => this.#driver.submit(batch, bytes),
      answered: (batch) => this.#driver.answered(batch),
      ack: (connection, answer) => {
        this.#events.acking(answer);
        connection.toClient({ type: 'ack', answer });
        this.#events.acked();
      },
      busy: (connection, _session, fromSeq, reason) => connection.toClient({ type: 'busy', fromSeq, reason }),
      lastSeq: (session) => this.#chat.session(session)?.lastSeq,
    });
  }

  /** The driver that this is the listener of is there. */
  start(opened: OpenedDriver): void {
    this.#opened = opened;
    const { chat, sets, index, reader } = opened;
    this.#history = new History({
      chat,
      rows: () => {
        this.#events.counted('pages from the store');
        return sets.liveSet.chat;
      },
      index,
      reader,
      onFatal: (error) => this.#driver.onFatal(error),
      later: (act) => this.#events.later(act),
    });
    opened.driver.serves(false);
  }

  end(): void {
    for (const connection of this.#guests.keys()) connection.close();
  }

  propose(item: Uint8Array, isPending: () => boolean): void {
    this.#submissions.item(item, isPending);
  }

  flush(): void {
    if (this.#opened !== undefined) this.#submissions.flush();
  }

  get resubmitted(): number {
    return this.#submissions.resubmitted;
  }

  // --- from clients -------------------------------------------------------------------------------------------------

  received(connection: Connection, frame: ToServer): void {
    let guest = this.#guests.get(connection);
    if (guest === undefined) {
      guest = { handle: undefined, resuming: undefined, rooms: new Map() };
      this.#guests.set(connection, guest);
      if (this.#guests.size === 1) this.#driver.serves(true);
    }
    switch (frame.type) {
      case 'register': {
        const { nonce, window, tokenHash, name } = frame;
        const key = toHex(nonce);
        this.#registering.set(key, connection);
        this.#submissions.item(registerItem({ nonce, window, server: this.#id, tokenHash, name }), () =>
          this.#registering.has(key),
        );
        return;
      }
      case 'resume':
        guest.resuming = { session: frame.session, nonce: frame.nonce };
        this.#resume(connection, guest);
        return;
      case 'submit': {
        if (guest.handle === undefined) return;
        const result = this.#submissions.submit(guest.handle, frame.run);
        demand(result !== 'foreign', 'own session', () => 'a client submitted for another session');
        return;
      }
      case 'subscribe':
        guest.rooms.set(frame.room, { next: frame.fromEvent, reading: false });
        this.#catchUp(connection, guest, frame.room);
    }
  }

  closed(connection: Connection, nowMs: number): void {
    const guest = this.#guests.get(connection);
    if (guest === undefined) return;
    this.#guests.delete(connection);
    if (this.#guests.size === 0) this.#driver.serves(false);
    for (const [nonce, other] of this.#registering) if (other === connection) this.#registering.delete(nonce);
    if (guest.handle !== undefined) this.#submissions.close(guest.handle, connection, nowMs);
  }

  #resume(connection: Connection, guest: Guest): void {
    if (guest.resuming === undefined) return;
    const { session, nonce } = guest.resuming;
    const check = this.#chat.checkResume(session, nonce);
    if (check.status === 'notApplied') return;
    guest.resuming = undefined;
    if (check.status !== 'ok') {
      connection.toClient({ type: 'registered', code: check.status, session, lastSeq: 0 });
      return;
    }
    guest.handle = this.#submissions.open(connection, session, nonce, check.session.window);
    const before = check.session.attachment;
    this.#submissions.item(
      attachItem({ session, nonce, server: this.#id }),
      () => guest.handle?.connection === connection && this.#chat.session(session)?.attachment === before,
    );
    connection.toClient({ type: 'registered', code: 'ok', session, lastSeq: check.session.lastSeq });
  }

  // --- from the driver ----------------------------------------------------------------------------------------------

  applied(applied: Applied): void {
    this.#events.applied(applied);
    for (const { nonce, code, session, window, lastSeq } of applied.registrations) {
      const key = toHex(nonce);
      const connection = this.#registering.get(key);
      this.#registering.delete(key);
      const guest = connection === undefined ? undefined : this.#guests.get(connection);
      if (connection === undefined || guest === undefined) continue;
      if (code === 'ok') guest.handle = this.#submissions.open(connection, session, nonce, window);
      connection.toClient({ type: 'registered', code, session, lastSeq });
    }
    this.#submissions.applied(applied.answers);
    for (const [connection, guest] of this.#guests) {
      this.#resume(connection, guest);
      for (const { room, group } of applied.groups) {
        const at = guest.rooms.get(room);
        if (at !== undefined && !at.reading) this.#deliver(connection, at, room, group);
      }
    }
  }

  /** As production: everybody goes elsewhere. */
  installed(slot: Slot): void {
    this.#history?.reset();
    this.#events.installed(slot);
    for (const [connection, guest] of this.#guests) {
      guest.rooms.clear();
      connection.close();
    }
  }

  settled(batches: readonly number[]): void {
    this.#submissions.settled(batches);
  }

  refused(batches: readonly number[]): void {
    this.#submissions.refused(batches);
  }

  standing(change: StandingChange): void {
    if (change.leading && !this.#leading) this.#events.counted('elections');
    this.#leading = change.leading;
    if (!change.move) return;
    for (const connection of this.#guests.keys()) connection.toClient({ type: 'move' });
  }

  read(): void {
    // No simulated client asks for fresh reads.
  }

  stopped(): void {
    this.#events.stopped();
  }

  /** Once a second. */
  tick(nowMs: number): void {
    this.#submissions.tick(nowMs);
    demand(
      this.#submissions.bytes <= limits.submissionsBytesMax,
      'bounded queues',
      () => 'submissions above their bound',
    );
  }

  // --- delivery -----------------------------------------------------------------------------------------------------

  #deliver(connection: Connection, at: { next: number }, room: string, group: EventGroup): void {
    // Closed because a state was installed, and its end not yet reported: nobody is told of the jump.
    if (!connection.open) return;
    const skip = at.next - group.firstEvent;
    if (skip >= group.events.length) return;
    demand(skip >= 0, 'gapless delivery', () => `${room} goes on with ${group.firstEvent}, due is ${at.next}`);
    const rest = skip === 0 ? group : { ...group, firstEvent: at.next, events: group.events.slice(skip) };
    at.next += rest.events.length;
    connection.toClient({ type: 'deliver', room, group: rest });
  }

  /** Delivers what the room holds already, page by page, from the store and the log; afterwards it goes on live. */
  #catchUp(connection: Connection, guest: Guest, room: string): void {
    const at = guest.rooms.get(room);
    const view = this.#chat.room(room);
    if (at === undefined) return;
    at.reading = true;
    if (!connection.open) return;
    if (view === undefined || at.next > view.events) {
      at.reading = false;
      return;
    }
    this.#events.counted('history pages');
    const request = { direction: 'from', by: 'event', event: at.next, limit: pageEvents } as const;
    this.#history?.page(room, request, (page) => {
      if (!connection.open) return;
      demand(page !== undefined, 'history is there', () => `no page of ${room}`);
      if (page === undefined) return;
      const before = at.next;
      // What retention has taken: a server says so, and its client goes on behind it.
      if (page.beginning.firstEvent > at.next) {
        at.next = page.beginning.firstEvent;
        connection.toClient({ type: 'jump', room, nextEvent: at.next });
      }
      for (const group of page.groups) this.#deliver(connection, at, room, group);
      demand(
        at.next > before,
        'history is there',
        () => `${room} from ${before}: an empty page of ${page.headEvent} events`,
      );
      this.#catchUp(connection, guest, room);
    });
  }

  get #there(): OpenedDriver {
    demand(this.#opened !== undefined, 'started', () => `server ${this.#id} has no driver`);
    return this.#opened as OpenedDriver;
  }

  get #driver(): Driver {
    return this.#there.driver;
  }

  get #chat(): ChatState {
    return this.#there.chat;
  }
}
