/** What PERFORMANCE.md asks for beside other systems, judged by the medians of one run. */

import type { Peer } from './peer.js';
import { type AppendRow, type FanOutRow, isSynod, type Summary } from './summary.js';

/** One goal; `measured` is undefined when the run lacked what it needs. */
export interface PeerGoal {
  readonly what: string;
  readonly limit: number;
  readonly isLeast: boolean;
  readonly measured: number | undefined;
  /** What it was measured against. */
  readonly against: string;
  readonly verdict: 'held' | 'missed' | 'not judged';
}

type Measured = { readonly measured: number; readonly against: string } | undefined;

export function judgeGoals(peers: readonly Peer[], { appends, fanOuts }: Summary): PeerGoal[] {
  const others = appends.filter(({ peer }) => !isSynod(peers, peer));
  const best = (durable: boolean, load: string, better: (one: AppendRow, other: AppendRow) => boolean) =>
    others
      .filter((row) => row.durable === durable && row.load === load)
      .reduce<AppendRow | undefined>(
        (found, row) => (found === undefined || better(row, found) ? row : found),
        undefined,
      );
  const fastest = (durable: boolean, load: string): Measured =>
    throughputOf(best(durable, load, (one, other) => one.perSecond > other.perSecond));
  const promptest = (durable: boolean, load: string): Measured =>
    latencyOf(best(durable, load, (one, other) => one.p50Ms < other.p50Ms));
  const named = (name: string, load: string): AppendRow | undefined =>
    appends.find((row) => row.peer === name && row.load === load);
  const fanOut = (name: string, kind: string, subscribers: number): FanOutRow | undefined =>
    fanOuts.find((row) => row.peer === name && row.kind === kind && row.subscribers === subscribers);
  const delivered = fanOut('synod', 'library', 200);
  return [
    atLeast('durable 16x256, appends/s ÷ Redis with a WAIT per batch', 5, throughputOf(named('redis-batch', '16x256'))),
    atMost('durable 1x1, p50 ÷ the best peer', 0.85, promptest(true, '1x1')),
    atLeast('durable 16x1, appends/s ÷ the best peer', 1.6, fastest(true, '16x1')),
    atLeast('not durable 16x256, appends/s ÷ the best peer', 5, fastest(false, '16x256')),
    atMost('not durable 1x1, p50 ÷ Redis without fsync', 1.5, latencyOf(named('redis-memory', '1x1'))),
    atLeast('50 subscribers, deliveries/s ÷ NATS core, npm client', 1.5, timesOf(fanOut('nats', 'library', 50))),
    atLeast('50 subscribers, deliveries/s ÷ NATS core, counting sockets', 1.5, timesOf(fanOut('nats', 'sockets', 50))),
    atLeast(
      '200 subscribers, deliveries/s into our client library, durable',
      1_000_000,
      // Messages that were lost, or came twice, are no deliveries.
      delivered?.wrong === 0 ? { measured: delivered.deliveriesPerSecond, against: '' } : undefined,
    ),
  ];
}

function throughputOf(row: AppendRow | undefined): Measured {
  return row === undefined ? undefined : { measured: row.timesPerSecond, against: row.peer };
}

function latencyOf(row: AppendRow | undefined): Measured {
  return row === undefined ? undefined : { measured: row.timesP50, against: row.peer };
}

function timesOf(row: FanOutRow | undefined): Measured {
  return row === undefined ? undefined : { measured: row.times, against: row.peer };
}

function atLeast(what: string, limit: number, found: Measured): PeerGoal {
  return judge(what, limit, true, found);
}

function atMost(what: string, limit: number, found: Measured): PeerGoal {
  return judge(what, limit, false, found);
}

/** NaN stands for a measurement without its counterpart: nothing was compared. */
function judge(what: string, limit: number, isLeast: boolean, found: Measured): PeerGoal {
  const goal = { what, limit, isLeast, against: found?.against ?? '' };
  if (found === undefined || Number.isNaN(found.measured))
    return { ...goal, measured: undefined, verdict: 'not judged' };
  const { measured } = found;
  return { ...goal, measured, verdict: (isLeast ? measured >= limit : measured <= limit) ? 'held' : 'missed' };
}
