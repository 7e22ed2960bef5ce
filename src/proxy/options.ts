/** What the command line gives a proxy, and what it gets back. */
import type { Clock, Logger } from '../base/index.js';

export interface ProxyServerOptions {
  /** Stand in for this balancer, `host:port`. */
  readonly master?: string;
  /** With `master`: where servers and clients call instead, `host:port`. */
  readonly listen: string;
  /** Explicit links: what arrives at `listen` goes to `upstream`. */
  readonly links: readonly { readonly listen: string; readonly upstream: string }[];
  /** The write-up's faults, per server (BEHAVIOUR.md 5). */
  readonly modes: readonly { readonly server: number; readonly mode: string }[];
  /** Proxies to begin with: the same JSON array as POST /populate takes. */
  readonly proxies: readonly unknown[];
  /** Append every frame and what was done to it to this file. */
  readonly traceFile?: string;
  /** Any safe integer from 0 on. */
  readonly seed: number;
  /** `host:port` of the control API; undefined: none. */
  readonly api: string | undefined;
  /** One of these must be shown where the API listens to other machines; without any it is open to them. */
  readonly apiTokens?: readonly string[];
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Why a proxy ended; as for the daemons. */
export interface ProxyEnd {
  readonly exitCode: number;
  readonly code: string;
  readonly text: string;
}

/** A proxy in this process. */
export interface ProxyHandle {
  /** Where servers and clients call with `master`, else the first explicit link's address, else the API's. */
  readonly address: string;
  /** `host:port` of the control API, "" without one. */
  readonly api: string;
  /** Ends every connection in order; the same promise however often it is called. */
  stop(): Promise<ProxyEnd>;
  /** Resolves (never rejects) once it has ended. */
  readonly closed: Promise<ProxyEnd>;
}
