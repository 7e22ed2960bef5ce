/** The fields that several messages share: ballots, sessions, enumerations, lists of texts. */
import { assert, InvariantError } from '../base/index.js';
import { ProtocolError } from './errors.js';
import type { Reader } from './reader.js';
import type { Ballot, SessionId } from './types.js';
import type { Writer } from './writer.js';

/** Cluster ids, membership hashes, birth ids and nonces. */
export const ID_BYTES = 16;
/** State hashes. */
export const HASH_BYTES = 8;

/** u53 round, u16 server, u53 incarnation. Round 0 is "none" and then the rest is 0 too. */
export function writeBallot(w: Writer, ballot: Ballot): void {
  assert(isBallot(ballot), "a ballot that is neither none nor somebody's");
  w.u53(ballot.round);
  w.u16(ballot.server);
  w.u53(ballot.incarnation);
}

export function readBallot(r: Reader): Ballot {
  const ballot = { round: r.u53(), server: r.u16(), incarnation: r.u53() };
  if (!isBallot(ballot)) throw new ProtocolError('outOfRange', `ballot ${ballot.round}.${ballot.server} is impossible`);
  return ballot;
}

/** A ballot somebody votes at: never "none". */
export function writeRealBallot(w: Writer, ballot: Ballot): void {
  assert(ballot.round > 0, 'ballot of round 0');
  writeBallot(w, ballot);
}

export function readRealBallot(r: Reader): Ballot {
  const ballot = readBallot(r);
  if (ballot.round === 0) throw new ProtocolError('outOfRange', 'ballot of round 0');
  return ballot;
}

function isBallot(ballot: Ballot): boolean {
  return ballot.round > 0 ? ballot.server > 0 : ballot.server === 0 && ballot.incarnation === 0;
}

/** u53 slot, u32 index. Slot 0 is "none". */
export function writeSession(w: Writer, session: SessionId): void {
  w.u53(session.slot);
  w.u32(session.index);
}

export function readSession(r: Reader): SessionId {
  return { slot: r.u53(), index: r.u32() };
}

/** A closed set of words, on the wire as u8 from 1 on; 0 is never lawful, so that zeroed bytes mean nothing. */
export interface Enumeration<T extends string> {
  readonly words: readonly T[];
  code(word: T): number;
  write(w: Writer, word: T): void;
  read(r: Reader): T;
}

/** The words in the order of their codes 1, 2, 3 …; append only. */
export function enumeration<const T extends string>(words: readonly T[]): Enumeration<T> {
  const codes = new Map<T, number>(words.map((word, i) => [word, i + 1]));
  const code = (word: T): number => {
    const found = codes.get(word);
    // Called for every message and event: the text is made only when it is needed.
    if (found === undefined) throw new InvariantError(`${word} is none of ${words.join(' ')}`);
    return found;
  };
  return {
    words,
    code,
    write: (w, word) => w.u8(code(word)),
    read: (r) => {
      const value = r.u8();
      const word = words[value - 1];
      if (word === undefined) throw new ProtocolError('unknownValue', `${value} is none of 1..${words.length}`);
      return word;
    },
  };
}

/** u16 count, then that many elements of at least `elementBytes`. */
export function writeList<T>(w: Writer, items: readonly T[], write: (w: Writer, item: T) => void): void {
  w.u16(items.length);
  for (const item of items) write(w, item);
}

export function readList<T>(r: Reader, elementBytes: number, read: (r: Reader) => T): T[] {
  const count = r.count16(elementBytes);
  const items: T[] = [];
  for (let i = 0; i < count; i++) items.push(read(r));
  return items;
}

/** u16 count of texts. */
export function writeStrings(w: Writer, texts: readonly string[]): void {
  w.u16(texts.length);
  for (const text of texts) w.string(text);
}

export function readStrings(r: Reader): string[] {
  const count = r.count16(2);
  const texts: string[] = [];
  for (let i = 0; i < count; i++) texts.push(r.string());
  return texts;
}

/** At most `charsMax` UTF-16 units of a text that only people read; a surrogate pair is never cut in two. */
export function clip(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  const last = text.charCodeAt(charsMax - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? charsMax - 1 : charsMax);
}
