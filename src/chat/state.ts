/** The replicated state machine of the chat: what the log's entries do to names, sessions and rooms. */
import { assert } from '../base/index.js';
import type { DirectRoom, ListedRoom, ServerId, SessionId, Slot } from '../wire/index.js';
import { Applier } from './apply.js';
import { beginAnew } from './begin-anew.js';
import { RoomBeginning } from './beginning.js';
import { indexRows, loadRows, metaRow, nameRow, originRow, roomRow, sessionRow } from './checkpoint.js';
import { blockRow, decidedRow, floorRow } from './decision-rows.js';
import { blockedText } from './decisions.js';
import { blockKey, floorKey, kindRange, nameKey, sessionKey } from './keys.js';
import { compareRooms, type Room, type Session } from './model.js';
import { RoomPage } from './page.js';
import { type Floor, keepsAll } from './retention.js';
import { RowSum } from './row-sum.js';
import { canonicalRoom, directNames, foldName, isName } from './rules.js';
import type {
  Applied,
  BeginningReader,
  ChatOptions,
  Dirty,
  MembersChange,
  NameView,
  PageReader,
  PageRequest,
  ResumeCheck,
  RoomView,
  Row,
  SessionView,
} from './types.js';
import { type Changes, World } from './world.js';

/**
 * Pure and deterministic: the same entries give the same state, rows and hash on every server, whatever `wanted` says.
 * No clock is read; time is the log clock, the sum of what the leaders stamped (PAXOS.md, Sessions).
 */
export class ChatState {
  /** The rows that `load` wants, kind by kind. History rows are not among them. */
  static readonly loadRanges = [
    kindRange('meta'),
    kindRange('name'),
    kindRange('room'),
    kindRange('session'),
    kindRange('floor'),
    kindRange('block'),
    kindRange('decided'),
    kindRange('origin'),
  ] as const;

  #world: World;
  #applier: Applier;
  readonly #wanted: (room: string) => boolean;
  /** What the last checkpoint took, until it is stored. */
  #taken: Changes | undefined;

  constructor(options: ChatOptions = {}) {
    this.#world = new World(options.limits);
    this.#wanted = options.wanted ?? (() => false);
    this.#applier = new Applier(this.#world, this.#wanted);
  }

  /** The last applied slot, 0 before the first. */
  get applied(): Slot {
    return this.#world.applied;
  }

  /**
   * The slot with whose state this cluster began, 0 in one that began with nothing. Slots through it were chosen in
   * another cluster: they are history, and nobody comes to this state by applying them.
   */
  get origin(): Slot {
    return this.#world.origin;
  }

  /** H(applied), 8 bytes, a copy. */
  get hash(): Uint8Array {
    return this.#world.hash.bytes();
  }

  /** Sum of the elapsed times of all entries applied, milliseconds. */
  get logClockMs(): number {
    return this.#world.clockMs;
  }

  /** Items and entries so far that were structurally wrong; above 0 some server proposed what it must not. */
  get skippedItems(): number {
    return this.#world.skippedItems;
  }

  /** The last change of the members and the one before it, in order; none while those govern who were sealed. */
  get members(): readonly MembersChange[] {
    return this.#world.members;
  }

  /** Live sessions. */
  get sessionCount(): number {
    return this.#world.sessions.size;
  }

  /**
   * Applies the chosen value of `slot`, which must be `applied` + 1. Never throws on what the value holds. Nonces in
   * the result are views of the value.
   */
  apply(slot: Slot, value: Uint8Array): Applied {
    return this.#applier.apply(slot, value);
  }

  session(id: SessionId): SessionView | undefined {
    const session = this.#world.sessions.get(id.slot, id.index);
    return session && viewOf(session);
  }

  /** Sessions that are attached to `server`, so that a restarted one can detach those that do not come back. */
  sessionsOf(server: ServerId): SessionView[] {
    const all = this.#world.sessions.sorted();
    return all.filter((session) => session.attached && session.server === server).map(viewOf);
  }

  /** Whether a connection that shows this nonce may speak for the session. */
  checkResume(id: SessionId, nonce: Uint8Array): ResumeCheck {
    const session = this.#world.sessions.get(id.slot, id.index);
    if (session === undefined) return { status: id.slot > this.applied ? 'notApplied' : 'SESSION_EXPIRED' };
    if (Buffer.compare(session.nonce, nonce) !== 0) return { status: 'BAD_NONCE' };
    return { status: 'ok', session: viewOf(session) };
  }

  /** The token hash that owns a name (compared without ASCII case), if anybody claimed it. */
  nameOwner(name: string): Uint8Array | undefined {
    return isName(name) ? this.#world.names.get(foldName(name))?.tokenHash : undefined;
  }

  /** How a room stands, or undefined if that is no room's name. The view's `room` is the canonical spelling. */
  room(room: string): RoomView | undefined {
    const found = this.#find(room);
    if (found === undefined) return undefined;
    const names = [...found.people.keys()].sort((a, b) => (a.folded < b.folded ? -1 : 1));
    const people = names.map((name) => name.display);
    return { room: found.name, events: found.events, posts: found.posts, topic: found.topic, people };
  }

  /** Rooms open to all in which something happened, by name from behind `after` on: at most `most` of them. */
  openRooms(after: string, most: number): { readonly rooms: ListedRoom[]; readonly more: boolean } {
    const all = this.#world.openRooms;
    let from = 0;
    let end = all.length;
    while (from < end) {
      const middle = (from + end) >> 1;
      if ((all[middle] as Room).name > after) end = middle;
      else from = middle + 1;
    }
    const rooms = all.slice(from, from + most).map(({ name, posts }) => ({ room: name, headN: posts }));
    return { rooms, more: from + rooms.length < all.length };
  }

  /** Whether whoever proved the token behind `tokenHash` may read the room; of a direct room only its two owners. */
  mayRead(room: string, tokenHash: Uint8Array | undefined): boolean {
    const name = canonicalRoom(room);
    return name !== undefined && this.#world.isOpenTo(directNames(name), tokenHash);
  }

  /** The direct rooms that whoever proved the token behind `tokenHash` may read and in which something has happened. */
  directRooms(tokenHash: Uint8Array): DirectRoom[] {
    const world = this.#world;
    const open = [...world.rooms.values()].filter(({ pair }) => pair !== undefined && world.isOpenTo(pair, tokenHash));
    return open.map(({ name, events }) => ({ room: name, headEvent: events }));
  }

  /** The token hashes of those who own a direct room's names; none for a channel. */
  directOwners(room: string): Uint8Array[] {
    const pair = directNames(room) ?? [];
    const hashes = pair.map((name) => this.#world.names.get(name)?.tokenHash);
    return hashes.filter((hash) => hash !== undefined);
  }

  /**
   * Begins a page of a room's history; undefined if that is no room's name. Ask `mayRead` first. It holds nothing of
   * events below `firstEvent`.
   */
  page(room: string, request: PageRequest, firstEvent = 1): PageReader | undefined {
    const found = this.#find(room);
    return found && new RoomPage(found, request, this.#world.limits, firstEvent);
  }

  /** What of a room is not deleted: an event at or behind `event` that does not stand before the post `n`. */
  floor(room: string): Floor {
    const found = this.#find(room);
    return found?.retention?.floor(found, this.#world.clockMs) ?? keepsAll;
  }

  /** Decisions of operators in the log so far: whoever cannot read them must not get it. */
  get decisions(): number {
    return this.#world.decisions;
  }

  /** What to tell whoever bears a blocked name; undefined if the name is not blocked. */
  blockedText(name: string): string | undefined {
    const world = this.#world;
    const why = isName(name) ? world.blocked.get(foldName(name)) : undefined;
    return why === undefined ? undefined : blockedText(name, why);
  }

  /** At most `max` names behind `after`, in the order of their folded forms: those that are claimed or blocked. */
  names(after: string, onlyBlocked: boolean, max: number): NameView[] {
    const { names, blocked } = this.#world;
    const behind = isName(after) ? foldName(after) : '';
    const all = onlyBlocked ? [...blocked.keys()] : [...new Set([...names.keys(), ...blocked.keys()])];
    const wanted = all.filter((folded) => folded > behind).sort();
    return wanted.slice(0, max).map((folded) => {
      const name = names.get(folded);
      return {
        name: name?.display ?? folded,
        claimed: name !== undefined,
        blocked: blocked.has(folded),
        why: blocked.get(folded) ?? '',
        clients: name?.attachedSessions ?? 0,
      };
    });
  }

  /**
   * Begins to look where a room's history begins: at its floor, and where the values of slots below `firstKept` are
   * gone.
   */
  beginning(room: string, firstKept: Slot): BeginningReader | undefined {
    const found = this.#find(room);
    return found && new RoomBeginning(found, firstKept, this.floor(found.name));
  }

  /**
   * The rows changed since the last checkpoint that was `stored`, as of this moment: one that failed (a full disk) is
   * made up for by the next. Finished index rows go on being served from memory until they are stored.
   */
  takeDirty(): Dirty {
    const world = this.#world;
    const changes = world.takeChanges(this.#taken);
    this.#taken = changes;
    const puts: Row[] = [];
    for (const name of changes.names) puts.push(nameRow(name));
    for (const session of changes.sessions) puts.push(sessionRow(session));
    for (const room of changes.rooms) puts.push(roomRow(room));
    const deletes = changes.removedSessions.map(({ slot, index }) => sessionKey(slot, index));
    for (const folded of changes.removedNames) if (!world.names.has(folded)) deletes.push(nameKey(folded));
    for (const { name, retention } of changes.floors) {
      if (retention === undefined) deletes.push(floorKey(name));
      else puts.push(floorRow(name, retention));
    }
    for (const folded of changes.blocks) {
      const why = world.blocked.get(folded);
      if (why === undefined) deletes.push(blockKey(folded));
      else puts.push(blockRow(folded, why));
    }
    if (world.decisions > 0) puts.push(decidedRow(world.decisions));
    if (world.origin > 0) puts.push(originRow(world.origin));
    for (const key of deletes) world.rowSum.delete(key);
    for (const row of puts) world.rowSum.put(row);
    puts.push(metaRow(world, world.rowSum));
    for (const room of changes.rooms) {
      for (const row of room.finished) puts.push(...indexRows(room, row));
      room.taken = room.finished.length;
    }
    return { slot: world.applied, puts, deletes };
  }

  /** The batch of the last `takeDirty` is on disk: the finished index rows in it leave memory. */
  stored(): void {
    assert(this.#taken !== undefined, 'only a checkpoint that was taken is stored');
    for (const room of this.#taken.rooms) room.finished.splice(0, room.taken);
    this.#taken = undefined;
  }

  /** Fills an empty state with the rows of a checkpoint; throws `DamagedRow` if they are not what was written. */
  load(rows: Iterable<Row>): void {
    loadRows(this.#world, rows);
  }

  /**
   * Makes of this state the one with which another cluster begins: the same rooms and names, and a hash that goes on
   * from another place. What is kept of it is its {@link snapshot}; it takes no checkpoints.
   */
  beginAnew(clusterId: Uint8Array): void {
    beginAnew(this.#world, clusterId);
  }

  /** How much there is; messages that are no longer kept are counted, too. */
  get totals(): { readonly rooms: number; readonly messages: number; readonly names: number } {
    const { rooms, names } = this.#world;
    let messages = 0;
    for (const { posts } of rooms.values()) messages += posts;
    return { rooms: rooms.size, messages, names: names.size };
  }

  /** Becomes what `other` is, which must not be used any more; what no checkpoint has taken yet is forgotten. */
  adopt(other: ChatState): void {
    assert(other.applied > this.applied, 'a state never goes back');
    this.#world = other.#world;
    this.#applier = new Applier(this.#world, this.#wanted);
    this.#taken = undefined;
  }

  /**
   * Every live row in key order: together with the history rows in the store it is the whole state, and the same bytes
   * on every server that applied the same slots.
   */
  snapshot(): Row[] {
    const world = this.#world;
    const rows: Row[] = [];
    for (const name of world.names.values()) rows.push(nameRow(name));
    for (const room of [...world.rooms.values()].sort(compareRooms)) {
      rows.push(roomRow(room));
      if (room.retention !== undefined) rows.push(floorRow(room.name, room.retention));
    }
    for (const [folded, why] of world.blocked) rows.push(blockRow(folded, why));
    if (world.decisions > 0) rows.push(decidedRow(world.decisions));
    if (world.origin > 0) rows.push(originRow(world.origin));
    for (const session of world.sessions.sorted()) rows.push(sessionRow(session));
    const rowSum = new RowSum();
    for (const row of rows) rowSum.put(row);
    rows.push(metaRow(world, rowSum));
    return rows.sort((a, b) => Buffer.compare(a.key, b.key));
  }

  #find(room: string): Room | undefined {
    const name = canonicalRoom(room);
    return name === undefined ? undefined : this.#world.findRoom(name);
  }
}

function viewOf(session: Session): SessionView {
  return {
    id: session.id,
    name: session.name.display,
    tokenHash: session.name.tokenHash,
    window: session.window,
    lastSeq: session.lastSeq,
    server: session.server,
    attachment: session.attachment,
    attached: session.attached,
    rooms: [...session.rooms].sort(compareRooms).map((room) => room.name),
  };
}
