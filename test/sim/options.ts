/**
 * What one seed is made of: the cluster's size, its load and which faults it meets, drawn once per seed (swarm
 * testing).
 */
import type { Prng } from '../../src/base/index.js';

/** Numbers are drawn per seed; each class of fault is off with p = 1/2, so that extremes and pure cases occur. */
export interface SimOptions {
  readonly servers: number;
  readonly clients: number;
  readonly rooms: number;
  /** Length of the safety phase, simulated microseconds. */
  readonly safetyUs: number;
  /** Mean time between two submits of one client. */
  readonly submitEveryUs: number;
  /** Messages a client may have unanswered. */
  readonly window: number;
  readonly textBytesMax: number;
  /** Size of a log segment: small enough that logs roll, large enough for the longest record. */
  readonly segmentBytes: number;
  /** Frames between servers really are encoded and decoded. */
  readonly wireBytes: boolean;

  // --- network ---
  /** Per thousand. */
  readonly lossPerMille: number;
  readonly duplicatePerMille: number;
  /** Mean of the exponential delay of a frame. */
  readonly delayUs: number;
  /** Per thousand: frames with a delay of up to 30 s. */
  readonly longTailPerMille: number;
  /** True: each frame is delayed on its own, so frames overtake each other. */
  readonly reorder: boolean;
  /** Frames of a server's earlier lives still arrive. */
  readonly ghosts: boolean;
  /** Mean time between partitions, 0: none. */
  readonly partitionEveryUs: number;
  readonly partitionForUs: number;
  /** Whole classes of frames delayed on one server for a while, as `-mode` does; 0: none. */
  readonly modeEveryUs: number;

  // --- servers ---
  /** Mean time between crashes, 0: none. */
  readonly crashEveryUs: number;
  readonly downForUs: number;
  /** Per hundred thousand: crash right after a promise, accepted or ack left, or right before or after a sync. */
  readonly boundaryCrashPer100k: number;
  /** A crash tells the peers at once (connection closed); else they only hear silence. */
  readonly crashClosesLinks: boolean;
  readonly pauseEveryUs: number;
  readonly pauseForUs: number;
  /** Clock rates differ by up to so many per mille. */
  readonly clockSkewPerMille: number;
  /**
   * Mean time between jumps of a wall clock by up to an hour, wall clocks that stand still, clocks that race or crawl.
   */
  readonly clockFaultEveryUs: number;
  /** Orderly stops (hand-over) instead of some crashes. */
  readonly gentleStops: boolean;

  // --- disk ---
  readonly syncUs: number;
  /** Per thousand: syncs that take up to 3 s. */
  readonly slowSyncPerMille: number;
  readonly diskFullEveryUs: number;
  /** Longest write and read; they take half of it on average. */
  readonly writeUs: number;
  readonly readUs: number;
  /** Longest sync of the state store. */
  readonly storeSyncUs: number;
  /** Mean time between writes or syncs that fail; the server must stop at once. */
  readonly diskErrorEveryUs: number;
  /**
   * Mean time between damages to what is durable (bits that rot, writes that went astray). They strike a minority of
   * the servers only, the same ones all the time: the atlas that leaves a good copy of every record.
   */
  readonly damageEveryUs: number;
  /** What the operator does with a server that refuses to start. `leave`: nothing, it stays down. */
  readonly repair: 'leave';

  /** Mean time between disks that are emptied. */
  readonly emptyEveryUs: number;
  /** Servers keep nothing on disk: each life begins with a new, empty directory. */
  readonly memory: boolean;
  /** How far ahead of what it has applied anybody proposes: production's 4,096 no-ops a change would take too long. */
  readonly membersAheadSlots: number;
  /** Per cent of restarts that find the checkpoints gone. */
  readonly storeLossPercent: number;
  /** Log kept, in segments; servers that were away for longer fetch a state. 0: all of it. */
  readonly retainSegments: number;

  // --- clients ---
  /** Clients are production's library, which a balancer places on servers with production's client side. */
  readonly library: boolean;
  /** Mean times between cables that are out, clients that do not read, and crashes of the balancer; 0: none. */
  readonly cableEveryUs: number;
  readonly stallEveryUs: number;
  readonly balancerCrashEveryUs: number;
  /** Mean time between moves of a client without a reason. */
  readonly rerouteEveryUs: number;
  /** Mean time between decisions of operators, 0: none. */
  readonly decideEveryUs: number;
  /** A session ends after so much log clock, and clients now and then stay away for longer; 0: a week. */
  readonly sessionExpiryMs: number;
}

const second = 1_000_000;
const ms = 1000;

/** Draws the options of a seed. */
export function drawOptions(random: Prng): SimOptions {
  const on = (): boolean => random.chance(1, 2);
  const crashes = on();
  const textBytesMax = random.chance(1, 10) ? 1000 : 40;
  const diskFullEveryUs = random.chance(1, 6) ? 5 * second : 0;
  return {
    servers: random.chance(1, 4) ? 5 : 3,
    clients: random.between(1, 4),
    rooms: random.between(1, 2),
    safetyUs: random.between(6, 18) * second,
    submitEveryUs: random.pick([20 * ms, 60 * ms, 200 * ms]),
    window: random.pick([1, 4, 16, 32]),
    textBytesMax,
    // Where disks fill up, even within seconds, logs must roll to notice.
    segmentBytes: textBytesMax > 500 ? 1 << 20 : diskFullEveryUs > 0 ? 1 << 15 : 1 << 17,
    wireBytes: random.chance(1, 8),

    lossPerMille: on() ? random.pick([5, 30, 100, 300]) : 0,
    duplicatePerMille: on() ? random.pick([10, 100, 500]) : 0,
    delayUs: random.pick([100, 1 * ms, 5 * ms, 20 * ms, 100 * ms]),
    longTailPerMille: on() ? random.pick([1, 5, 20]) : 0,
    reorder: on(),
    ghosts: on(),
    partitionEveryUs: on() ? random.pick([1, 3, 6]) * second : 0,
    partitionForUs: random.pick([200 * ms, 1 * second, 4 * second]),
    modeEveryUs: random.chance(1, 4) ? 4 * second : 0,

    crashEveryUs: crashes ? random.pick([1, 3, 6]) * second : 0,
    downForUs: random.pick([50 * ms, 500 * ms, 3 * second]),
    boundaryCrashPer100k: on() ? random.pick([20, 100, 400]) : 0,
    crashClosesLinks: on(),
    pauseEveryUs: on() ? random.pick([1, 4]) * second : 0,
    pauseForUs: random.pick([50 * ms, 400 * ms, 3 * second]),
    clockSkewPerMille: on() ? random.pick([10, 100, 300]) : 0,
    clockFaultEveryUs: random.chance(1, 4) ? 2 * second : 0,
    gentleStops: on(),

    syncUs: random.pick([200, 2 * ms, 20 * ms, 80 * ms]),
    slowSyncPerMille: on() ? random.pick([5, 50]) : 0,
    diskFullEveryUs,
    writeUs: random.pick([20, 20, 5 * ms]),
    readUs: random.pick([200, 200, 20 * ms]),
    storeSyncUs: random.pick([400, 10 * ms, 300 * ms]),
    diskErrorEveryUs: random.chance(1, 6) ? 4 * second : 0,
    damageEveryUs: random.chance(1, 6) ? 3 * second : 0,
    repair: 'leave',

    rerouteEveryUs: on() ? random.pick([1, 4]) * second : 0,
    storeLossPercent: random.chance(1, 6) ? 30 : 0,
    library: random.chance(1, 5),
    cableEveryUs: on() ? 3 * second : 0,
    stallEveryUs: on() ? 3 * second : 0,
    balancerCrashEveryUs: on() ? 4 * second : 0,
    sessionExpiryMs: random.chance(1, 6) ? random.pick([1500, 3000]) : 0,
    ...drawRetention(random),
    ...drawMembers(random),
    // Drawn last, so that it moves nothing else.
    decideEveryUs: random.chance(1, 4) ? random.pick([second / 4, second]) : 0,
  };
}

/** Directories that are lost. What is lost with its process cannot be cut off in the middle of a write. */
function drawMembers(
  random: Prng,
): Partial<SimOptions> & Pick<SimOptions, 'emptyEveryUs' | 'memory' | 'membersAheadSlots'> {
  const membersAheadSlots = 64;
  if (random.chance(1, 8)) {
    return {
      emptyEveryUs: 0,
      memory: true,
      membersAheadSlots,
      diskFullEveryUs: 0,
      diskErrorEveryUs: 0,
      damageEveryUs: 0,
      storeLossPercent: 0,
      library: false,
      // Whoever comes back must be admitted before the next one may be lost: some seconds.
      safetyUs: random.between(12, 20) * second,
      crashEveryUs: 3 * second,
      downForUs: random.pick([50 * ms, 500 * ms]),
      boundaryCrashPer100k: random.pick([0, 20]),
    };
  }
  if (random.chance(1, 6))
    return {
      emptyEveryUs: 3 * second,
      memory: false,
      membersAheadSlots,
      library: false,
      storeLossPercent: 0,
      damageEveryUs: 0,
    };
  return { emptyEveryUs: 0, memory: false, membersAheadSlots };
}

/**
 * Tiny segments that fill fast, and servers that are away for seconds. Without its checkpoints a server can't come back
 * to a log whose beginning is gone, so that they are never lost here.
 */
function drawRetention(random: Prng): Partial<SimOptions> & { retainSegments: number } {
  if (!random.chance(1, 4)) return { retainSegments: 0 };
  return {
    retainSegments: random.pick([1, 2]),
    segmentBytes: 12 << 10,
    storeLossPercent: 0,
    safetyUs: random.between(12, 18) * second,
    submitEveryUs: 20 * ms,
    window: random.pick([2, 4]),
    textBytesMax: 40,
    clients: 4,
    lossPerMille: random.pick([0, 5, 30]),
    delayUs: random.pick([100, 1 * ms, 5 * ms]),
    syncUs: random.pick([200, 2 * ms]),
    crashEveryUs: random.pick([3, 6]) * second,
    downForUs: 3 * second,
    partitionForUs: 4 * second,
  };
}

/** Nothing goes wrong: what a script's options are laid over. */
export const calmOptions: SimOptions = Object.freeze({
  servers: 3,
  clients: 1,
  rooms: 1,
  safetyUs: 6 * second,
  submitEveryUs: 20 * ms,
  window: 16,
  textBytesMax: 40,
  segmentBytes: 1 << 17,
  wireBytes: false,
  lossPerMille: 0,
  duplicatePerMille: 0,
  delayUs: ms,
  longTailPerMille: 0,
  reorder: false,
  ghosts: false,
  partitionEveryUs: 0,
  partitionForUs: 0,
  modeEveryUs: 0,
  crashEveryUs: 0,
  downForUs: 50 * ms,
  boundaryCrashPer100k: 0,
  crashClosesLinks: true,
  pauseEveryUs: 0,
  pauseForUs: 0,
  clockSkewPerMille: 0,
  gentleStops: false,
  syncUs: 2 * ms,
  slowSyncPerMille: 0,
  diskFullEveryUs: 0,
  writeUs: 20,
  readUs: 200,
  storeSyncUs: 400,
  diskErrorEveryUs: 0,
  damageEveryUs: 0,
  repair: 'leave',
  clockFaultEveryUs: 0,
  storeLossPercent: 0,
  retainSegments: 0,
  emptyEveryUs: 0,
  memory: false,
  membersAheadSlots: 64,
  library: false,
  cableEveryUs: 0,
  stallEveryUs: 0,
  balancerCrashEveryUs: 0,
  rerouteEveryUs: 0,
  sessionExpiryMs: 0,
  decideEveryUs: 0,
});

/** Options that only say which faults are drawn: a run from a list of faults does not read them. */
const drawing: readonly (keyof SimOptions)[] = [
  'lossPerMille',
  'duplicatePerMille',
  'longTailPerMille',
  'partitionEveryUs',
  'partitionForUs',
  'modeEveryUs',
  'crashEveryUs',
  'boundaryCrashPer100k',
  'pauseEveryUs',
  'pauseForUs',
  'gentleStops',
  'slowSyncPerMille',
  'diskFullEveryUs',
  'diskErrorEveryUs',
  'damageEveryUs',
  'clockFaultEveryUs',
  'storeLossPercent',
  'rerouteEveryUs',
  'cableEveryUs',
  'stallEveryUs',
  'balancerCrashEveryUs',
  'decideEveryUs',
];

/** What a script must say of `options`, its faults apart: how they differ from calm ones. */
export function scriptOptions(options: SimOptions): Partial<SimOptions> {
  const told = Object.entries(options).filter(([name, value]) => {
    const key = name as keyof SimOptions;
    return !drawing.includes(key) && value !== calmOptions[key];
  });
  return Object.fromEntries(told);
}

/** One line that names what is switched on. */
export function describeOptions(options: SimOptions): string {
  return Object.entries(options)
    .filter(([, value]) => value !== 0 && value !== false)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}
