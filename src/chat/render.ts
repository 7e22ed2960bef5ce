/** Turns spans and the values they point into back into the events that people see: live groups and pages alike. */
import { asBuffer, assert } from '../base/index.js';
import type { EventGroup, RoomEvent, Slot } from '../wire/index.js';
import { eventKinds, ProtocolError, RunReader, readEntryHeader } from '../wire/index.js';
import type { MessageSpan, Span } from './spans.js';

/** Index and log don't fit together: one of them is damaged, or they belong to different servers. */
export class HistoryError extends Error {
  override readonly name = 'HistoryError';
}

/** What an event costs in a frame beside its text and its author, and a group beside its events; rounded up. */
const eventBytes = 48;
const groupBytes = 64;

/** One for all: rendering is never interrupted. */
const reader = new RunReader();

/** A group being built, with its size. */
interface OpenGroup {
  readonly slot: Slot;
  readonly wallMs: number;
  readonly firstEvent: number;
  readonly firstN: number;
  readonly events: RoomEvent[];
  readonly sizes: number[];
  bytes: number;
}

/**
 * Gathers events into groups of one slot each. A slot whose events exceed `groupBytesMax` gives several groups, so that
 * each fits a frame.
 */
export class GroupBuilder {
  readonly #groups: OpenGroup[] = [];
  readonly #groupBytesMax: number;
  #bytes = 0;

  constructor(groupBytesMax: number) {
    this.#groupBytesMax = groupBytesMax;
  }

  /** Adds the part of `span` that lies in [start, stop), by event number. `value` is the value of the span's slot. */
  add(span: Span, value: Uint8Array, start: number, stop: number): void {
    const from = Math.max(start, span.firstEvent);
    const to = Math.min(stop, span.firstEvent + span.count);
    if (from >= to) return;
    try {
      this.#addSpan(span, value, from, to);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      throw new HistoryError(`slot ${span.slot} does not hold what its index names: ${error.message}`);
    }
  }

  #addSpan(span: Span, value: Uint8Array, from: number, to: number): void {
    if ('seq' in span) {
      const session = { slot: span.sessionSlot, index: span.sessionIndex };
      const event: RoomEvent = { kind: span.kind, from: span.author, text: span.text, session, seq: span.seq };
      this.#push(span.slot, value, span.firstEvent, span.firstN, event, span.text.length * 3 + span.author.length);
    } else {
      this.#addMessages(span, value, from, to);
    }
  }

  /** What the groups held take together. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Lets go of the oldest groups as long as the later ones alone fill `bytesMax`. */
  keepEnd(bytesMax: number): void {
    for (let first = this.#groups[0]; first !== undefined; first = this.#groups[0]) {
      if (this.#bytes - first.bytes < bytesMax) return;
      this.#bytes -= first.bytes;
      this.#groups.shift();
    }
  }

  /** All events in rising order. */
  groups(): EventGroup[] {
    return this.#groups.map(closed);
  }

  /** As many events from the beginning (or, with `keepEnd`, from the end) as fit into `bytesMax`, but at least one. */
  groupsWithin(bytesMax: number, keepEnd: boolean): EventGroup[] {
    const kept: EventGroup[] = [];
    let left = bytesMax;
    const order = keepEnd ? this.#groups.slice().reverse() : this.#groups;
    for (const group of order) {
      left -= groupBytes;
      const sizes = keepEnd ? group.sizes.slice().reverse() : group.sizes;
      let count = 0;
      for (const size of sizes) {
        if (size > left && (count > 0 || kept.length > 0)) break;
        left -= size;
        count += 1;
      }
      if (count > 0)
        kept.push(keepEnd ? cut(group, group.events.length - count, group.events.length) : cut(group, 0, count));
      if (count < group.events.length) break;
    }
    return keepEnd ? kept.reverse() : kept;
  }

  #addMessages(span: MessageSpan, value: Uint8Array, from: number, to: number): void {
    const bytes = asBuffer(value);
    const run = reader.reset(value, span.runOffset);
    const session = { slot: run.sessionSlot, index: run.sessionIndex };
    for (let event = span.firstEvent - span.index; event < to; event++) {
      if (!run.next()) throw new HistoryError(`slot ${span.slot} ends before the messages its index names`);
      if (event < from) continue;
      const firstN = span.kind === 'posts' ? span.firstN + (event - span.firstEvent) : span.firstN;
      const text = bytes.toString('utf8', run.textOffset, run.textOffset + run.textLength);
      const kind = eventKinds.words[run.kind - 1];
      assert(kind !== undefined, 'a run reader gives known kinds');
      const size = run.textLength + span.author.length;
      this.#push(span.slot, value, event, firstN, { kind, from: span.author, text, session, seq: run.seq }, size);
    }
  }

  #push(slot: Slot, value: Uint8Array, number: number, n: number, event: RoomEvent, textBytes: number): void {
    const size = eventBytes + textBytes;
    let group = this.#groups[this.#groups.length - 1];
    if (group === undefined || group.slot !== slot || group.bytes + size > this.#groupBytesMax) {
      const { wallMs } = readEntryHeader(value);
      group = { slot, wallMs, firstEvent: number, firstN: n, events: [], sizes: [], bytes: groupBytes };
      this.#groups.push(group);
      this.#bytes += groupBytes;
    }
    group.events.push(event);
    group.sizes.push(size);
    group.bytes += size;
    this.#bytes += size;
  }
}

function closed(group: OpenGroup): EventGroup {
  return cut(group, 0, group.events.length);
}

/** The events [from, to) of a group as a group of their own. */
function cut(group: OpenGroup, from: number, to: number): EventGroup {
  let firstN = group.firstN;
  for (let i = 0; i < from; i++) if (isPost(group.events[i])) firstN += 1;
  const { slot, wallMs } = group;
  const events = from === 0 && to === group.events.length ? group.events : group.events.slice(from, to);
  return { slot, wallMs, firstEvent: group.firstEvent + from, firstN, events };
}

function isPost(event: RoomEvent | undefined): boolean {
  return event !== undefined && (event.kind === 'post' || event.kind === 'action');
}
