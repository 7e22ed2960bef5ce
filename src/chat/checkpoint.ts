/** The state as rows and back: what a checkpoint writes, and what a restart reads. */
import { assert } from '../base/index.js';
import {
  HASH_BYTES,
  ID_BYTES,
  type Outcome,
  outcomeCodes,
  type Seat,
  type SessionId,
  type Slot,
  TOKEN_HASH_BYTES,
} from '../wire/index.js';
import { ByteReader, ByteWriter, DamagedRow } from './bytes.js';
import { loadBlock, loadDecided, loadFloor } from './decision-rows.js';
import { indexKey, metaKey, nameKey, originKey, postKey, roomKey, sessionKey, splitKey } from './keys.js';
import { compareRooms, Name, Room, Session } from './model.js';
import { begin, enter } from './presence.js';
import type { RowSum } from './row-sum.js';
import type { IndexRow } from './spans.js';
import type { MembersChange, Row } from './types.js';
import type { World } from './world.js';

/** Written into the meta row; a state of another version is refused. */
const version = 2;

/** Where the state stands: slot, hash and log clock of one moment, and the sum of all other rows that are loaded. */
export function metaRow(world: World, rowSum: RowSum): Row {
  const { rows, sum } = rowSum.value;
  const writer = new ByteWriter();
  writer.u8(version);
  writer.varint(world.applied);
  writer.raw(world.hash.bytes());
  writer.varint(world.clockMs);
  writer.varint(world.skippedItems);
  writer.varint(rows);
  writer.varint(sum);
  for (const change of world.members) writeMembers(writer, change);
  return { key: metaKey, value: writer.copy() };
}

export function originRow(origin: Slot): Row {
  const writer = new ByteWriter(16);
  writer.varint(origin);
  return { key: originKey, value: writer.copy() };
}

export function nameRow(name: Name): Row {
  const writer = new ByteWriter();
  writer.text(name.display);
  writer.raw(name.tokenHash);
  return { key: nameKey(name.folded), value: writer.copy() };
}

/** Who is present stands with the sessions; the index row that still grows stands here. */
export function roomRow(room: Room): Row {
  const writer = new ByteWriter();
  writer.varint(room.events);
  writer.varint(room.posts);
  writer.text(room.topic);
  const tail = room.tail.row();
  if (tail !== undefined) writer.raw(tail.bytes);
  return { key: roomKey(room.name), value: writer.copy() };
}

export function sessionRow(session: Session): Row {
  const writer = new ByteWriter(256);
  writer.raw(session.nonce);
  writer.text(session.name.folded);
  writer.varint(session.window);
  writer.varint(session.server);
  writer.varint(session.attachment);
  writer.u8(session.attached ? 1 : 0);
  writer.varint(session.lastSeq);
  writer.varint(session.activeMs);
  const rooms = [...session.rooms].sort(compareRooms);
  writer.varint(rooms.length);
  for (const room of rooms) writer.text(room.name);
  writer.varint(session.answers.below);
  for (const { firstSeq, slot, outcomes } of session.answers) {
    writer.varint(firstSeq);
    writer.varint(slot);
    writer.varint(outcomes.length);
    for (const { code, count, n } of outcomes) {
      writer.u8(outcomeCodes.code(code));
      writer.varint(count);
      writer.varint(n);
    }
  }
  return { key: sessionKey(session.id.slot, session.id.index), value: writer.copy() };
}

/** A finished index row, and the row that finds it by post number if it holds a post. */
export function indexRows(room: Room, row: IndexRow): Row[] {
  const rows: Row[] = [{ key: indexKey(room.name, row.firstEvent), value: row.bytes }];
  if (row.posts > 0) {
    const writer = new ByteWriter(8);
    writer.varint(row.firstEvent);
    rows.push({ key: postKey(room.name, row.firstN), value: writer.copy() });
  }
  return rows;
}

/**
 * Fills an empty world. Rows may come in any order, and index rows among them are passed over: they are history and
 * stay in the store. Throws {@link DamagedRow} if the rows are not what was once written together.
 */
export function loadRows(world: World, rows: Iterable<Row>): void {
  assert(world.applied === 0 && world.sessions.size === 0, 'only an empty state is loaded');
  const sessions: { id: SessionId; value: Uint8Array }[] = [];
  const floors: { room: string; value: Uint8Array }[] = [];
  let wanted: RowSum['value'] | undefined;
  for (const row of rows) {
    const { key, value } = row;
    const split = splitKey(key);
    if (split === undefined) continue;
    const { kind, rest } = split;
    if (kind === 'meta') wanted = loadMeta(world, value);
    else if (kind === 'name') loadName(world, rest.toString('latin1'), value);
    else if (kind === 'room') loadRoom(world, rest.toString('utf8'), value);
    else if (kind === 'session') sessions.push({ id: sessionId(rest), value });
    else if (kind === 'floor') floors.push({ room: rest.toString('utf8'), value });
    else if (kind === 'block') loadBlock(world, rest.toString('latin1'), value);
    else if (kind === 'decided') loadDecided(world, value);
    else if (kind === 'origin') loadOrigin(world, value);
    if (kind !== 'meta' && kind !== 'index' && kind !== 'post') world.rowSum.put(row);
  }
  const found = world.rowSum.value;
  if (wanted === undefined && found.rows > 0) throw new DamagedRow('a checkpoint without its meta row');
  if (wanted !== undefined && (wanted.rows !== found.rows || wanted.sum !== found.sum)) {
    throw new DamagedRow(`${found.rows} rows that are not the ${wanted.rows} of its last checkpoint`);
  }
  if (world.origin > world.applied) throw new DamagedRow('a cluster that began behind where it is');
  for (const { room, value } of floors) loadFloor(world.rooms.get(room), value);
  const loaded = sessions.map(({ id, value }) => loadSession(world, id, value));
  // The order of activity is the order of expiry; ties are broken there by id, so any order among them will do.
  loaded.sort((a, b) => a.activeMs - b.activeMs);
  for (const session of loaded) world.sessions.add(session);
}

/** Returns the sum of the rows that were written with it. */
function loadMeta(world: World, value: Uint8Array): RowSum['value'] {
  const reader = new ByteReader(value);
  if (reader.u8() !== version) throw new DamagedRow('a checkpoint of another version of synod');
  world.applied = reader.varint();
  world.hash.restore(reader.raw(HASH_BYTES));
  world.clockMs = reader.varint();
  world.skippedItems = reader.varint();
  const rowSum = { rows: reader.varint(), sum: reader.varint() };
  const members: MembersChange[] = [];
  while (!reader.done) members.push(readMembersChange(reader));
  world.members = members;
  return rowSum;
}

function writeMembers(writer: ByteWriter, { epoch, from, seats }: MembersChange): void {
  writer.varint(epoch);
  writer.varint(from);
  writer.varint(seats.length);
  for (const { id, birthId, votes, takes } of seats) {
    writer.varint(id);
    writer.raw(birthId);
    writer.u8(votes ? 1 : 0);
    writer.varint(takes);
  }
}

function readMembersChange(reader: ByteReader): MembersChange {
  const epoch = reader.varint();
  const from = reader.varint();
  const seats: Seat[] = [];
  for (let left = reader.varint(); left > 0; left--) {
    const id = reader.varint();
    const birthId = Buffer.from(reader.raw(ID_BYTES));
    seats.push({ id, birthId, votes: reader.u8() === 1, takes: reader.varint() });
  }
  return { epoch, from, seats };
}

function loadOrigin(world: World, value: Uint8Array): void {
  const reader = new ByteReader(value);
  world.origin = reader.varint();
  reader.end();
}

function loadName(world: World, folded: string, value: Uint8Array): void {
  const reader = new ByteReader(value);
  const display = reader.text();
  world.names.set(folded, new Name(folded, display, Buffer.from(reader.raw(TOKEN_HASH_BYTES))));
  reader.end();
}

function loadRoom(world: World, name: string, value: Uint8Array): void {
  const reader = new ByteReader(value);
  const room = new Room(name);
  room.events = reader.varint();
  room.posts = reader.varint();
  room.topic = reader.text();
  const tail = reader.rest();
  if (tail.length > 0) room.tail.resume(tail);
  const row = room.tail.row();
  if (
    row !== undefined &&
    (row.firstEvent + row.events - 1 !== room.events || row.firstN + row.posts - 1 !== room.posts)
  ) {
    throw new DamagedRow(`the index of ${name} does not reach to its last event`);
  }
  world.rooms.set(name, room);
}

function sessionId(rest: Buffer): SessionId {
  if (rest.length !== 12) throw new DamagedRow('a session key of the wrong length');
  return { slot: rest.readUInt32BE(0) * 0x1_0000_0000 + rest.readUInt32BE(4), index: rest.readUInt32BE(8) };
}

function loadSession(world: World, id: SessionId, value: Uint8Array): Session {
  const reader = new ByteReader(value);
  const nonce = Buffer.from(reader.raw(ID_BYTES));
  const name = world.names.get(reader.text());
  if (name === undefined) throw new DamagedRow('a session of a name that nobody claimed');
  const session = new Session(id, nonce, name, reader.varint());
  session.server = reader.varint();
  session.attachment = reader.varint();
  begin(session, reader.u8() === 1);
  session.lastSeq = reader.varint();
  session.activeMs = reader.varint();
  for (let left = reader.varint(); left > 0; left--) {
    const room = world.rooms.get(reader.text());
    if (room === undefined) throw new DamagedRow('a session in a room that does not exist');
    enter(session, room);
  }
  const below = reader.varint();
  while (!reader.done) {
    const firstSeq = reader.varint();
    const slot = reader.varint();
    const outcomes: Outcome[] = [];
    for (let left = reader.varint(); left > 0; left--) outcomes.push(readOutcome(reader));
    session.answers.push({ firstSeq, slot, outcomes });
  }
  session.answers.forget(below);
  return session;
}

function readOutcome(reader: ByteReader): Outcome {
  const code = outcomeCodes.words[reader.u8() - 1];
  if (code === undefined) throw new DamagedRow('a remembered answer with an unknown code');
  return { code, count: reader.varint(), n: reader.varint() };
}
