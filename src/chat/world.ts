/**
 * All of the state in one place, what of it changed since the last checkpoint, and the few steps every command shares.
 */
import { assert, limits } from '../base/index.js';
import type { SessionId, Slot } from '../wire/index.js';
import { StateHash } from './hash.js';
import { compareRooms, compareSessions, type Name, Room, type Session, SessionTable } from './model.js';
import { end, exit, setAttached } from './presence.js';
import type { Retention } from './retention.js';
import { RowSum } from './row-sum.js';
import type { Span } from './spans.js';
import type { Answer, Attachment, ChatLimits, Decided, MembersChange, Registration, Told } from './types.js';

/** What the slot being applied has brought about so far. */
export interface SlotWork {
  readonly slot: Slot;
  readonly answers: Answer[];
  readonly registrations: Registration[];
  readonly attachments: Attachment[];
  readonly expired: SessionId[];
  /** Rooms with events in this slot, in the order of the first. */
  readonly touched: Room[];
  members: MembersChange | undefined;
  readonly decisions: Decided[];
  readonly told: Told[];
  skippedItems: number;
}

/** What changed since the last checkpoint. */
export interface Changes {
  readonly names: Set<Name>;
  readonly rooms: Set<Room>;
  readonly sessions: Set<Session>;
  readonly removedSessions: SessionId[];
  /** Names that were released; one may have been claimed anew since. */
  readonly removedNames: Set<string>;
  /** Rooms of which something else is kept. */
  readonly floors: Set<Room>;
  /** Names, folded, that were blocked or unblocked. */
  readonly blocks: Set<string>;
}

export class World {
  readonly limits: ChatLimits;
  readonly names = new Map<string, Name>();
  readonly rooms = new Map<string, Room>();
  readonly sessions = new SessionTable();
  /** The last change of the members and the one before it, which may govern still; none before the first. */
  members: readonly MembersChange[] = [];
  readonly hash = new StateHash();
  /** Of the rows as the last checkpoint took them. */
  readonly rowSum = new RowSum();
  applied: Slot = 0;
  /** See {@link ChatState.origin}. */
  origin: Slot = 0;
  clockMs = 0;
  /** Names that nobody may write under, folded, each with the reason. */
  readonly blocked = new Map<string, string>();
  /** Decisions of operators that the log holds so far. */
  decisions = 0;
  /** Broken items and entries met so far. */
  skippedItems = 0;
  changes: Changes = noChanges();
  work: SlotWork = noWork(0);
  /** The rooms that are open to all, in order: made anew when there are more rooms than when it was made. */
  #openRooms: { readonly of: number; readonly rooms: readonly Room[] } = { of: 0, rooms: [] };

  constructor(wanted: Partial<ChatLimits> = {}) {
    this.limits = { ...limits, ...wanted };
  }

  /** Takes the changes away, to begin counting anew; those of `earlier`, which got nowhere, are added to them. */
  takeChanges(earlier: Changes | undefined): Changes {
    const changes = this.changes;
    this.changes = noChanges();
    if (earlier === undefined) return changes;
    for (const name of earlier.names) if (this.names.get(name.folded) === name) changes.names.add(name);
    for (const folded of earlier.removedNames) changes.removedNames.add(folded);
    for (const room of earlier.floors) changes.floors.add(room);
    for (const folded of earlier.blocks) changes.blocks.add(folded);
    for (const room of earlier.rooms) changes.rooms.add(room);
    for (const session of earlier.sessions) {
      if (this.sessions.get(session.id.slot, session.id.index) === session) changes.sessions.add(session);
    }
    changes.removedSessions.push(...earlier.removedSessions);
    return changes;
  }

  /** The room of this canonical name; a new one becomes part of the state with its first event only. */
  findRoom(name: string): Room {
    return this.rooms.get(name) ?? new Room(name);
  }

  /** All channels in order; rooms never vanish, so that their number tells whether there is a new one. */
  get openRooms(): readonly Room[] {
    if (this.#openRooms.of !== this.rooms.size) {
      const rooms = [...this.rooms.values()].filter(({ pair }) => pair === undefined).sort(compareRooms);
      this.#openRooms = { of: this.rooms.size, rooms };
    }
    return this.#openRooms.rooms;
  }

  /**
   * Whether the owner of `tokenHash` may read and post in a room (CONTRACT.md: one of the two names of a direct room).
   */
  isOpenTo(pair: readonly [string, string] | undefined, tokenHash: Uint8Array | undefined): boolean {
    if (pair === undefined) return true;
    if (tokenHash === undefined) return false;
    return this.#owns(pair[0], tokenHash) || this.#owns(pair[1], tokenHash);
  }

  #owns(folded: string, tokenHash: Uint8Array): boolean {
    const name = this.names.get(folded);
    return name !== undefined && Buffer.compare(name.tokenHash, tokenHash) === 0;
  }

  /** The next events of `room` happen in this slot: numbers them and puts them into the room's index. */
  emit(room: Room, span: Span): void {
    assert(span.firstEvent === room.events + 1 && span.firstN === room.posts + 1, 'events are numbered without gaps');
    if (room.events === 0) this.rooms.set(room.name, room);
    if (room.retention !== undefined) this.#age(room, room.retention);
    if (room.fresh.length === 0) this.work.touched.push(room);
    room.fresh.push(span);
    room.tail.append(span);
    room.events += span.count;
    if (span.kind === 'posts') room.posts += span.count;
    const { indexRowSpans, indexRowEventsMax } = this.limits;
    if (room.tail.spans >= indexRowSpans || room.tail.events >= indexRowEventsMax) room.finishRow();
    this.changes.rooms.add(room);
    this.hash.mix53(room.events);
    this.hash.mix53(room.posts);
  }

  /** What is kept of a room moves with its events. */
  #age(room: Room, retention: Retention): void {
    retention.beforeEvent(room, this.clockMs);
    this.changes.floors.add(room);
    this.hash.mix53(retention.event);
    this.hash.mix53(retention.n);
  }

  /** A leave or a nick, which has no message of its own to point at. */
  emitInline(room: Room, kind: 'leave' | 'nick', session: Session, author: string, text: string, seq: number): void {
    this.emit(room, {
      kind,
      slot: this.work.slot,
      firstEvent: room.events + 1,
      firstN: room.posts + 1,
      count: 1,
      author,
      text,
      sessionSlot: session.id.slot,
      sessionIndex: session.id.index,
      seq,
    });
  }

  /** A session leaves every room without having said so. */
  leaveRooms(session: Session): void {
    for (const room of [...session.rooms].sort(compareRooms)) {
      if (exit(session, room)) this.emitInline(room, 'leave', session, session.name.display, '', 0);
    }
    this.changes.sessions.add(session);
  }

  /** Once no client of a name is attached any more, the name leaves all its rooms. */
  leaveIfGone(name: Name): void {
    if (name.attachedSessions > 0) return;
    for (const session of [...name.present].sort(compareSessions)) this.leaveRooms(session);
  }

  /** Ends the sessions whose last sign of life is too old by the log clock, in an order that every server shares. */
  expire(): void {
    const limitMs = this.clockMs - this.limits.sessionExpiryMs;
    if (limitMs < 0) return;
    for (const session of this.sessions.idleSince(limitMs)) this.end(session);
  }

  /** A name keeps so many sessions without a connection and no more. */
  endOldestAway(name: Name): void {
    while (name.away.size > this.limits.sessionsAwayMax) {
      const oldest = SessionTable.oldest(name.away);
      assert(oldest !== undefined, 'more than none has an oldest');
      this.end(oldest);
    }
  }

  /** A session is over: its client has to open another one. */
  end(session: Session): void {
    setAttached(session, false);
    this.leaveRooms(session);
    end(session);
    this.sessions.remove(session);
    this.changes.sessions.delete(session);
    this.changes.removedSessions.push(session.id);
    this.work.expired.push(session.id);
    this.hash.mix53(session.id.slot);
    this.hash.mix(session.id.index);
    this.leaveIfGone(session.name);
  }
}

export function noWork(slot: Slot): SlotWork {
  return {
    slot,
    answers: [],
    registrations: [],
    attachments: [],
    expired: [],
    touched: [],
    members: undefined,
    decisions: [],
    told: [],
    skippedItems: 0,
  };
}

function noChanges(): Changes {
  return {
    names: new Set(),
    rooms: new Set(),
    sessions: new Set(),
    removedSessions: [],
    removedNames: new Set(),
    floors: new Set(),
    blocks: new Set(),
  };
}
