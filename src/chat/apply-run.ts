/** Applies one run of a session's messages: the hot path of the whole system, so it works on bytes and ranges. */
import { asBuffer, assert, isUtf8 } from '../base/index.js';
import { eventKinds, type OutcomeCode, outcomeCodes, type RunReader } from '../wire/index.js';
import { compareRooms, Name, type Room, type Session } from './model.js';
import { OutcomeRanges } from './outcomes.js';
import { enter, exit, rename } from './presence.js';
import { canonicalRoom, foldName, isCleanText, isName } from './rules.js';
import type { World } from './world.js';

const post = eventKinds.code('post');
const action = eventKinds.code('action');
const join = eventKinds.code('join');
const leave = eventKinds.code('leave');
const topic = eventKinds.code('topic');
const nick = eventKinds.code('nick');

/** Rooms found by their spelling without decoding it: a power of two; another one of the same place takes it over. */
const knownRooms = 1024;

interface KnownRoom {
  readonly spelling: Uint8Array;
  readonly room: Room;
}

/** One run at a time; the object is reused, so that a run costs no set-up beyond its answers. */
export class RunApplier {
  readonly #world: World;
  /** A view of the value the last run came from. */
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** The room that the last message named, as it was spelt, and what came of looking it up. Kept from run to run. */
  #spelling: Uint8Array = new Uint8Array();
  #room: Room | undefined;
  #roomCode: OutcomeCode = 'BAD_ROOM';
  /** Rooms that have events, which they keep for ever, by a hash of how they were spelt. */
  readonly #known: (KnownRoom | undefined)[] = new Array<KnownRoom | undefined>(knownRooms).fill(undefined);
  /** Posts that were accepted and not yet given to the room: they become one span. */
  #pending = 0;
  #pendingIndex = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /**
   * Applies the run that begins at `offset` in `value`, whose structure has been checked and whose session and nonce
   * exist. `run` stands before its first message.
   */
  apply(value: Uint8Array, offset: number, run: RunReader, session: Session): void {
    const { work, sessions, clockMs, changes } = this.#world;
    sessions.touch(session, clockMs);
    changes.sessions.add(session);
    const first = run.firstSeq;
    const next = session.lastSeq + 1;
    if (first > next) return;
    session.answers.forget(Math.min(run.answeredBelow, next));

    const end = first + run.count;
    if (first < next) {
      for (const answer of session.answers.find(first, Math.min(end, next))) {
        work.answers.push({ session: session.id, ...answer });
      }
      if (end <= next) return;
      for (let seq = first; seq < next; seq++) assert(run.next(), 'a checked run is as long as it says');
    }
    this.#applyNew(value, offset, run, session, next, end);
  }

  #applyNew(value: Uint8Array, offset: number, run: RunReader, session: Session, from: number, end: number): void {
    const { work, hash, limits, blocked } = this.#world;
    const outcomes = new OutcomeRanges();
    this.#pending = 0;
    this.#viewValue(value);
    this.#judgeRoom(session);
    const isBlocked = blocked.size > 0 && blocked.has(session.name.folded);
    while (run.next()) {
      if (isBlocked) {
        outcomes.add('NAME_BLOCKED');
        continue;
      }
      const isPost = run.kind === post || run.kind === action;
      if (run.kind !== nick && !this.#isSameRoom(value, run)) {
        this.#flush(offset, session, outcomes);
        this.#lookUpRoom(value, run, session);
      }
      const code = isPost ? this.#judgeText(value, run, true) : 'ok';
      if (isPost && code === 'ok') {
        if (this.#pending === 0) this.#pendingIndex = run.index;
        this.#pending += 1;
        continue;
      }
      this.#flush(offset, session, outcomes);
      outcomes.add(isPost ? code : this.#command(value, offset, run, session));
    }
    this.#flush(offset, session, outcomes);

    session.lastSeq = end - 1;
    const answer = { firstSeq: from, slot: work.slot, outcomes: outcomes.finish() };
    session.answers.push(answer);
    session.answers.forget(end - limits.sessionWindowMax);
    work.answers.push({ session: session.id, ...answer });
    for (const range of answer.outcomes) {
      hash.mix(outcomeCodes.code(range.code));
      hash.mix(range.count);
      hash.mix53(range.n);
    }
  }

  /** Makes a view of the value unless the last one shows the same bytes: once a slot, not once a run. */
  #viewValue({ buffer, byteOffset, length }: Uint8Array): void {
    const view = this.#view;
    if (view.buffer === buffer && view.byteOffset === byteOffset && view.byteLength === length) return;
    this.#view = new DataView(buffer, byteOffset, length);
  }

  /** Whether the message names the same bytes as the one before it: then nothing needs to be decoded or looked up. */
  #isSameRoom(value: Uint8Array, run: RunReader): boolean {
    return isSpelt(this.#spelling, value, run);
  }

  #lookUpRoom(value: Uint8Array, run: RunReader, session: Session): void {
    const start = run.roomOffset;
    const end = start + run.roomLength;
    const place = hashOf(value, start, end) & (knownRooms - 1);
    const known = this.#known[place];
    if (known !== undefined && isSpelt(known.spelling, value, run)) {
      this.#spelling = known.spelling;
      this.#room = known.room;
    } else {
      this.#spelling = Buffer.from(value.subarray(start, end));
      const name = isUtf8(value, start, end) ? canonicalRoom(asBuffer(this.#spelling).toString('utf8')) : undefined;
      const room = name === undefined ? undefined : this.#world.findRoom(name);
      this.#room = room;
      // One without events is not part of the state yet: the same name spelt otherwise may bring another to life.
      if (room !== undefined && room.events > 0) this.#known[place] = { spelling: this.#spelling, room };
    }
    this.#judgeRoom(session);
  }

  /** Whether the session may do anything in the room. */
  #judgeRoom(session: Session): void {
    const room = this.#room;
    if (room === undefined) this.#roomCode = 'BAD_ROOM';
    else this.#roomCode = this.#world.isOpenTo(room.pair, session.name.tokenHash) ? 'ok' : 'NOT_ALLOWED';
  }

  /** Room first, then size, then characters: the order decides which code a message with several faults gets. */
  #judgeText(value: Uint8Array, run: RunReader, lines: boolean): OutcomeCode {
    if (this.#roomCode !== 'ok') return this.#roomCode;
    if (run.textLength > this.#world.limits.messageBytesMax) return 'TOO_LONG';
    return isCleanText(value, this.#view, run.textOffset, run.textOffset + run.textLength, lines) ? 'ok' : 'BAD_TEXT';
  }

  /** Gives the posts collected so far to their room. */
  #flush(offset: number, session: Session, outcomes: OutcomeRanges): void {
    const count = this.#pending;
    if (count === 0) return;
    this.#pending = 0;
    const room = this.#room;
    assert(room !== undefined, 'posts are accepted for a room only');
    outcomes.addPosts(count, room.posts + 1);
    this.#emit('posts', room, offset, this.#pendingIndex, count, session);
  }

  #emit(kind: 'posts' | 'others', room: Room, offset: number, index: number, count: number, session: Session): void {
    this.#world.emit(room, {
      kind,
      slot: this.#world.work.slot,
      firstEvent: room.events + 1,
      firstN: room.posts + 1,
      count,
      author: session.name.display,
      runOffset: offset,
      index,
    });
  }

  /** Everything that is no post. */
  #command(value: Uint8Array, offset: number, run: RunReader, session: Session): OutcomeCode {
    if (run.kind === nick) return this.#nick(value, run, session);
    const code = this.#judgeText(value, run, false);
    if (code !== 'ok') return code;
    const room = this.#room;
    assert(room !== undefined, 'a lawful room was looked up');
    let shown = true;
    if (run.kind === topic) {
      room.topic = asBuffer(value).toString('utf8', run.textOffset, run.textOffset + run.textLength);
    } else {
      // Joining and leaving say nothing; a reason would be shown to nobody, so it is refused rather than lost.
      if (run.textLength > 0) return 'BAD_TEXT';
      if (run.kind === join) shown = !session.rooms.has(room) && enter(session, room);
      else if (run.kind === leave) shown = session.rooms.has(room) && exit(session, room);
      else return 'UNKNOWN_COMMAND';
    }
    if (shown) this.#emit('others', room, offset, run.index, 1, session);
    return 'ok';
  }

  /** Speaks under another name from now on: a new one, which is claimed, or one that the same token owns already. */
  #nick(value: Uint8Array, run: RunReader, session: Session): OutcomeCode {
    const start = run.textOffset;
    if (run.textLength > 0xff || !isUtf8(value, start, start + run.textLength)) return 'BAD_NAME';
    const wish = asBuffer(value).toString('utf8', start, start + run.textLength);
    if (!isName(wish)) return 'BAD_NAME';
    const world = this.#world;
    const folded = foldName(wish);
    if (world.blocked.has(folded)) return 'NAME_BLOCKED';
    const owned = world.names.get(folded);
    const old = session.name;
    if (owned !== undefined && Buffer.compare(owned.tokenHash, old.tokenHash) !== 0) return 'NAME_TAKEN';
    const shown = old.display;
    if (shown === wish) return 'ok';
    const name = owned ?? new Name(folded, wish, old.tokenHash);
    name.display = wish;
    world.names.set(folded, name);
    world.changes.names.add(name);
    // A name that was just claimed may open a direct room which was closed a message ago.
    this.#judgeRoom(session);
    if (name !== old) rename(session, name);
    for (const room of [...session.rooms].sort(compareRooms)) {
      world.emitInline(room, 'nick', session, shown, wish, run.seq);
    }
    if (name !== old) world.leaveIfGone(old);
    return 'ok';
  }
}

function isSpelt(spelling: Uint8Array, value: Uint8Array, { roomOffset, roomLength }: RunReader): boolean {
  if (roomLength !== spelling.length) return false;
  for (let i = 0; i < roomLength; i++) if (value[roomOffset + i] !== spelling[i]) return false;
  return true;
}

/** FNV-1a: good enough for a table whose hits are compared. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return hash ^ (hash >>> 16);
}
