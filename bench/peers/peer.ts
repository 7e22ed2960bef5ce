/** What the comparison asks of every system: three nodes, clients that append, and, of some, a fan-out. */

/**
 * How an append ended. failed: the system says that it is not there. unknown: nobody can tell, e.g. because no quorum
 * confirmed it in time.
 */
export type Outcome = 'ok' | 'failed' | 'unknown';

/** One connection that appends. */
export interface PeerClient {
  /** Begins one append; `done` is called once, possibly before this returns, but with `ok` only later. */
  append(value: Buffer, done: (outcome: Outcome) => void): void;
  close(): Promise<void>;
}

/**
 * How messages are taken in. library: each by a callback of the system's npm client. groups: as the client library
 * hands them on many at a time, where it does. sockets: plain sockets that count and look no closer than they must.
 */
export type ConsumerKind = 'library' | 'groups' | 'sockets';

export interface Subscriber {
  /** Messages that have come so far. */
  readonly received: number;
  close(): Promise<void>;
}

export interface Publisher {
  /** Sends the value so many times, in one go where the client can. */
  publish(value: Buffer, count: number): void;
  close(): Promise<void>;
}

/** One topic of one server of a running system. */
export interface FanOut {
  readonly kinds: readonly ConsumerKind[];
  publisher(): Promise<Publisher>;
  /** Resolves once everything published from now on will come. `onReceived` is called after each arrival. */
  subscriber(kind: ConsumerKind, valueBytes: number, onReceived: () => void): Promise<Subscriber>;
}

/** Three nodes of a system that are up and know each other. */
export interface RunningPeer {
  /** Every process of it. */
  readonly pids: readonly number[];
  /** Client number `index` of a load, which keeps `inFlight` appends under way. */
  client(index: number, inFlight: number): Promise<PeerClient>;
  readonly fanOut?: FanOut;
  /** Ends every process. */
  stop(): Promise<void>;
}

/** What lacks for a system to run here. */
export interface Missing {
  readonly what: string;
  /** The command that brings it. */
  readonly install: string;
}

/** A system in one setting: a row of the tables. */
export interface Peer {
  /** As in tables, `redis-batch`. */
  readonly name: string;
  /** As in `--only`, `redis`. */
  readonly system: string;
  /** An acknowledged append is on the disks of a majority. */
  readonly durable: boolean;
  /** Takes part in the fan-out, as far as it is chosen. */
  readonly hasFanOut: boolean;
  /** When an append counts as acknowledged. */
  readonly acknowledged: string;
  missing(): Missing | undefined;
  /** As the system itself says it. */
  version(): string;
  /** Starts three nodes on free loopback ports, with all their data below `directory`. */
  start(directory: string, placement: Placement): Promise<RunningPeer>;
}

/**
 * Where clients connect when every node takes appends. spread: the first one to the leader, the next ones to the other
 * nodes in turn. leader: all to the leader.
 */
export type Placement = 'spread' | 'leader';

/** Which of three nodes client `index` connects to. */
export function nodeFor(placement: Placement, leader: number, index: number): number {
  return placement === 'leader' ? leader : (leader + index) % 3;
}
