/** What the command line gives a daemon, and what it gets back: options, handles, the reason of an end. */
import type { Logger } from '../base/index.js';
import type { Security } from '../net/index.js';
import type { ServerId } from '../wire/index.js';
import type { SealRegistry } from './balancer/shared-seal.js';

/**
 * Why a daemon ended. `exitCode` is the process's (CONTRACT.md); `text` one line for stderr, empty after an orderly
 * stop.
 */
export interface ExitReason {
  readonly exitCode: number;
  /** `STOPPED` after an orderly stop, else a constant such as `DISK_ERROR` or `DUPLICATE_ID`. */
  readonly code: string;
  readonly text: string;
}

/** A daemon in this process. */
export interface DaemonHandle {
  /** Where it listens, `host:port` with the real port. */
  readonly address: string;
  /** Where its HTTP pages are, `host:port` with the real port; "" for none. */
  readonly http: string;
  /** SIGTERM: ends in order within a deadline; the same promise however often it is called. */
  stop(): Promise<ExitReason>;
  /**
   * Ends at once as `kill -9` would, without farewell or hand-over; resolves once files and sockets are closed. For
   * tests.
   */
  destroy(): Promise<void>;
  /** Resolves (never rejects) when the daemon has ended, by itself or by `stop`. */
  readonly closed: Promise<ExitReason>;
}

/** Who may connect to a daemon, and what it proves to others. */
export interface AccessOptions {
  /** Without it nothing is proved and nothing demanded. */
  readonly security?: Security;
  /** Connections from one address; without it only the number of all is limited. */
  readonly connectionsPerAddress?: number;
}

/** The HTTP pages of a daemon. */
export interface HttpPagesOptions {
  /** `host:port`, port 0 picks a free one; undefined: no pages. */
  readonly http?: string | undefined;
  /** Of this release, for the metrics. */
  readonly version?: string;
}

export interface BalancerOptions extends AccessOptions, HttpPagesOptions {
  /** `host:port`; port 0 picks a free one. */
  readonly listen: string;
  /** N, odd: how many servers make the cluster. */
  readonly servers: number;
  readonly dataDir: string;
  /** Where the seal is shared with other balancers; closed with this balancer, or when its start fails. */
  readonly registry?: SealRegistry;
  /** How the user sets the port, for the text of a busy one; `--listen` by default. */
  readonly portFlag?: string;
  readonly logger: Logger;
  /** Aborting it while the start waits for the registry ends it: exit code 0, code `STOPPED`. */
  readonly signal?: AbortSignal;
}

export type BalancerHandle = DaemonHandle;

/** What a server that is not ready yet is waiting for. */
export type StartProgress =
  /** No balancer answers; tried for ever. */
  | { readonly kind: 'balancer'; readonly address: string; readonly reason: string }
  /** Registered, but the membership is not sealed: k of N are in. `id` is the id the balancer gave or confirmed. */
  | { readonly kind: 'servers'; readonly id: ServerId; readonly registered: number; readonly servers: number };

export interface ServerOptions extends AccessOptions, HttpPagesOptions {
  /** Messages a second that one name, and one connection, may send; without it there is no such limit. */
  readonly messagesPerSecond?: number;
  /** 1..65535, or 0: take an id that the membership still misses. */
  readonly id: ServerId;
  /** `host:port`; port 0 picks a free one. */
  readonly listen: string;
  /** `host:port` of each balancer, at least one. */
  readonly balancers: readonly string[];
  /** The `host:port` told to others when it differs from where we listen. */
  readonly advertise?: string;
  /** undefined: nothing is kept on disk (`--memory`); every start is that of a newcomer, whom the others admit. */
  readonly dataDir: string | undefined;
  /** `never` loses acknowledged messages at power loss, not at kill -9. */
  readonly fsync: 'always' | 'never';
  /** Faults on the links to other servers, in the write-up's grammar (BEHAVIOUR.md 5); without it there are none. */
  readonly mode?: string;
  /** Bytes of log kept at least; without it all of the log is kept. */
  readonly retainBytes?: number;
  /** Length of a log segment, `limits.segmentBytes` unless a test gives another one. */
  readonly segmentBytes?: number;
  /** How the user sets the port, for the text of a busy one; `--listen` by default. */
  readonly portFlag?: string;
  readonly logger: Logger;
  /** Told whenever what the start waits for changes, e.g. for a progress line. */
  readonly onProgress?: (progress: StartProgress) => void;
  /**
   * Aborting it while `startServer` still waits ends the start: it rejects with an ExitError of exit code 0, code
   * `STOPPED`.
   */
  readonly signal?: AbortSignal;
}

export interface ServerHandle extends DaemonHandle {
  /** The id in use (with `id: 0` the one that was given). */
  readonly id: ServerId;
}
