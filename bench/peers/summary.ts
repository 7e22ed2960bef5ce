/** From the samples of all rounds to one row for each measurement: medians, and what they are beside synod's. */
import { medians } from '../report.js';
import type { ConsumerKind, Peer } from './peer.js';
import type { AppendSample, FanOutSample, Samples } from './rounds.js';

/** Medians over the rounds; failed, unknown and wrong are sums, foreign cores the most of any round. */
export interface AppendRow {
  readonly peer: string;
  readonly durable: boolean;
  readonly load: string;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** synod's appends per second ÷ this peer's, of the same load and durability; NaN for synod itself. */
  readonly timesPerSecond: number;
  /** synod's p50 ÷ this peer's. */
  readonly timesP50: number;
  readonly failed: number;
  readonly unknown: number;
  readonly foreignCores: number;
}

export interface FanOutRow {
  readonly peer: string;
  readonly durable: boolean;
  readonly kind: ConsumerKind;
  readonly subscribers: number;
  readonly deliveriesPerSecond: number;
  /** synod's ÷ this peer's, of the same kind, number and durability; NaN for synod itself, and where one is wrong. */
  readonly times: number;
  readonly wrong: number;
  readonly foreignCores: number;
}

export interface MemoryRow {
  readonly peer: string;
  readonly residentMiB: number;
}

export interface Summary {
  readonly appends: readonly AppendRow[];
  readonly fanOuts: readonly FanOutRow[];
  readonly memory: readonly MemoryRow[];
}

/** Rows in the order of the peers, and of the loads as they were measured. */
export function summarise(peers: readonly Peer[], samples: Samples): Summary {
  const appends = peers.flatMap((peer) =>
    groups(ofPeer(samples.appends, peer), ({ load }) => load).map((group) => appendRow(peer, group)),
  );
  const fanOuts = peers.flatMap((peer) =>
    groups(ofPeer(samples.fanOuts, peer), ({ kind, subscribers }) => `${subscribers} ${kind}`).map((group) =>
      fanOutRow(peer, group),
    ),
  );
  const memory = peers.flatMap((peer) => {
    const taken = ofPeer(samples.memory, peer);
    if (taken.length === 0) return [];
    return [{ peer: peer.name, ...medians(taken.map(({ residentMiB }) => ({ residentMiB }))) }];
  });
  return {
    appends: appends.map((row) => besideSynod(row, appends, peers)),
    fanOuts: fanOuts.map((row) => fanOutBesideSynod(row, fanOuts, peers)),
    memory,
  };
}

function ofPeer<Sample extends { readonly peer: string }>(samples: readonly Sample[], { name }: Peer): Sample[] {
  return samples.filter(({ peer }) => peer === name);
}

/** Samples with the same key, in the order of their first ones. */
function groups<Sample>(samples: readonly Sample[], keyOf: (sample: Sample) => string): Sample[][] {
  const byKey = new Map<string, Sample[]>();
  for (const sample of samples) byKey.set(keyOf(sample), [...(byKey.get(keyOf(sample)) ?? []), sample]);
  return [...byKey.values()];
}

function appendRow({ name, durable }: Peer, samples: readonly AppendSample[]): AppendRow {
  const figures = medians(samples.map(({ perSecond, p50Ms, p99Ms }) => ({ perSecond, p50Ms, p99Ms })));
  return {
    peer: name,
    durable,
    load: samples[0]?.load ?? '',
    ...figures,
    timesPerSecond: Number.NaN,
    timesP50: Number.NaN,
    failed: sum(samples, ({ failed }) => failed),
    unknown: sum(samples, ({ unknown }) => unknown),
    foreignCores: Math.max(...samples.map(({ foreignCores }) => foreignCores)),
  };
}

function fanOutRow({ name, durable }: Peer, samples: readonly FanOutSample[]): FanOutRow {
  return {
    peer: name,
    durable,
    kind: samples[0]?.kind ?? 'library',
    subscribers: samples[0]?.subscribers ?? 0,
    ...medians(samples.map(({ deliveriesPerSecond }) => ({ deliveriesPerSecond }))),
    times: Number.NaN,
    wrong: sum(samples, ({ wrong }) => wrong),
    foreignCores: Math.max(...samples.map(({ foreignCores }) => foreignCores)),
  };
}

function sum<Sample>(samples: readonly Sample[], pick: (sample: Sample) => number): number {
  return samples.reduce((total, sample) => total + pick(sample), 0);
}

/** Whether this is a row of synod. */
export function isSynod(peers: readonly Peer[], name: string): boolean {
  return peers.some((peer) => peer.name === name && peer.system === 'synod');
}

function besideSynod(row: AppendRow, rows: readonly AppendRow[], peers: readonly Peer[]): AppendRow {
  const ours = rows.find(
    ({ peer, load, durable }) => isSynod(peers, peer) && load === row.load && durable === row.durable,
  );
  if (ours === undefined || ours === row) return row;
  return { ...row, timesPerSecond: ours.perSecond / row.perSecond, timesP50: ours.p50Ms / row.p50Ms };
}

function fanOutBesideSynod(row: FanOutRow, rows: readonly FanOutRow[], peers: readonly Peer[]): FanOutRow {
  const ours = rows.find(
    ({ peer, kind, subscribers, durable }) =>
      isSynod(peers, peer) && kind === row.kind && subscribers === row.subscribers && durable === row.durable,
  );
  if (ours === undefined || ours === row || ours.wrong + row.wrong > 0) return row;
  return { ...row, times: ours.deliveriesPerSecond / row.deliveriesPerSecond };
}
