/** One run from start to end: cluster, clients, warm-up, window, faults, drain, check, and the result. */
import { randomBytes } from 'node:crypto';
import { ExitError, exitCodes, nodeClock, Prng, silentLogger } from '../../base/index.js';
import { FineClock } from '../../proxy/index.js';
import { drainMs, Load } from '../load/load.js';
import { Subscribers } from '../load/subscribers.js';
import { linkBodies } from '../plan/fault-lines.js';
import { payloads } from '../plan/payloads.js';
import type { BenchResult } from '../plan/result.js';
import { binWidthMs } from '../plan/series.js';
import { FaultPlayer } from './fault-player.js';
import { checkHistory } from './history.js';
import { buildResult } from './make-result.js';
import type { BenchOptions, ServerPlace, Surroundings } from './options.js';
import { watchProgress } from './progress.js';
import { leaderOf, openTarget, type Target } from './target.js';
import { Usage } from './usage.js';
import { interruptible, sleep } from './wait.js';

/** Who is in a hurry does not wait for all that is in flight. */
const interruptedDrainMs = 1_000;

/**
 * Runs the bench. An interruption during the run gives what was measured until then.
 *
 * @throws ExitError for everything that its user can act on: nothing to reach (4), nothing committed (5), a server of
 * an
 *   own cluster that ended (its own code), an interruption before anything was measured (0, without a text).
 */
export async function runBench(options: BenchOptions, surroundings: Surroundings): Promise<BenchResult> {
  const startedAt = new Date(nodeClock.wallMs()).toISOString();
  const target = await openTarget(options, surroundings);
  try {
    return await runOn(target, options, surroundings, startedAt);
  } finally {
    await target.close();
  }
}

async function runOn(
  target: Target,
  options: BenchOptions,
  surroundings: Surroundings,
  startedAt: string,
): Promise<BenchResult> {
  const { signal } = surroundings;
  const guarded = <T>(work: Promise<T>): Promise<T> => interruptible(signal, Promise.race([work, target.failure]));
  await guarded(setMode(target, options));
  const pinned = await guarded(pinnedServer(target, options));
  const random = new Prng(options.seed);
  // New rooms and names for each run: their counts are its own, and a name belongs to the token that used it first.
  const run = randomBytes(4).toString('hex');
  const rooms = Array.from({ length: options.rooms }, (_, room) => `#bench-${run}-${room + 1}`);
  const place = () => (pinned === undefined ? { balancers: target.balancers } : { server: pinned.address });
  // Only an open loop has times to hit.
  const fine = options.open === undefined ? undefined : new FineClock(nodeClock, silentLogger);
  const load = new Load({
    clients: options.clients,
    inFlight: options.inFlight,
    rooms,
    payloads: payloads(options.size, random.fork()),
    place,
    namePrefix: `bench-${run}-`,
    ...(options.open === undefined ? {} : { open: options.open, random: random.fork() }),
    ...(fine === undefined ? {} : { clock: fine }),
  });
  const subscribers = new Subscribers({ count: options.subscribers, rooms, place, clock: nodeClock });
  try {
    await guarded(subscribers.connect(options.timeoutMs));
    await guarded(load.connect(options.timeoutMs));
    return await measure({ target, options, surroundings, startedAt, load, subscribers, rooms });
  } finally {
    load.halt();
    await Promise.all([load.stop(0), subscribers.close(), fine?.stop()]);
  }
}

/** What one measurement works with. */
export interface Scene {
  readonly target: Target;
  readonly options: BenchOptions;
  readonly surroundings: Surroundings;
  readonly startedAt: string;
  readonly load: Load;
  readonly subscribers: Subscribers;
  readonly rooms: readonly string[];
}

async function measure(scene: Scene): Promise<BenchResult> {
  const { target, options, surroundings, load, subscribers, rooms } = scene;
  const { signal } = surroundings;
  const ended = new AbortController();
  const over = AbortSignal.any([signal, ended.signal]);
  const findLeader = (): Promise<number> => leaderOf(target.direct);
  load.begin();
  const stopProgress = watchProgress(scene);
  try {
    if (!(await Promise.race([sleep(nodeClock, options.warmupMs, over), target.failure]))) {
      throw new ExitError(exitCodes.ok, 'STOPPED', '');
    }
    const leaderAtStart = await Promise.race([findLeader(), target.failure]);
    const usage = new Usage(() => [{ name: 'load', pid: process.pid }, ...target.processes()]);
    const placement = placementOf(load);
    const deliveredBefore = subscribers.delivered;
    const originMs = load.openWindow(options.durationMs, binWidthMs(options.durationMs));
    const player = faultPlayer(target, options, findLeader, () => usage.sample());
    const faults = player?.start(originMs) ?? Promise.resolve();
    const sampling = everySecond(() => usage.sample(), over);
    // A fault that cannot be set makes the run worthless; one that ends orderly does not end it.
    const broken = faults.then(() => new Promise<never>(() => undefined));
    await Promise.race([sleep(nodeClock, options.durationMs, over), target.failure, broken]);
    const interrupted = signal.aborted;
    load.cutWindow();
    load.halt();
    const deliveredInWindow = subscribers.delivered - deliveredBefore;
    const used = usage.end();
    ended.abort();
    stopProgress();
    await sampling;
    const forMs = interrupted ? interruptedDrainMs : drainMs;
    // What was killed comes back while the rest comes home.
    const drained = Promise.all([load.stop(forMs), player?.finish()]);
    await Promise.race([drained, target.failure]);
    // Each client's first message was acknowledged before the load began.
    const all = { ...load.all, ok: load.all.ok + options.clients };
    const history = await Promise.race([checkHistory(rooms, target.balancers, all), target.failure]);
    const expected = (history.posts ?? all.ok) * options.subscribers;
    await subscribers.settle(expected, forMs);
    const leaders = { start: leaderAtStart, end: await findLeader() };
    return buildResult(scene, {
      usage: used,
      placement,
      deliveredInWindow,
      missing: Math.max(0, expected - subscribers.delivered),
      faults: player?.records ?? [],
      leaders,
      history,
      interrupted,
    });
  } finally {
    stopProgress();
    ended.abort();
  }
}

async function setMode({ own }: Target, { cluster }: BenchOptions): Promise<void> {
  if (cluster.kind !== 'own' || cluster.mode === undefined || own?.links === undefined) return;
  for (const [place, spec] of cluster.mode.specs.entries()) {
    await own.links.set(linkBodies(`bench mode ${place + 1}`, spec, () => 0));
  }
}

/** The one server that all clients are on; undefined when the balancer spreads them. */
async function pinnedServer({ servers, direct }: Target, { on }: BenchOptions): Promise<ServerPlace | undefined> {
  if (on === 'spread') return undefined;
  const leader = typeof on === 'number' ? 0 : await leaderOf(direct);
  const isMeant = ({ id }: ServerPlace): boolean =>
    typeof on === 'number' ? id === on : leader > 0 && (on === 'leader') === (id === leader);
  const found = servers.find(isMeant);
  if (found !== undefined) return found;
  if (typeof on !== 'number' && leader === 0) {
    throw new ExitError(
      exitCodes.unknown,
      'NO_QUORUM',
      'no server leads, so --on cannot tell which one is meant; see synod status',
    );
  }
  const there = servers.map(({ id }) => id).join(', ');
  throw new ExitError(exitCodes.usage, 'NO_SUCH_SERVER', `--on ${on}: the cluster has no such server; it has ${there}`);
}

function faultPlayer(
  { own, direct }: Target,
  { faults }: BenchOptions,
  leader: () => Promise<number>,
  beforeKill: () => void,
): FaultPlayer | undefined {
  if (own === undefined || faults.length === 0) return undefined;
  const ids = direct.map(({ id }) => id);
  return new FaultPlayer({ cluster: own.cluster, links: own.links, ids, leader, beforeKill }, faults);
}

function placementOf(load: Load): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { server } of load.clients) {
    const id = String(server?.id ?? 0);
    counts[id] = (counts[id] ?? 0) + 1;
  }
  return counts;
}

async function everySecond(look: () => void, signal: AbortSignal): Promise<void> {
  while (await sleep(nodeClock, 1_000, signal)) look();
}
