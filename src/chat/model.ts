/** The three things the chat's state is made of, and how they refer to each other: names, sessions, rooms. */
import { asBuffer, assert, SmallSet } from '../base/index.js';
import type { SessionId, Slot } from '../wire/index.js';
import { Remembered } from './remembered.js';
import type { Retention } from './retention.js';
import { directNames } from './rules.js';
import { type IndexRow, IndexRowBuilder, type Span } from './spans.js';

/**
 * A name somebody claimed. It belongs to the token, whether or not a session uses it, until an operator decides
 * otherwise.
 */
export class Name {
  /** The form under which names are compared. */
  readonly folded: string;
  /** The spelling that is shown: the claimer's, until its owner changes it by `nick`. */
  display: string;
  /** SHA-256 of the owner's token, 32 bytes. */
  tokenHash: Uint8Array;
  /** How many sessions of this name are attached: whether a client of it is connected, as far as the log knows. */
  attachedSessions = 0;
  /** Sessions of this name without a connection, as far as the log knows. */
  readonly away = new SmallSet<Session>();
  /** Sessions of this name that have joined a room. */
  readonly present = new SmallSet<Session>();

  constructor(folded: string, display: string, tokenHash: Uint8Array) {
    this.folded = folded;
    this.display = display;
    this.tokenHash = tokenHash;
  }
}

/** One session (PAXOS.md, Sessions). */
export class Session {
  readonly id: SessionId;
  /** 16 bytes, the client's secret. */
  readonly nonce: Uint8Array;
  readonly window: number;
  name: Name;
  /** The server that holds, or last held, its connection. */
  server = 0;
  /** Rises with each attach, so that a detach which comes late takes nothing away. */
  attachment = 0;
  attached = false;
  lastSeq = 0;
  /** The log clock at its last sign of life. */
  activeMs = 0;
  readonly answers = new Remembered();
  readonly rooms = new SmallSet<Room>();

  constructor(id: SessionId, nonce: Uint8Array, name: Name, window: number) {
    this.id = id;
    this.nonce = nonce;
    this.name = name;
    this.window = window;
  }
}

/** One room: its numbering, its topic, who is in it, and the index of its history that has not left memory. */
export class Room {
  /** The canonical name. */
  readonly name: string;
  /** The name's UTF-8 bytes. */
  readonly bytes: Uint8Array;
  /** The two folded names of a direct-message room; undefined for a channel, which is open to all. */
  readonly pair: readonly [string, string] | undefined;
  events = 0;
  posts = 0;
  topic = '';
  /** What it keeps, if an operator decided about it; undefined: everything. */
  retention: Retention | undefined;
  /** Names present, each with the number of its sessions that have joined. */
  readonly people = new Map<Name, number>();
  /** Finished index rows that are not known to be in the store yet, oldest first. */
  readonly finished: IndexRow[] = [];
  /** How many of `finished` the last checkpoint took. */
  taken = 0;
  /** The index row that is still growing. */
  readonly tail = new IndexRowBuilder();
  /** The spans of the slot being applied. */
  readonly fresh: Span[] = [];

  constructor(name: string) {
    this.name = name;
    this.bytes = Buffer.from(name, 'utf8');
    this.pair = directNames(name);
  }

  /** The growing row is long enough: it waits among the finished ones for the next checkpoint. */
  finishRow(): void {
    const row = this.tail.row();
    assert(row !== undefined, 'an empty index row is never finished');
    this.finished.push(row);
    this.tail.clear();
  }

  /** Index rows in memory, oldest first; they reach to the room's last event. */
  memoryRows(): IndexRow[] {
    const tail = this.tail.row();
    return tail === undefined ? this.finished.slice() : [...this.finished, tail];
  }
}

/** Order of sessions wherever one is needed: as they were registered. */
export function compareSessions(a: Session, b: Session): number {
  return compareIds(a.id, b.id);
}

/** The order in which sessions end. */
function compareActivity(a: Session, b: Session): number {
  return a.activeMs - b.activeMs || compareSessions(a, b);
}

export function compareIds(a: SessionId, b: SessionId): number {
  return a.slot - b.slot || a.index - b.index;
}

/** Order of rooms wherever one is needed: by UTF-16 code unit, the same on every machine. */
export function compareRooms(a: Room, b: Room): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** Sessions by id without making a string of each id. */
export class SessionTable {
  readonly #bySlot = new Map<Slot, Session[]>();
  readonly #byNonce = new Map<string, Session>();
  /** Least recently active first: a Set keeps the order of insertion. */
  readonly #byActivity = new Set<Session>();
  /**
   * No session was last active before this, so that most slots need not look for one: a Set finds its first element
   * only past all that were deleted before it.
   */
  #activeFromMs = 0;

  get size(): number {
    return this.#byActivity.size;
  }

  get(slot: Slot, index: number): Session | undefined {
    const atSlot = this.#bySlot.get(slot);
    if (atSlot === undefined) return undefined;
    for (const session of atSlot) if (session.id.index === index) return session;
    return undefined;
  }

  withNonce(nonce: Uint8Array): Session | undefined {
    return this.#byNonce.get(nonceKey(nonce));
  }

  add(session: Session): void {
    const atSlot = this.#bySlot.get(session.id.slot);
    if (atSlot === undefined) this.#bySlot.set(session.id.slot, [session]);
    else atSlot.push(session);
    this.#byNonce.set(nonceKey(session.nonce), session);
    this.#byActivity.add(session);
    this.#activeFromMs = Math.min(this.#activeFromMs, session.activeMs);
  }

  remove(session: Session): void {
    const atSlot = this.#bySlot.get(session.id.slot) ?? [];
    const rest = atSlot.filter((other) => other !== session);
    if (rest.length === 0) this.#bySlot.delete(session.id.slot);
    else this.#bySlot.set(session.id.slot, rest);
    this.#byNonce.delete(nonceKey(session.nonce));
    this.#byActivity.delete(session);
  }

  /** Notes a sign of life at `nowMs` of the log clock. */
  touch(session: Session, nowMs: number): void {
    if (session.activeMs === nowMs) return;
    session.activeMs = nowMs;
    this.#byActivity.delete(session);
    this.#byActivity.add(session);
  }

  /**
   * Sessions last active at or before `limitMs`, in the order in which they expire: by activity, then by id. Sessions
   * active at the same moment are found together, so the order in which they were touched never shows.
   */
  idleSince(limitMs: number): Session[] {
    const idle: Session[] = [];
    if (limitMs < this.#activeFromMs) return idle;
    for (const session of this.#byActivity) {
      if (session.activeMs > limitMs) {
        if (idle.length === 0) this.#activeFromMs = session.activeMs;
        break;
      }
      idle.push(session);
    }
    return idle.sort(compareActivity);
  }

  /** Of some sessions the one that ends first: least recently active, then registered first. */
  static oldest(sessions: Iterable<Session>): Session | undefined {
    let oldest: Session | undefined;
    for (const session of sessions) if (oldest === undefined || compareActivity(session, oldest) < 0) oldest = session;
    return oldest;
  }

  /** Every session, in the order of registration. */
  sorted(): Session[] {
    return [...this.#byActivity].sort(compareSessions);
  }
}

function nonceKey(nonce: Uint8Array): string {
  return asBuffer(nonce).toString('latin1');
}
