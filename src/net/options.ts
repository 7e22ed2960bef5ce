/** The limits of one connection, each with its reason, and the surroundings that connections of a process share. */
import type { Clock } from '../base/index.js';
import type { ByteBudget } from './byte-budget.js';
import type { Sweeper } from './sweeper.js';
import type { Turn } from './turn.js';

/** What one connection may hold, and how long it waits. All times are counted in sweeps: a stall of ours is no silence. */
export interface ConnectionLimits {
  /** Largest frame accepted, header included; checked before a byte of it is buffered. */
  readonly frameBytesMax: number;
  /** Bytes that may wait to be sent; one frame more closes with TOO_SLOW. */
  readonly outboundBytesMax: number;
  /** Above this `writable` is false, below half of it `onDrain` is called. */
  readonly highWaterBytes: number;
  /** The first whole frame must be here within this time; 0: no deadline. */
  readonly firstFrameMs: number;
  /** A frame that began must be complete within this time, however slowly its bytes drip. */
  readonly halfFrameMs: number;
  /** A ping leaves after this much silence of the other side; 0: never. */
  readonly pingEveryMs: number;
  /** Silence that closes the connection with SILENT; 0: never. Sensible only above `pingEveryMs`. */
  readonly silentMs: number;
}

/** Between clients and servers (CONTRACT.md, Limits). 4 MiB out: four of the largest frames, or 30 s at 1 Mbit/s. */
export const clientLimits: ConnectionLimits = Object.freeze({
  frameBytesMax: 1 << 20,
  outboundBytesMax: 4 << 20,
  highWaterBytes: 1 << 20,
  firstFrameMs: 5_000,
  halfFrameMs: 10_000,
  pingEveryMs: 10_000,
  silentMs: 30_000,
});

/** Between servers: silence closes nothing there (BEHAVIOUR.md, 5), the replica's heartbeats judge it. */
export const peerLimits: ConnectionLimits = Object.freeze({
  frameBytesMax: 16 << 20,
  outboundBytesMax: 128 << 20,
  highWaterBytes: 8 << 20,
  firstFrameMs: 5_000,
  halfFrameMs: 10_000,
  pingEveryMs: 0,
  silentMs: 0,
});

/** What all connections of a process share. */
export interface NetContext {
  readonly clock: Clock;
  readonly turn: Turn;
  readonly sweeper: Sweeper;
  /** The unfinished frames of all connections together. */
  readonly inbound: ByteBudget;
}
