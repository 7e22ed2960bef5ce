/** What a run is asked for, all of it checked, and what the program around it provides. */
import type { Fault, LinkSpec } from '../plan/fault-lines.js';
import type { SizeRange } from '../plan/payloads.js';
import type { Arrivals } from '../plan/schedule.js';
import type { Objective } from '../plan/slo.js';
import type { Progress } from '../plan/text.js';

/** On which servers clients are: spread by the balancer, or all on one. */
export type Placement = 'spread' | 'leader' | 'follower' | number;

/** A cluster that is started for the run, on this machine, and ended with it. */
export interface OwnCluster {
  readonly kind: 'own';
  readonly servers: number;
  /** Whether every vote is synced to the disk. */
  readonly durable: boolean;
  /** All links and clients run through a fault proxy. */
  readonly isProxied: boolean;
  /** Faults on the links for the whole run, as they were written and as they were read. */
  readonly mode?: { readonly text: string; readonly specs: readonly LinkSpec[] };
  /** The folder in which that of the data is made; the system's temporary one by default. */
  readonly dataParent?: string;
  /** The data is left where it is. */
  readonly keep: boolean;
}

/** A cluster that somebody else runs; its servers as a balancer named them. */
export interface ExistingCluster {
  readonly kind: 'existing';
  readonly balancers: readonly string[];
  readonly servers: readonly ServerPlace[];
}

export interface ServerPlace {
  readonly id: number;
  readonly address: string;
}

export interface BenchOptions {
  readonly cluster: OwnCluster | ExistingCluster;
  readonly clients: number;
  readonly inFlight: number;
  readonly size: SizeRange;
  readonly durationMs: number;
  readonly warmupMs: number;
  readonly rooms: number;
  readonly subscribers: number;
  /** Without it the loop is closed. */
  readonly open?: { readonly perSecond: number; readonly arrivals: Arrivals };
  readonly on: Placement;
  readonly faults: readonly Fault[];
  readonly slo: readonly Objective[];
  /** Of sizes, arrivals and the proxy's chances. */
  readonly seed: number;
  /** For reaching the cluster and for the first commit of every client. */
  readonly timeoutMs: number;
}

/** Rules in the fault proxy of an own cluster. */
export interface LinkControl {
  /** Sets rules and presets of the control API; resolves to the names of all rules that came of them. */
  set(bodies: readonly object[]): Promise<readonly string[]>;
  remove(rules: readonly string[]): Promise<void>;
}

export interface Surroundings {
  /** Aborted: end in order, and report what was measured. */
  readonly signal: AbortSignal;
  /** The command line that starts this program, for daemons. */
  readonly program: readonly string[];
  /** Of these daemons. */
  readonly environment: NodeJS.ProcessEnv;
  readonly calledAs: string;
  readonly version: string;
  /** Where the program's package lies: whose repository tells the commit. */
  readonly packageFolder: string;
  /** The fault proxy whose control API is there. */
  readonly links: (api: string) => LinkControl;
  /** One line for the person at the terminal. */
  readonly note: (text: string) => void;
  readonly onProgress: (progress: Progress) => void;
}
