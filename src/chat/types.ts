/** What applying the log gives back, what can be asked of the state, and the rows it is kept in. */
import type {
  DecisionVerb,
  EventGroup,
  MembersItem,
  Outcome,
  OutcomeCode,
  ServerId,
  SessionId,
  Slot,
} from '../wire/index.js';

/** The bounds that commands are held to. The same on every server, or the states diverge; only tests change them. */
export type ChatLimits = {
  readonly [name in
    | 'messageBytesMax'
    | 'sessionExpiryMs'
    | 'sessionWindowMax'
    | 'sessionsAwayMax'
    | 'indexRowSpans'
    | 'indexRowEventsMax'
    | 'pageEventsMax'
    | 'pageBytesMax'
    | 'deliverBytesMax'
    | 'membersAheadSlots']: number;
};

export interface ChatOptions {
  /** Whether groups of this room are needed at apply, because somebody subscribes to it. Never changes the state. */
  readonly wanted?: (room: string) => boolean;
  readonly limits?: Partial<ChatLimits>;
}

/**
 * What became of consecutive messages of a session. One run gives one answer for what it applied now and one for each
 * earlier slot in which a part of it was applied before; none for a gap and none for what the client said it knows.
 * BAD_NONCE and SESSION_EXPIRED had no effect in this slot; they say nothing about what the session did earlier.
 */
export interface Answer {
  readonly session: SessionId;
  readonly firstSeq: number;
  /** The slot in which they were applied, which lies in the past for a duplicate. */
  readonly slot: Slot;
  readonly outcomes: readonly Outcome[];
}

/** What became of a register item. With a code other than ok no session was made and `session` is {0, 0}. */
export interface Registration {
  readonly nonce: Uint8Array;
  readonly code: OutcomeCode;
  readonly session: SessionId;
  /** The name as it is shown: the spelling of whoever claimed it. */
  readonly name: string;
  readonly window: number;
  readonly lastSeq: number;
  readonly server: ServerId;
  /** To be named by a later `detach`. */
  readonly attachment: number;
}

/** What became of an attach item: ok, BAD_NONCE or SESSION_EXPIRED. */
export interface Attachment {
  readonly session: SessionId;
  readonly nonce: Uint8Array;
  readonly code: OutcomeCode;
  readonly server: ServerId;
  /** To be named by a later `detach`; 0 unless ok. */
  readonly attachment: number;
}

/** The events of one slot in one room, ready to be delivered. */
export interface RoomGroup {
  readonly room: string;
  readonly group: EventGroup;
}

/**
 * A change of the cluster's members that took effect: it governs from `limits.membersAheadSlots` after its own slot on
 * (PAXOS.md, Changing the members).
 */
export interface MembersChange extends MembersItem {
  /** The first slot it governs. */
  readonly from: Slot;
}

/** What became of an operator's decision. Their places are mixed into the state's hash: append only. */
export const decisionOutcomes = [
  'ok',
  'badRoom',
  'noRoom',
  'badName',
  'badToken',
  'unclaimed',
  'notBlocked',
  /** Another decision came first, or this is a copy: it was not judged. */
  'changed',
] as const;

export type DecisionOutcome = (typeof decisionOutcomes)[number];

export interface Decided {
  /** As in the item. */
  readonly id: Uint8Array;
  readonly verb: DecisionVerb;
  readonly subject: string;
  /** Of `retain`, 0 elsewhere: how many messages, and of which age in milliseconds; 0 is no bound. */
  readonly count: number;
  readonly ageMs: number;
  readonly outcome: DecisionOutcome;
}

/** What a decision did to a session. NAME_BLOCKED: it goes on, and may not write. SESSION_EXPIRED: it is over. */
export interface Told {
  readonly session: SessionId;
  readonly code: OutcomeCode;
  readonly text: string;
}

/** Everything that applying one slot brought about. */
export interface Applied {
  readonly slot: Slot;
  readonly answers: readonly Answer[];
  readonly registrations: readonly Registration[];
  readonly attachments: readonly Attachment[];
  /** In rising order of their rooms' first event in the slot; only rooms for which `wanted` is true. */
  readonly groups: readonly RoomGroup[];
  /** Every room that got an event. */
  readonly touchedRooms: readonly string[];
  /** Sessions that ended, by the log clock or by a decision. */
  readonly expired: readonly SessionId[];
  /** The members change. */
  readonly members: MembersChange | undefined;
  readonly decisions: readonly Decided[];
  readonly told: readonly Told[];
  /** Items that were structurally wrong and had no effect. Only a faulty server can have proposed them. */
  readonly skippedItems: number;
}

/** A session as it stands, for servers and tests. */
export interface SessionView {
  readonly id: SessionId;
  readonly name: string;
  readonly tokenHash: Uint8Array;
  readonly window: number;
  readonly lastSeq: number;
  readonly server: ServerId;
  readonly attachment: number;
  /** False once a detach was applied and no attach followed. */
  readonly attached: boolean;
  /** The rooms it has joined, sorted. */
  readonly rooms: readonly string[];
}

/** May this connection speak for that session? */
export type ResumeCheck =
  | { readonly status: 'ok'; readonly session: SessionView }
  | { readonly status: 'BAD_NONCE' }
  | { readonly status: 'SESSION_EXPIRED' }
  /** The session's slot is not applied here yet: wait, and never say that it is gone (PAXOS.md, Sessions). */
  | { readonly status: 'notApplied' };

/** A room as it stands; a room nobody ever wrote to has 0 events. */
export interface RoomView {
  readonly room: string;
  readonly events: number;
  readonly posts: number;
  readonly topic: string;
  /** Names present, sorted without ASCII case. */
  readonly people: readonly string[];
}

/** A name that is claimed, blocked or both. */
export interface NameView {
  readonly name: string;
  readonly claimed: boolean;
  readonly blocked: boolean;
  readonly why: string;
  /** Its sessions that are attached. */
  readonly clients: number;
}

/** One row of the state store. */
export interface Row {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** The rows that changed since the last checkpoint, as of `slot`; to be written as one atomic batch. */
export interface Dirty {
  readonly slot: Slot;
  readonly puts: readonly Row[];
  readonly deletes: readonly Uint8Array[];
}

/** A read of the state store: rows with from ≤ key < to, in key order or backwards, at most `limit`. */
export interface RowRange {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  readonly reverse: boolean;
  readonly limit: number;
}

/** What a page of history is asked for with; the fields mean what they mean in `History`. */
export interface PageRequest {
  readonly direction: 'before' | 'from';
  readonly by: 'event' | 'post';
  readonly event: number;
  readonly limit: number;
}

/** Looks for the first event that can still be read: rows as for a {@link PageReader}, then `firstEvent`. */
export interface BeginningReader {
  nextRange(): RowRange | undefined;
  addRows(rows: readonly Row[]): void;
  /** One past the room's last event if nothing of it can be read any more. */
  readonly firstEvent: number;
  /** The number of the first post that can still be read, or would be. */
  readonly firstN: number;
  /** It is the room's retention that deleted what stood before; else the log has lost it, or nothing is gone. */
  readonly isByRetention: boolean;
}

/**
 * One page being read: the caller does the reading, in this order.
 *
 *     for (let range = page.nextRange(); range; range = page.nextRange()) page.addRows(await iterate(store, range));
 *     for (const slot of page.slots()) if (!page.take(slot, await readSlot(slot))) break;
 *     const groups = page.finish();
 *
 * Values are not kept: a page of a quiet room in a busy log may lie in a thousand large slots.
 */
export interface PageReader {
  /** Last event and post number when the page was asked for; the page holds nothing later. */
  readonly headEvent: number;
  readonly headN: number;
  /** The next rows to read, or undefined when no more are needed. */
  nextRange(): RowRange | undefined;
  /** The rows found in the range just given, possibly none. */
  addRows(rows: readonly Row[]): void;
  /** The slots whose values are needed, rising. */
  slots(): Slot[];
  /**
   * The value of the next of `slots()`, of which nothing is kept but the page's events. False when the page is complete
   * without the rest. Throws `HistoryError` when rows and values don't fit together.
   */
  take(slot: Slot, value: Uint8Array): boolean;
  /**
   * The events, in rising order, at most `limit` of them and fewer when they would take more than `bytesMax` bytes
   * (but at least one). Throws `HistoryError` when events are missing.
   */
  finish(bytesMax?: number): EventGroup[];
}
