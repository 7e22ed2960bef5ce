/** The interface of a framed connection: what daemons and clients see, and what tests replace by an in-memory pair. */
import type { Message, RefusalCode } from '../wire/index.js';
import type { CloseCode, CloseReason } from './close-reason.js';
import type { ConnectionLimits } from './options.js';

/**
 * What became of a frame handed to `send`: queued for the end of this turn; not taken because the connection is closed;
 * or not taken because the outbound bound is passed, in which case the connection is closing with TOO_SLOW.
 */
export type SendResult = 'queued' | 'closed' | 'tooSlow';

/**
 * The owner's side. A handler is never called before `attach`, never after `onClose`, and never re-enters a call that
 * the owner makes (a close is reported at the end of the turn).
 */
export interface ConnectionHandlers {
  /** One decoded message; `frame` is its version…body bytes. Byte fields are views: copy what you keep. */
  onMessage(message: Message, frame: Uint8Array): void;
  /** The connection is over, whoever ended it; called exactly once unless `abandon` was called. */
  onClose(reason: CloseReason): void;
  /** `writable` was false and is true again. */
  onDrain?(): void;
}

/**
 * A connection that carries whole messages. It answers pings, takes in refuse and goodbye as its close reason (they are
 * not given to `onMessage`), and enforces every limit of its options by itself.
 */
export interface FrameConnection {
  /** Rising in this process; the epoch by which owners tell a replaced connection from its successor. */
  readonly id: number;
  /** `host:port` of the other side. */
  readonly remoteAddress: string;
  /**
   * Why the other side may do no more than a chat may, whatever its hello says; undefined: it may do what its role may.
   * Known once its first message is there.
   */
  readonly guestBecause: string | undefined;
  /** Why it closed or is closing; undefined while open. */
  readonly closed: CloseReason | undefined;
  /** Bytes taken by `send` that the operating system has not taken yet. */
  readonly queuedBytes: number;
  /** False while `queuedBytes` is above the high-water mark: a sender that can wait should wait for `onDrain`. */
  readonly writable: boolean;
  /** Since a byte was last received, or since it was opened; stalls of this process included. */
  readonly silentForMs: number;
  /** Bytes and frames ever received and sent, for status and tests. */
  readonly stats: ConnectionStats;
  /** Sets or replaces the owner's handlers (a listener's hello step hands the connection on this way). */
  attach(handlers: ConnectionHandlers): void;
  /** Other limits from the next frame on: what a caller may do depends on who it turned out to be in its hello. */
  useLimits(limits: ConnectionLimits): void;
  /** Encodes and queues one message. */
  send(message: Message): SendResult;
  /** Queues an encoded frame as it is; the same Buffer may be queued on many connections and must not be changed. */
  sendFrame(frame: Uint8Array): SendResult;
  /** Writes what is queued now, for what cannot wait for the end of the turn; never calls a handler. */
  flush(): void;
  /** Stops giving messages to the owner (and soon reading) until `resume`; calls may not nest. */
  pause(): void;
  resume(): void;
  /** Sends what is queued, then closes; nothing more is received. A second call does nothing. */
  close(code: CloseCode, text: string): void;
  /** As `close`, with a `refuse` frame as the last one, so that the other side knows why. */
  refuse(code: RefusalCode, text: string): void;
  /** As `close`, with a `goodbye` frame as the last one. */
  goodbye(code: RefusalCode, text: string): void;
  /** Closes at once and never calls a handler again: for a connection that has been replaced. */
  abandon(text: string): void;
}

export interface ConnectionStats {
  framesIn: number;
  framesOut: number;
  bytesIn: number;
  bytesOut: number;
  /** Writes given to the operating system: one per turn, and those that `flush` asked for. */
  writes: number;
}
