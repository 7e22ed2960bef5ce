/** How a client is set up. */
import { limits } from '../base/index.js';
import type { Environment } from './environment.js';

/** Every time in ms; every default is a limit of CONTRACT.md where that page names one. */
export interface ChatClientOptions {
  /** The name to chat under, 1–30 characters. Without it the client only reads: no session is opened. */
  readonly name?: string;
  /** The user's secret, 32 bytes (see `loadIdentity`): whoever has it may use the name. */
  readonly token: Uint8Array;
  /** Balancers, `host:port`, asked in this order. */
  readonly balancers?: readonly string[];
  /** This server and no other, without asking a balancer. */
  readonly server?: string;
  /** Servers to use while no balancer answers, or instead of one. */
  readonly servers?: readonly string[];
  /** Lines submitted and not yet answered, 1–4,096; default 64. */
  readonly window?: number;
  /** Without an answer for this long a line is `unconfirmed`; default 10,000. It is still retried. */
  readonly sendTimeoutMs?: number;
  /** For one attempt to reach a server, or to reach and ask a balancer; default 2,000. */
  readonly dialTimeoutMs?: number;
  /** Lines that may wait here, submitted ones included; one more fails with NOT_SENT. Default 65,536. */
  readonly linesMax?: number;
  /** What replaces sockets, clock and chance in tests. */
  readonly environment?: Partial<Environment>;
}

/** Bytes of lines that may wait: a thousand of the longest, half a million short ones. */
export const LINE_BYTES_MAX = 64 << 20;
export const LINES_MAX = 65_536;
export const DIAL_TIMEOUT_MS = 2_000;
/** Asked again at most this long after "not ready", so that a fresh cluster is used soon after it is complete. */
export const NOT_READY_RETRY_MAX_MS = 500;
/** A connection that lasted this long was a good one: the next reroute starts with the shortest pause again. */
export const GOOD_CONNECTION_MS = 1_000;
/** Gaps in a row in one room without a new event; then another server is asked. */
export const GAPS_MAX = 3;
/** Ids of own lines remembered until their delivery. */
export const OWN_IDS_MAX = 2 * limits.sessionWindowMax;
