/** What the guard makes of its ratios: floors, what they are compared with, and how the run ends. Pure. */
import type { LoadShape } from './systems.js';

/** A load whose ratio is guarded. */
export interface GuardedLoad extends LoadShape {
  readonly name: string;
  /** What is divided: lines a second, or the median latency (the other way round, so that more is better). */
  readonly by: 'throughput' | 'latency';
}

export const guardedLoads: readonly GuardedLoad[] = [
  { name: '1x1 durable', clients: 1, inFlight: 1, durable: true, by: 'latency' },
  { name: '16x1 durable', clients: 16, inFlight: 1, durable: true, by: 'throughput' },
  { name: '16x256 durable', clients: 16, inFlight: 256, durable: true, by: 'throughput' },
  { name: '16x256 not durable', clients: 16, inFlight: 256, durable: false, by: 'throughput' },
];

/** What is stored of an earlier run on a quiet machine. */
export interface FloorFile {
  /** Which code it was and when; null until floors are stored. */
  readonly commit: string | null;
  readonly date: string | null;
  /** CI fails only below the floor times this. */
  readonly far: number;
  /** By the load's name; null or absent: no floor. */
  readonly floors: Readonly<Record<string, number | null>>;
}

/** A stored floor is this much of what was measured, so that a run on another day passes. */
export const storedShare = 0.85;

/** A load that neither system can have done wrong: what the ratio needs of each. */
export interface Speed {
  readonly perSecond: number;
  readonly p50Us: number;
}

/** synod's share of what the bare pipeline reached: 1 is as good. */
export function ratioOf({ by }: GuardedLoad, bare: Speed, synod: Speed): number {
  return by === 'latency' ? bare.p50Us / synod.p50Us : synod.perSecond / bare.perSecond;
}

export interface Verdict {
  readonly load: string;
  /** The median over the rounds, and its extremes. */
  readonly ratio: number;
  readonly least: number;
  readonly most: number;
  /** Undefined when none is stored. */
  readonly floor: number | undefined;
  readonly says: 'ok' | 'no floor stored' | 'below' | 'far below';
}

/** Judges one load by the median of its rounds' ratios. */
export function judge(load: string, ratios: readonly number[], { far, floors }: FloorFile): Verdict {
  const sorted = ratios.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  const ratio = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
  const floor = floors[load] ?? undefined;
  // A ratio that is no number passes nothing.
  const says =
    floor === undefined ? 'no floor stored' : ratio >= floor ? 'ok' : ratio >= floor * far ? 'below' : 'far below';
  return { load, ratio, least: sorted[0] ?? Number.NaN, most: sorted.at(-1) ?? Number.NaN, floor, says };
}

/** 1 below a floor; in CI, whose machines are busy, only far below one. */
export function exitCodeOf(verdicts: readonly Verdict[], isCi: boolean): 0 | 1 {
  const bad = verdicts.some(({ says }) => says === 'far below' || (says === 'below' && !isCi));
  return bad ? 1 : 0;
}

/** The file that a run stores. */
export function floorsFrom(verdicts: readonly Verdict[], { far }: FloorFile, commit: string, date: string): FloorFile {
  const floors = verdicts.map(({ load, ratio }) => [load, Math.floor(ratio * storedShare * 1000) / 1000] as const);
  return { commit, date, far, floors: Object.fromEntries(floors) };
}

/**
 * Reads the stored file.
 *
 * @throws Error that says what is wrong with it and how to make it again.
 */
export function readFloors(text: string): FloorFile {
  const { commit = null, date = null, far, floors } = JSON.parse(text) as Partial<FloorFile>;
  const wrong =
    !(typeof far === 'number' && far > 0 && far <= 1) ||
    typeof floors !== 'object' ||
    Object.values(floors).some((floor) => floor !== null && !(typeof floor === 'number' && floor > 0));
  if (wrong || floors === undefined || far === undefined) {
    throw new Error(
      'guard-floor.json: "far" is within 0..1 and "floors" are numbers above 0 or null; restore it, or --store',
    );
  }
  return { commit, date, far, floors };
}

export function verdictsText(verdicts: readonly Verdict[], { commit, date, far }: FloorFile, isCi: boolean): string {
  const shown = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(3));
  const lines = verdicts.map(
    ({ load, ratio, least, most, floor, says }) =>
      `| ${load} | ${shown(ratio)} | ${shown(least)}–${shown(most)} | ${shown(floor)} | ${says} |`,
  );
  const stored =
    commit === null ? 'no floors are stored: npm run bench:guard -- --store' : `floors of ${commit}, ${date}`;
  return [
    '| load | synod / bare | over the rounds | floor | |',
    '|---|---|---|---|---|',
    ...lines,
    '',
    `${stored}; fails below ${isCi ? `${far} × the floor` : 'the floor'}`,
  ].join('\n');
}
