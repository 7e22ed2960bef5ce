/**
 * The events of one room in one slot, as deliver and page carry them: consecutive lines of one author share a header.
 */
import { assert, U53_MAX } from '../base/index.js';
import { ProtocolError } from './errors.js';
import { readSession, writeSession } from './fields.js';
import { eventKinds } from './kinds.js';
import type { EventGroup, RoomEvent } from './messages/rooms.js';
import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

/** u53 slot · u53 wallMs · u53 firstEvent · u53 firstN · u16 spans. */
export const GROUP_BYTES_MIN = 4 * 8 + 2;
/** u8 kind and an empty text. */
const EVENT_BYTES_MIN = 1 + 2;
/** Session, u53 first seq, an empty name, u16 count and one event. */
const SPAN_BYTES_MIN = 12 + 8 + 2 + 2 + EVENT_BYTES_MIN;
const SPAN_EVENTS_MAX = 0xffff;

/**
 * A span is a stretch of events of one session under one name whose seqs rise by one: on the wire the author stands
 * once. How events are cut into spans means nothing; the fewest are written.
 */
export function writeGroup(w: Writer, group: EventGroup): void {
  const { events } = group;
  assert(events.length > 0, 'a group without events');
  assert(isCountable(group.firstEvent, events.length), 'event numbers above 2^53-1');
  assert(isCountable(group.firstN, events.length), 'post numbers above 2^53-1');
  w.u53(group.slot, 1);
  w.u53(group.wallMs);
  w.u53(group.firstEvent, 1);
  w.u53(group.firstN, 1);
  w.u16(countSpans(events));
  for (let start = 0; start < events.length; ) {
    const end = spanEnd(events, start);
    const first = events[start] as RoomEvent;
    assert(isCountable(first.seq, end - start), 'seqs above 2^53-1');
    writeSession(w, first.session);
    w.u53(first.seq);
    w.string(first.from);
    w.u16(end - start);
    for (let i = start; i < end; i++) {
      const event = events[i] as RoomEvent;
      eventKinds.write(w, event.kind);
      w.string(event.text);
    }
    start = end;
  }
}

function countSpans(events: readonly RoomEvent[]): number {
  let spans = 0;
  for (let start = 0; start < events.length; start = spanEnd(events, start)) spans++;
  return spans;
}

/** The index after the last event of the span that begins at `start`. */
function spanEnd(events: readonly RoomEvent[], start: number): number {
  const first = events[start] as RoomEvent;
  let end = start + 1;
  for (; end < events.length && end - start < SPAN_EVENTS_MAX; end++) {
    const event = events[end] as RoomEvent;
    if (event.seq !== first.seq + (end - start) || event.from !== first.from) break;
    if (event.session.slot !== first.session.slot || event.session.index !== first.session.index) break;
  }
  return end;
}

export function readGroup(r: Reader): EventGroup {
  const slot = r.u53(1);
  const wallMs = r.u53();
  const firstEvent = r.u53(1);
  const firstN = r.u53(1);
  const spans = r.count16(SPAN_BYTES_MIN);
  if (spans === 0) throw new ProtocolError('count', 'a group without events');
  const events: RoomEvent[] = [];
  for (let i = 0; i < spans; i++) readSpan(r, events);
  if (!isCountable(firstEvent, events.length) || !isCountable(firstN, events.length)) {
    throw new ProtocolError('outOfRange', `${events.length} events from ${firstEvent}, posts from ${firstN}`);
  }
  return { slot, wallMs, firstEvent, firstN, events };
}

function readSpan(r: Reader, events: RoomEvent[]): void {
  const session = readSession(r);
  const firstSeq = r.u53();
  const from = r.string();
  const count = r.count16(EVENT_BYTES_MIN);
  if (count === 0) throw new ProtocolError('count', 'a span without events');
  if (!isCountable(firstSeq, count)) throw new ProtocolError('outOfRange', `${count} events from seq ${firstSeq}`);
  for (let i = 0; i < count; i++) {
    const kind = eventKinds.read(r);
    events.push({ kind, from, text: r.string(), session, seq: firstSeq + i });
  }
}

/** The numbers first, first+1 … of `count` things are all safe integers. */
function isCountable(first: number, count: number): boolean {
  return first <= U53_MAX - (count - 1);
}
