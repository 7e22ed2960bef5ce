/** What a commit costs at least in a cluster whose servers are far apart: the theory, and nothing measured. Pure. */

/** Round trips between servers, in ms. */
export interface Regions {
  readonly name: string;
  /** By the two servers, the lower first: `1-2`. */
  readonly rttMs: Readonly<Record<string, number>>;
}

/** The round trip between two servers; 0 for a server and itself. */
export function rttBetween({ rttMs }: Regions, a: number, b: number): number {
  if (a === b) return 0;
  const rtt = rttMs[`${Math.min(a, b)}-${Math.max(a, b)}`];
  if (rtt === undefined) throw new Error(`no round trip is given between servers ${a} and ${b}`);
  return rtt;
}

/** The round trip from a leader to the last of the nearest servers that make a majority with it. */
export function majorityRttMs(regions: Regions, ids: readonly number[], leader: number): number {
  const others = ids.filter((id) => id !== leader).map((id) => rttBetween(regions, leader, id));
  const needed = Math.floor(ids.length / 2);
  return needed === 0 ? 0 : (others.toSorted((a, b) => a - b)[needed - 1] ?? Number.NaN);
}

/**
 * The least that a commit takes for a client next to server `at`, in ms: to the leader and back, the leader's round
 * trip to its nearest majority, and one sync there; the leader's own sync runs meanwhile.
 */
export function leastCommitMs(
  regions: Regions,
  ids: readonly number[],
  leader: number,
  at: number,
  syncMs: number,
): number {
  return rttBetween(regions, at, leader) + majorityRttMs(regions, ids, leader) + syncMs;
}

/** Every pair the same. */
export function evenRegions(ids: readonly number[], rttMs: number): Regions {
  const pairs = ids.flatMap((a) => ids.filter((b) => b > a).map((b) => [`${a}-${b}`, rttMs] as const));
  return { name: `${rttMs} ms`, rttMs: Object.fromEntries(pairs) };
}

/** All near each other but the last, which is far from all. */
export function mixedRegions(ids: readonly number[], nearMs: number, farMs: number): Regions {
  const far = ids.at(-1);
  const pairs = ids.flatMap((a) =>
    ids.filter((b) => b > a).map((b) => [`${a}-${b}`, b === far ? farMs : nearMs] as const),
  );
  return { name: `${nearMs} ms, server ${far} ${farMs} ms`, rttMs: Object.fromEntries(pairs) };
}
