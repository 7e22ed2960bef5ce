/**
 * Applies whole entries: the log clock, expiry, then item by item. What cannot be read has no effect and is counted.
 */
import { assert, crc32 } from '../base/index.js';
import {
  EntryReader,
  type EventGroup,
  ITEM_ATTACH,
  ITEM_DECISION,
  ITEM_DETACH,
  ITEM_MEMBERS,
  ITEM_REGISTER,
  ITEM_RUN,
  ITEM_TOUCH,
  type OutcomeCode,
  outcomeCodes,
  ProtocolError,
  RunReader,
  readAttach,
  readDecision,
  readDetach,
  readEntryHeader,
  readMembers,
  readRegister,
  readTouch,
  type SessionId,
  type Slot,
} from '../wire/index.js';
import { RunApplier } from './apply-run.js';
import { applyDecision } from './decisions.js';
import { Name, Session } from './model.js';
import { begin, setAttached } from './presence.js';
import { GroupBuilder } from './render.js';
import { foldName, isName } from './rules.js';
import type { Applied, RoomGroup } from './types.js';
import { noWork, type World } from './world.js';

const nobody: SessionId = Object.freeze({ slot: 0, index: 0 });

export class Applier {
  readonly #world: World;
  readonly #wanted: (room: string) => boolean;
  readonly #items = new EntryReader();
  readonly #run = new RunReader();
  readonly #runs: RunApplier;

  constructor(world: World, wanted: (room: string) => boolean) {
    this.#world = world;
    this.#wanted = wanted;
    this.#runs = new RunApplier(world);
  }

  apply(slot: Slot, value: Uint8Array): Applied {
    const world = this.#world;
    assert(slot === world.applied + 1, `slot ${slot} is applied after ${world.applied}`);
    const work = noWork(slot);
    world.work = work;
    world.hash.mix53(slot);
    world.hash.mix(crc32(value));
    world.hash.mix(value.length);
    this.#guard(() => {
      const header = readEntryHeader(value);
      world.clockMs += header.elapsedMs;
      world.expire();
      if (!header.noop) this.#applyItems(value);
    });
    world.hash.mix(work.skippedItems);
    world.hash.mix53(world.clockMs);
    world.skippedItems += work.skippedItems;
    world.applied = slot;
    return this.#finish(value);
  }

  #applyItems(value: Uint8Array): void {
    const items = this.#items.resetEntry(value);
    while (items.next()) this.#guard(() => this.#applyItem(value));
  }

  /**
   * Bytes that are no lawful item have no effect, on every server alike: a server that stopped over them could never be
   * started again. The step must read everything it needs before it changes anything.
   */
  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#world.work.skippedItems += 1;
    }
  }

  #applyItem(value: Uint8Array): void {
    const { kind, offset, length, index } = this.#items;
    if (kind === ITEM_RUN) this.#applyRun(value, offset, length);
    else if (kind === ITEM_REGISTER) this.#applyRegister(value, offset, length, index);
    else if (kind === ITEM_TOUCH) this.#applyTouch(value, offset, length);
    else if (kind === ITEM_ATTACH) this.#applyAttach(value, offset, length);
    else if (kind === ITEM_DETACH) this.#applyDetach(value, offset, length);
    else if (kind === ITEM_MEMBERS) this.#applyMembers(value, offset, length);
    else if (kind === ITEM_DECISION) applyDecision(this.#world, readDecision(value, offset, length));
  }

  #applyRun(value: Uint8Array, offset: number, length: number): void {
    const run = this.#run.reset(value, offset, offset + length);
    while (run.next());
    run.reset(value, offset, offset + length);
    const { sessions, work, hash } = this.#world;
    const session = sessions.get(run.sessionSlot, run.sessionIndex);
    if (session !== undefined && equalNonce(session.nonce, value, run.nonceOffset)) {
      this.#runs.apply(value, offset, run, session);
      return;
    }
    const code: OutcomeCode = session === undefined ? 'SESSION_EXPIRED' : 'BAD_NONCE';
    hash.mix(outcomeCodes.code(code));
    const id = { slot: run.sessionSlot, index: run.sessionIndex };
    const outcomes = [{ code, count: run.count, n: 0 }];
    work.answers.push({ session: id, firstSeq: run.firstSeq, slot: work.slot, outcomes });
  }

  #applyRegister(value: Uint8Array, offset: number, length: number, index: number): void {
    const { nonce, window, server, tokenHash, name: wish } = readRegister(value, offset, length);
    const world = this.#world;
    const known = world.sessions.withNonce(nonce);
    if (known !== undefined) {
      // The same register once more. Whoever shows the nonce with another token is somebody else.
      const same = Buffer.compare(known.name.tokenHash, tokenHash) === 0;
      if (same) this.#attach(known, server);
      this.#registered(nonce, same ? 'ok' : 'BAD_NONCE', server, same ? known : undefined);
      return;
    }
    if (!isName(wish)) {
      this.#registered(nonce, 'BAD_NAME', server, undefined);
      return;
    }
    const folded = foldName(wish);
    if (world.blocked.has(folded)) {
      this.#registered(nonce, 'NAME_BLOCKED', server, undefined);
      return;
    }
    let name = world.names.get(folded);
    if (name !== undefined && Buffer.compare(name.tokenHash, tokenHash) !== 0) {
      this.#registered(nonce, 'NAME_TAKEN', server, undefined);
      return;
    }
    if (name === undefined) {
      name = new Name(folded, wish, Buffer.from(tokenHash));
      world.names.set(folded, name);
      world.changes.names.add(name);
    }
    const granted = Math.min(window, world.limits.sessionWindowMax);
    const session = new Session({ slot: world.work.slot, index }, Buffer.from(nonce), name, granted);
    world.sessions.add(session);
    begin(session, false);
    this.#attach(session, server);
    this.#registered(nonce, 'ok', server, session);
  }

  #registered(nonce: Uint8Array, code: OutcomeCode, server: number, session: Session | undefined): void {
    const { work, hash } = this.#world;
    hash.mix(outcomeCodes.code(code));
    hash.mix53(session?.attachment ?? 0);
    work.registrations.push({
      nonce,
      code,
      session: session?.id ?? nobody,
      name: session?.name.display ?? '',
      window: session?.window ?? 0,
      lastSeq: session?.lastSeq ?? 0,
      server,
      attachment: session?.attachment ?? 0,
    });
  }

  #applyAttach(value: Uint8Array, offset: number, length: number): void {
    const { session: id, nonce, server } = readAttach(value, offset, length);
    const { sessions, work, hash } = this.#world;
    const session = sessions.get(id.slot, id.index);
    let code: OutcomeCode = 'ok';
    if (session === undefined) code = 'SESSION_EXPIRED';
    else if (!equalNonce(session.nonce, nonce, 0)) code = 'BAD_NONCE';
    else this.#attach(session, server);
    const attachment = code === 'ok' && session !== undefined ? session.attachment : 0;
    hash.mix(outcomeCodes.code(code));
    hash.mix53(attachment);
    work.attachments.push({ session: id, nonce, code, server, attachment });
  }

  #attach(session: Session, server: number): void {
    this.#world.sessions.touch(session, this.#world.clockMs);
    session.server = server;
    session.attachment += 1;
    setAttached(session, true);
    this.#world.changes.sessions.add(session);
  }

  /** The connection of an attachment is lost for good; void once the client has been attached anew. */
  #applyDetach(value: Uint8Array, offset: number, length: number): void {
    const { session: id, attachment } = readDetach(value, offset, length);
    const session = this.#world.sessions.get(id.slot, id.index);
    const holds = session?.attached === true && session.attachment === attachment;
    this.#world.hash.mix(holds ? 1 : 0);
    if (session === undefined || !holds) return;
    // It was there until a moment ago, however long it said nothing: the sessions lost longest ago end first.
    this.#world.sessions.touch(session, this.#world.clockMs);
    setAttached(session, false);
    this.#world.changes.sessions.add(session);
    this.#world.leaveIfGone(session.name);
    this.#world.endOldestAway(session.name);
  }

  #applyTouch(value: Uint8Array, offset: number, length: number): void {
    const { sessions, clockMs, changes } = this.#world;
    for (const id of readTouch(value, offset, length)) {
      const session = sessions.get(id.slot, id.index);
      if (session === undefined) continue;
      sessions.touch(session, clockMs);
      changes.sessions.add(session);
    }
  }

  /** One change at a time: it follows on the one before, which governs already (PAXOS.md, Changing the members). */
  #applyMembers(value: Uint8Array, offset: number, length: number): void {
    const { epoch, seats } = readMembers(value, offset, length);
    const world = this.#world;
    const { slot } = world.work;
    const last = world.members.at(-1);
    const governs = last === undefined || slot >= last.from;
    const holds = governs && epoch === (last?.epoch ?? 1) + 1;
    world.hash.mix(holds ? 1 : 0);
    if (!holds) return;
    const from = slot + world.limits.membersAheadSlots;
    const change = { epoch, from, seats: seats.map((seat) => ({ ...seat, birthId: Buffer.from(seat.birthId) })) };
    world.members = last === undefined ? [change] : [last, change];
    world.work.members = change;
  }

  #finish(value: Uint8Array): Applied {
    const { slot, answers, registrations, attachments, expired, members, decisions, told, touched, skippedItems } =
      this.#world.work;
    const groups: RoomGroup[] = [];
    const touchedRooms: string[] = [];
    for (const room of touched) {
      touchedRooms.push(room.name);
      if (this.#wanted(room.name)) {
        const builder = new GroupBuilder(this.#world.limits.deliverBytesMax);
        for (const span of room.fresh) builder.add(span, value, 1, room.events + 1);
        const built: EventGroup[] = builder.groups();
        for (const group of built) groups.push({ room: room.name, group });
      }
      room.fresh.length = 0;
    }
    // Field by field: a rest object is a call into the run-time and a copy for every slot.
    return {
      slot,
      answers,
      registrations,
      attachments,
      groups,
      touchedRooms,
      expired,
      members,
      decisions,
      told,
      skippedItems,
    };
  }
}

function equalNonce(nonce: Uint8Array, bytes: Uint8Array, offset: number): boolean {
  for (let i = 0; i < nonce.length; i++) if (nonce[i] !== bytes[offset + i]) return false;
  return true;
}
