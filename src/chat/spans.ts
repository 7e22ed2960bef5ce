/** Spans say where in the log a room's events stand; index rows hold them in order, packed. */
import { assert } from '../base/index.js';
import type { Slot } from '../wire/index.js';
import { ByteReader, ByteWriter, DamagedRow } from './bytes.js';

/** Consecutive messages of one run that became consecutive events of one room: posts and actions, or the others. */
export interface MessageSpan {
  readonly kind: 'posts' | 'others';
  readonly slot: Slot;
  readonly firstEvent: number;
  /** The number of the first post in this span or after it. */
  readonly firstN: number;
  /** Messages. */
  readonly count: number;
  readonly author: string;
  /** Where the run begins in the slot's value. */
  readonly runOffset: number;
  /** The 0-based place of the first message in the run: its seq is the run's first seq + index. */
  readonly index: number;
}

/** One event without bytes of its own in the log: a leave that nobody sent, or a nick, which shows in many rooms. */
export interface InlineSpan {
  readonly kind: 'leave' | 'nick';
  readonly slot: Slot;
  readonly firstEvent: number;
  readonly firstN: number;
  readonly count: 1;
  readonly author: string;
  /** The new name of a nick, else "". */
  readonly text: string;
  readonly sessionSlot: Slot;
  readonly sessionIndex: number;
  /** The seq of the nick, 0 for a leave. */
  readonly seq: number;
}

export type Span = MessageSpan | InlineSpan;

const kinds = ['posts', 'others', 'leave', 'nick'] as const;
/** Set in a span's first byte when slot or author are those of the span before, which is the common case. */
const sameSlot = 0x10;
const sameAuthor = 0x20;
const version = 1;

/** An index row: where it begins, how far it reaches, and its bytes. */
export interface IndexRow {
  readonly firstEvent: number;
  readonly events: number;
  readonly firstN: number;
  readonly posts: number;
  readonly bytes: Uint8Array;
}

/** Builds one index row span by span. Until it is finished it lives in memory as its bytes. */
export class IndexRowBuilder {
  readonly #writer = new ByteWriter();
  #firstEvent = 0;
  #firstN = 0;
  #events = 0;
  #posts = 0;
  #spans = 0;
  #slot = 0;
  #author = '';

  get events(): number {
    return this.#events;
  }

  get spans(): number {
    return this.#spans;
  }

  append(span: Span): void {
    if (this.#events === 0) this.#begin(span.firstEvent, span.firstN);
    assert(span.firstEvent === this.#firstEvent + this.#events, 'an index row has no gaps between events');
    assert(span.firstN === this.#firstN + this.#posts, 'an index row has no gaps between posts');
    assert(span.slot >= this.#slot, 'an index row goes forward in the log');
    const repeats = span.slot === this.#slot;
    const sameName = span.author === this.#author;
    const writer = this.#writer;
    writer.u8(kinds.indexOf(span.kind) | (repeats ? sameSlot : 0) | (sameName ? sameAuthor : 0));
    if (!repeats) writer.varint(span.slot - this.#slot);
    if (!sameName) writer.text(span.author);
    if ('runOffset' in span) {
      writer.varint(span.runOffset);
      writer.varint(span.index);
      writer.varint(span.count);
    } else {
      writer.varint(span.sessionSlot);
      writer.varint(span.sessionIndex);
      writer.varint(span.seq);
      if (span.kind === 'nick') writer.text(span.text);
    }
    this.#slot = span.slot;
    this.#author = span.author;
    this.#spans += 1;
    this.#events += span.count;
    if (span.kind === 'posts') this.#posts += span.count;
  }

  /** The row as it stands, its bytes copied; undefined while it is empty. */
  row(): IndexRow | undefined {
    if (this.#events === 0) return undefined;
    return {
      firstEvent: this.#firstEvent,
      events: this.#events,
      firstN: this.#firstN,
      posts: this.#posts,
      bytes: this.#writer.copy(),
    };
  }

  /** Begins anew, with the next span's numbers. */
  clear(): void {
    this.#events = 0;
    this.#posts = 0;
    this.#spans = 0;
  }

  /** Goes on where a stored, unfinished row stopped. */
  resume(bytes: Uint8Array): void {
    this.clear();
    for (const span of readIndexRow(bytes)) this.append(span);
  }

  #begin(firstEvent: number, firstN: number): void {
    this.#writer.clear();
    this.#writer.u8(version);
    this.#writer.varint(firstEvent);
    this.#writer.varint(firstN);
    this.#firstEvent = firstEvent;
    this.#firstN = firstN;
    this.#slot = 0;
    this.#author = '';
  }
}

/** The spans of an index row; throws {@link DamagedRow} if these are no bytes of one. */
export function readIndexRow(bytes: Uint8Array): Span[] {
  const reader = new ByteReader(bytes);
  if (reader.u8() !== version) throw new DamagedRow('an index row of another version of synod');
  let firstEvent = reader.varint();
  let firstN = reader.varint();
  let slot = 0;
  let author = '';
  const spans: Span[] = [];
  while (!reader.done) {
    const tag = reader.u8();
    const kind = kinds[tag & 0x0f];
    if (kind === undefined || (tag & 0xc0) !== 0) throw new DamagedRow('an index row holds an unknown kind of span');
    if ((tag & sameSlot) === 0) slot += reader.varint();
    if ((tag & sameAuthor) === 0) author = reader.text();
    if (kind === 'posts' || kind === 'others') {
      const runOffset = reader.varint();
      const index = reader.varint();
      const count = reader.varint();
      spans.push({ kind, slot, firstEvent, firstN, count, author, runOffset, index });
      firstEvent += count;
      if (kind === 'posts') firstN += count;
    } else {
      const sessionSlot = reader.varint();
      const sessionIndex = reader.varint();
      const seq = reader.varint();
      const text = kind === 'nick' ? reader.text() : '';
      spans.push({ kind, slot, firstEvent, firstN, count: 1, author, text, sessionSlot, sessionIndex, seq });
      firstEvent += 1;
    }
  }
  return spans;
}
