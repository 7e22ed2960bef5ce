/** The limits of one connection, each with its reason, and the surroundings that connections of a process share. */
import { type Clock, limits } from '../base/index.js';
import type { ByteBudget } from './byte-budget.js';
import type { Security } from './security.js';
import type { Sweeper } from './sweeper.js';
import type { Turn } from './turn.js';

/**
 * What one connection may hold, and how long it waits. All times are counted in sweeps: a stall of ours is no silence.
 */
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
  /**
   * Unfinished frames count towards the bound that all connections share. Not between servers: they are few and known,
   * and strangers who fill the bound must not be able to cut the cluster's own links.
   */
  readonly sharesInbound: boolean;
  /** Silence that closes the connection with SILENT; 0: never. Sensible only above `pingEveryMs`. */
  readonly silentMs: number;
}

/** A connection whose hello has not been judged yet: a stranger can make us hold next to nothing. */
export const strangerLimits: ConnectionLimits = Object.freeze({
  frameBytesMax: limits.frameBytesMaxHello,
  outboundBytesMax: limits.frameBytesMaxClient,
  highWaterBytes: limits.frameBytesMaxClient,
  firstFrameMs: limits.helloMs,
  halfFrameMs: limits.frameCompleteMs,
  pingEveryMs: 0,
  silentMs: 0,
  sharesInbound: true,
});

/**
 * A server's or balancer's side of a client. Clients ping by themselves each second of silence, so the server's own
 * pings are a second line of defence: three times slower, and cheap for 10,000 idle connections.
 */
export const clientLimits: ConnectionLimits = Object.freeze({
  frameBytesMax: limits.frameBytesMaxClient,
  outboundBytesMax: limits.clientOutputBytesMax,
  highWaterBytes: limits.clientOutputBytesMax / 8,
  firstFrameMs: limits.helloMs,
  halfFrameMs: limits.frameCompleteMs,
  pingEveryMs: 3 * limits.probeMs,
  silentMs: 3 * (limits.probeMs + limits.probeSilentMs),
  sharesInbound: true,
});

/** A client's side of its server: silence is noticed within 3 s, also when the network just swallows packets. */
export const dialLimits: ConnectionLimits = Object.freeze({
  ...clientLimits,
  pingEveryMs: limits.probeMs,
  silentMs: limits.probeMs + limits.probeSilentMs,
});

/** Between servers: silence closes nothing there (BEHAVIOUR.md, 5), the replica's heartbeats judge it. */
export const peerLimits: ConnectionLimits = Object.freeze({
  frameBytesMax: limits.frameBytesMaxServer,
  outboundBytesMax: limits.peerOutputBytesMax,
  highWaterBytes: limits.peerOutputBytesMax / 8,
  firstFrameMs: limits.helloMs,
  halfFrameMs: limits.frameCompleteMs,
  pingEveryMs: 0,
  silentMs: 0,
  sharesInbound: false,
});

/** What all connections of a process share. */
export interface NetContext {
  readonly clock: Clock;
  readonly turn: Turn;
  readonly sweeper: Sweeper;
  /** The unfinished frames of all connections together. */
  readonly inbound: ByteBudget;
  /** What is proved and demanded on every connection. */
  readonly security: Security;
}
