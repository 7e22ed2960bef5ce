/** What a server's metrics are read from, and the figures that `synod top` makes its rates of. */
import type { BucketHistogram } from '../../base/index.js';
import type { ChatState } from '../../chat/index.js';
import type { Wal } from '../../storage/index.js';
import type { ServerId } from '../../wire/index.js';
import type { Clients } from './clients.js';
import type { Driver } from './driver.js';
import type { Peers } from './peers.js';

/** The parts of a running server that count. */
export interface Measured {
  readonly driver: Pick<
    Driver,
    'view' | 'figures' | 'heardCommits' | 'framesIgnored' | 'gateWaiting' | 'gateDropped' | 'fetchesState'
  >;
  readonly wal: Pick<Wal, 'figures' | 'full' | 'pendingBytes' | 'appendedBytes' | 'segments'>;
  readonly chat: Pick<ChatState, 'applied'>;
  readonly clients: Pick<Clients, 'links' | 'commitSeconds' | 'unansweredBytes' | 'resubmitted'>;
  readonly peers: Pick<Peers, 'dropped' | 'outboundBytes'>;
  readonly loopDelay: BucketHistogram;
  /** The other members. */
  readonly others: () => readonly ServerId[];
}

/** A histogram as numbers: {@link BucketHistogram.bounds} and counts. */
export interface Counts {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

/** The page /figures: totals since the process began, to be compared with earlier ones of the same process. */
export interface Figures {
  /** Since the process began: one that falls is another process's. */
  readonly atMs: number;
  /** Messages decided. */
  readonly messages: number;
  readonly commitSeconds: Counts;
  readonly syncSeconds: Counts;
  /** Bytes that wait: unanswered, for the disk, for connections. */
  readonly queuedBytes: number;
  readonly residentBytes: number;
  readonly cpuSeconds: number;
}

/** The highest slot that anybody heard has committed, this server included. */
export function bestCommit({ driver }: Pick<Measured, 'driver'>): number {
  return Math.max(driver.view.commit, ...driver.heardCommits.map(({ commit }) => commit));
}

export function figuresOf({ driver, wal, clients, peers }: Measured, nowMs: number): Figures {
  const { user, system } = process.cpuUsage();
  return {
    atMs: nowMs,
    messages: driver.figures.slotMessages.sum,
    commitSeconds: countsOf(clients.commitSeconds),
    syncSeconds: countsOf(wal.figures.syncSeconds),
    queuedBytes: clients.unansweredBytes + wal.pendingBytes + clients.links.outboundBytes + peers.outboundBytes,
    residentBytes: process.memoryUsage.rss(),
    cpuSeconds: (user + system) / 1e6,
  };
}

function countsOf({ bounds, counts }: BucketHistogram): Counts {
  return { bounds, counts };
}
