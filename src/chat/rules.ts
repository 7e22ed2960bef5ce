/**
 * What a name, a room and a text may look like (CONTRACT.md, Limits): the one set of rules for the edge and for apply.
 */
import { assert, isUtf8 } from '../base/index.js';

/** A name: 1–30 characters of this alphabet. */
const namePattern = /^[A-Za-z_[\]{}^|\\][A-Za-z0-9_[\]{}^|\\-]{0,29}$/;
/** A channel: '#' and 1–49 characters without space, comma and control characters (C0, DEL, C1). */
const channelPattern = /^#[^\u0000-\u0020,\u007f-\u009f]{1,49}$/u;
/** A direct-message room carries two names; which names is checked apart. */
const directPattern = /^@([^,]+),([^,]+)$/;

/** Whether `name` may be claimed at all. */
export function isName(name: string): boolean {
  return namePattern.test(name);
}

/** The form under which names are compared: ASCII capitals made small. Only for strings that passed {@link isName}. */
export function foldName(name: string): string {
  assert(isName(name), 'only a lawful name is folded');
  return name.toLowerCase();
}

/** The direct-message room of two different names, whichever way round; undefined if these are no two names. */
export function directRoom(one: string, other: string): string | undefined {
  if (!isName(one) || !isName(other)) return undefined;
  const a = foldName(one);
  const b = foldName(other);
  if (a === b) return undefined;
  return a < b ? `@${a},${b}` : `@${b},${a}`;
}

/**
 * The one spelling under which a room is kept, or undefined if this is no room's name. A channel is taken as it is; the
 * names of a direct-message room are folded and sorted, so that "@Lala,Aaron" and "@aaron,lala" are the same room.
 */
export function canonicalRoom(room: string): string | undefined {
  if (room.startsWith('#')) return channelPattern.test(room) ? room : undefined;
  const names = directPattern.exec(room);
  return names === null ? undefined : directRoom(names[1] ?? '', names[2] ?? '');
}

/** The two folded names of a canonical direct-message room, or undefined for a channel. */
export function directNames(room: string): readonly [string, string] | undefined {
  const names = directPattern.exec(room);
  if (!room.startsWith('@') || names === null) return undefined;
  return [names[1] ?? '', names[2] ?? ''];
}

const newline = 0x0a;

/**
 * Whether bytes[from, to) is well-formed UTF-8 without control characters (C0, DEL, C1). A newline is allowed where
 * `lines` is true: messages of several lines are lawful, a topic in two lines is not. Runs once per message on the hot
 * path: it makes no string, and takes plain ASCII four bytes at a time through `view`, which shows the same bytes
 * (40 instead of 120 ns for 100 bytes).
 */
export function isCleanText(bytes: Uint8Array, view: DataView, from: number, to: number, lines: boolean): boolean {
  let at = from;
  for (; at + 4 <= to; at += 4) {
    const word = view.getInt32(at, true);
    // A byte below 0x20 borrows into its high bit, DEL carries into it, and what is not ASCII has it set already.
    if (((word | (word - 0x20202020) | (word + 0x01010101)) & 0x80808080) !== 0) break;
  }
  let wide = false;
  for (; at < to; at++) {
    const byte = bytes[at] as number;
    if (byte >= 0x20 && byte < 0x7f) continue;
    if (byte < 0x80) {
      if (byte === newline && lines) continue;
      return false;
    }
    wide = true;
    // The C1 controls, U+0080 to U+009F, are C2 80 to C2 9F.
    if (byte === 0xc2 && at + 1 < to && (bytes[at + 1] as number) < 0xa0) return false;
  }
  return !wide || isUtf8(bytes, from, to);
}
