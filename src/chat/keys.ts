/** The keys of the chat's rows in the state store: all begin with 'c', then a letter for the kind. */
import { readU64, writeU32, writeU53 } from '../base/index.js';
import type { Slot } from '../wire/index.js';
import { DamagedRow } from './bytes.js';

/** Kinds of rows. `index` and `post` rows are history and stay in the store; the others are the live state. */
export const rowKinds = {
  meta: 'm',
  name: 'n',
  room: 'r',
  session: 's',
  index: 'e',
  post: 'p',
  floor: 'f',
  block: 'b',
  decided: 'd',
  origin: 'o',
} as const;

export type RowKind = keyof typeof rowKinds;

const family = 'c';

function prefixed(kind: RowKind, tailBytes: number): Buffer {
  const key = Buffer.alloc(2 + tailBytes);
  key.write(family + rowKinds[kind], 'latin1');
  return key;
}

export const metaKey: Uint8Array = prefixed('meta', 0);

export function nameKey(folded: string): Uint8Array {
  return Buffer.concat([prefixed('name', 0), Buffer.from(folded, 'latin1')]);
}

export function roomKey(room: string): Uint8Array {
  return Buffer.concat([prefixed('room', 0), Buffer.from(room, 'utf8')]);
}

/** What a room keeps. */
export function floorKey(room: string): Uint8Array {
  return Buffer.concat([prefixed('floor', 0), Buffer.from(room, 'utf8')]);
}

/** A blocked name. */
export function blockKey(folded: string): Uint8Array {
  return Buffer.concat([prefixed('block', 0), Buffer.from(folded, 'latin1')]);
}

/** How many decisions of operators the log holds; no row while it holds none. */
export const decidedKey: Uint8Array = prefixed('decided', 0);

/** With the state of which slot the cluster began; no row in one that began with nothing. */
export const originKey: Uint8Array = prefixed('origin', 0);

export function sessionKey(slot: Slot, index: number): Uint8Array {
  const key = prefixed('session', 12);
  writeU53(key, 2, slot);
  writeU32(key, 10, index);
  return key;
}

/** An index row of `room` whose first event is `firstEvent`. A zero byte ends the room, which holds none itself. */
export function indexKey(room: string, firstEvent: number): Uint8Array {
  return numberedKey('index', room, firstEvent);
}

/** Leads from the first post of an index row, `firstN`, to the row's first event. */
export function postKey(room: string, firstN: number): Uint8Array {
  return numberedKey('post', room, firstN);
}

function numberedKey(kind: RowKind, room: string, number: number): Uint8Array {
  const name = Buffer.from(room, 'utf8');
  const key = prefixed(kind, name.length + 9);
  key.set(name, 2);
  writeU53(key, 2 + name.length + 1, number);
  return key;
}

/** The number at the end of an index or post key. */
export function keyNumber(key: Uint8Array): number {
  const number = key.length < 11 ? Number.NaN : readU64(key, key.length - 8);
  if (!Number.isSafeInteger(number)) throw new DamagedRow('an index key without a lawful number');
  return number;
}

/** The kind of a row and what follows in its key, or undefined if it isn't one of the chat's rows. */
export function splitKey(key: Uint8Array): { kind: RowKind; rest: Buffer } | undefined {
  const letters = Buffer.from(key.subarray(0, 2)).toString('latin1');
  for (const kind of Object.keys(rowKinds) as RowKind[]) {
    if (letters === family + rowKinds[kind]) return { kind, rest: Buffer.from(key.subarray(2)) };
  }
  return undefined;
}

/** Whether a row is history, which stays in the store, and none of the live state. */
export function isHistoryRow(key: Uint8Array): boolean {
  const kind = splitKey(key)?.kind;
  return kind === 'index' || kind === 'post';
}

/** All rows of one kind: from ≤ key < to. */
export function kindRange(kind: RowKind): { readonly from: Uint8Array; readonly to: Uint8Array } {
  const from = prefixed(kind, 0);
  const to = Buffer.from(from);
  to[1] = (to[1] as number) + 1;
  return { from, to };
}
