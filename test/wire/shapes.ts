/**
 * Between the objects of the code, those of the tables (groups in spans, runs in fields) and those of JSON (bytes in
 * hex).
 */
import type { EventGroup, Message, RoomEvent, SessionId } from '../../src/wire/index.js';
import { build, type Protocol } from './layout.js';

interface Span {
  session: SessionId;
  firstSeq: number;
  from: string;
  events: { kind: string; text: string }[];
}

/** The object that the message's table describes. */
export function toTable(message: object): Record<string, unknown> {
  const value = { ...message } as Record<string, unknown>;
  if ('group' in value) value.group = groupToTable(value.group as EventGroup);
  if ('groups' in value) value.groups = (value.groups as EventGroup[]).map(groupToTable);
  return value;
}

function groupToTable(group: EventGroup): object {
  const spans: Span[] = [];
  let last: RoomEvent | undefined;
  for (const event of group.events) {
    const same =
      last !== undefined &&
      last.from === event.from &&
      last.seq + 1 === event.seq &&
      last.session.slot === event.session.slot &&
      last.session.index === event.session.index;
    if (!same) spans.push({ session: event.session, firstSeq: event.seq, from: event.from, events: [] });
    spans.at(-1)?.events.push({ kind: event.kind, text: event.text });
    last = event;
  }
  return { ...group, spans };
}

/** The opposite: a table's object as the code has it. */
export function fromTable(protocol: Protocol, type: string, value: Record<string, unknown>): Message {
  const message: Record<string, unknown> = { type, ...value };
  if (type === 'submit') message.run = Buffer.from(build(protocol, protocol.structures.get('run')!, value.run).bytes);
  if ('group' in message) message.group = groupFromTable(message.group as EventGroup & { spans: Span[] });
  if ('groups' in message) {
    message.groups = (message.groups as (EventGroup & { spans: Span[] })[]).map(groupFromTable);
  }
  return message as unknown as Message;
}

function groupFromTable({ spans, ...group }: EventGroup & { spans: Span[] }): EventGroup {
  const events = spans.flatMap((span) =>
    span.events.map((event, i) => ({ ...event, from: span.from, session: span.session, seq: span.firstSeq + i })),
  );
  return { ...group, events: events as RoomEvent[] };
}

/** Every byte field as `{ hex }`, so that Buffers and Uint8Arrays compare alike and fit into JSON. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { hex: Buffer.from(value).toString('hex') };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
  }
  return value;
}

/** The opposite of {@link plain}. */
export function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 1 && entries[0]?.[0] === 'hex') return Buffer.from(entries[0][1] as string, 'hex');
    return Object.fromEntries(entries.map(([key, inner]) => [key, revive(inner)]));
  }
  return value;
}
