/** The rows of what operators decided, and back: what rooms keep, which names are blocked, and that there is any. */
import { ByteReader, ByteWriter, DamagedRow } from './bytes.js';
import { blockKey, decidedKey, floorKey } from './keys.js';
import type { Room } from './model.js';
import { type Mark, Retention } from './retention.js';
import type { Row } from './types.js';
import type { World } from './world.js';

/** Of each kind of row here; a row of another version is refused. */
const version = 1;

export function floorRow(name: string, { count, ageMs, event, eventN, n, newestMs, marks }: Retention): Row {
  const writer = new ByteWriter();
  writer.u8(version);
  for (const number of [count, ageMs, event, eventN, n, newestMs]) writer.varint(number);
  for (const mark of marks) {
    writer.varint(mark.atMs);
    writer.varint(mark.event);
    writer.varint(mark.n);
  }
  return { key: floorKey(name), value: writer.copy() };
}

export function blockRow(folded: string, why: string): Row {
  const writer = new ByteWriter();
  writer.u8(version);
  writer.text(why);
  return { key: blockKey(folded), value: writer.copy() };
}

export function decidedRow(decisions: number): Row {
  const writer = new ByteWriter(16);
  writer.u8(version);
  writer.varint(decisions);
  return { key: decidedKey, value: writer.copy() };
}

export function loadFloor(room: Room | undefined, value: Uint8Array): void {
  if (room === undefined) throw new DamagedRow('what is kept of a room that does not exist');
  const reader = read(value);
  const retention = new Retention();
  retention.count = reader.varint();
  retention.ageMs = reader.varint();
  retention.event = reader.varint();
  retention.eventN = reader.varint();
  retention.n = reader.varint();
  retention.newestMs = reader.varint();
  const marks: Mark[] = [];
  while (!reader.done) marks.push({ atMs: reader.varint(), event: reader.varint(), n: reader.varint() });
  retention.marks = marks;
  const { event, eventN, n } = retention;
  const isInside = event <= room.events + 1 && eventN <= room.posts + 1 && n <= Math.max(1, room.posts);
  if (event < 1 || eventN < 1 || n < 1 || !isInside)
    throw new DamagedRow(`more of ${room.name} is deleted than there was`);
  room.retention = retention;
}

export function loadBlock(world: World, folded: string, value: Uint8Array): void {
  const reader = read(value);
  world.blocked.set(folded, reader.text());
  reader.end();
}

export function loadDecided(world: World, value: Uint8Array): void {
  const reader = read(value);
  world.decisions = reader.varint();
  reader.end();
}

function read(value: Uint8Array): ByteReader {
  const reader = new ByteReader(value);
  if (reader.u8() !== version) throw new DamagedRow('a decision of another version of synod');
  return reader;
}
