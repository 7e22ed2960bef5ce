/** A log record in words: what stands at one place of the log, down to the messages of a batch, without any secret. */
import type { ReadRecord } from '../storage/index.js';
import {
  type Ballot,
  EntryReader,
  eventKinds,
  ITEM_ATTACH,
  ITEM_DETACH,
  ITEM_REGISTER,
  ITEM_RUN,
  ITEM_TOUCH,
  ProtocolError,
  RunReader,
  readAttach,
  readDetach,
  readEntryHeader,
  readRegister,
  readTouch,
} from '../wire/index.js';

/** One record as `log dump --json` prints it. */
export interface DumpedRecord {
  readonly segment: number;
  /** Byte in the segment's file. */
  readonly offset: number;
  /** Records are counted from 1 in a directory's life. */
  readonly sequence: number;
  readonly kind: 'promise' | 'accept' | 'chosen' | 'commit' | 'mark' | 'history';
  readonly slot?: number;
  readonly ballot?: string;
  /** With accept, chosen and history: what the value says, one item each. */
  readonly items?: readonly string[];
}

export function dumpRecord(segment: number, { place, record }: ReadRecord): DumpedRecord {
  const base = { segment, offset: place.offset, sequence: place.sequence, kind: record.kind };
  switch (record.kind) {
    case 'promise':
      return { ...base, ballot: ballotText(record.ballot) };
    case 'commit':
      return { ...base, slot: record.upto };
    case 'accept':
    case 'chosen':
      return { ...base, slot: record.slot, ballot: ballotText(record.ballot), items: entryItems(record.value) };
    case 'history':
      return { ...base, slot: record.slot, items: entryItems(record.value) };
    case 'mark':
      return base;
  }
}

/** The same for people; not yet sanitised. */
export function recordLine(record: DumpedRecord): string {
  const { segment, offset, sequence, kind, slot, ballot, items } = record;
  const parts = [`${segment}+${offset}`, `#${sequence}`, kind];
  if (slot !== undefined) parts.push(kind === 'commit' ? `through slot ${slot}` : `slot ${slot}`);
  if (ballot !== undefined) parts.push(`ballot ${ballot}`);
  if (items !== undefined) parts.push(`[${items.join(' | ')}]`);
  return parts.join(' ');
}

function ballotText({ round, server }: Ballot): string {
  return `${round}.${server}`;
}

/** What an entry holds. Bytes that are no entry are named, not hidden: a dump is read when something is wrong. */
export function entryItems(value: Uint8Array): string[] {
  const items: string[] = [];
  try {
    const header = readEntryHeader(value);
    if (header.noop) return ['no-op'];
    const reader = new EntryReader().resetEntry(value);
    while (reader.next()) items.push(...itemText(value, reader));
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    items.push(`not readable: ${error.message}`);
  }
  return items;
}

function itemText(value: Uint8Array, { kind, index, offset, length, end }: EntryReader): string[] {
  switch (kind) {
    case ITEM_RUN:
      return runTexts(value, offset, end);
    case ITEM_REGISTER: {
      const { name, server, window } = readRegister(value, offset, length);
      return [`register "${name}" index ${index} at server ${server} window ${window}`];
    }
    case ITEM_TOUCH:
      return [`touch ${readTouch(value, offset, length).map(sessionText).join(' ')}`];
    case ITEM_ATTACH: {
      const { session, server } = readAttach(value, offset, length);
      return [`attach ${sessionText(session)} to server ${server}`];
    }
    case ITEM_DETACH: {
      const { session, attachment } = readDetach(value, offset, length);
      return [`detach ${sessionText(session)} attachment ${attachment}`];
    }
    default:
      return [`item of unknown kind ${kind}`];
  }
}

function runTexts(value: Uint8Array, offset: number, end: number): string[] {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const run = new RunReader().reset(value, offset, end);
  const session = sessionText({ slot: run.sessionSlot, index: run.sessionIndex });
  const texts: string[] = [];
  while (run.next()) {
    const room = bytes.toString('utf8', run.roomOffset, run.roomOffset + run.roomLength);
    const text = bytes.toString('utf8', run.textOffset, run.textOffset + run.textLength);
    texts.push(
      `${session} seq ${run.seq} ${eventKinds.words[run.kind - 1] ?? run.kind} ${room} ${JSON.stringify(text)}`,
    );
  }
  return texts;
}

function sessionText({ slot, index }: { readonly slot: number; readonly index: number }): string {
  return `session ${slot}/${index}`;
}
