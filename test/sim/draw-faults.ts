/** Draws a seed's due faults before its run begins, each class from a generator of its own. */
import type { Prng } from '../../src/base/index.js';
import type { JsonObject } from '../../src/proxy/plan/fields.js';
import type { FaultClass, ServerId } from '../../src/wire/index.js';
import type { Chances } from './chances.js';
import type { DueFault } from './fault.js';
import type { SimOptions } from './options.js';

/** How a server is cut off: both ways; it hears but is not heard; it is heard but does not hear. */
export type Isolation = 'both' | 'mute' | 'deaf';
export const isolations: readonly Isolation[] = ['both', 'mute', 'deaf'];

export function isolation(server: ServerId, way: Isolation): JsonObject {
  if (way === 'both') return { preset: 'isolate', server };
  const match = way === 'mute' ? { from: server, to: '*' } : { from: '*', to: server };
  return { match, do: 'drop' };
}

/** Everything that is due in the safety phase. */
export function drawFaults(options: SimOptions, chances: Chances): DueFault[] {
  const ids = Array.from({ length: options.servers }, (_, at) => at + 1);
  const faults: DueFault[] = [];
  /** One fault about every so often, from the generator of this name. */
  const repeat: Repeat = (name, everyUs, draw) => {
    if (everyUs === 0) return;
    const random = chances.of(name);
    for (let atUs = random.exponential(everyUs); atUs < options.safetyUs; atUs += 1 + random.exponential(everyUs)) {
      faults.push(draw(random, atUs));
    }
  };
  repeat('crashes', options.crashEveryUs, (random, atUs) => ({
    kind: options.gentleStops && random.chance(1, 3) ? 'stop' : 'crash',
    atUs,
    // Now and then everybody at once: a power failure.
    servers: random.chance(1, 12) ? ids : [random.pick(ids)],
    forUs: downUs(random, options),
  }));
  repeat('pauses', options.pauseEveryUs, (random, atUs) => {
    return { kind: 'pause', atUs, server: random.pick(ids), forUs: random.exponential(options.pauseForUs) };
  });
  repeat('partitions', options.partitionEveryUs, (random, atUs) => {
    return {
      kind: 'links',
      atUs,
      rules: drawPartition(random, ids),
      forUs: random.exponential(options.partitionForUs),
    };
  });
  repeat('modes', options.modeEveryUs, (random, atUs) => {
    return { kind: 'links', atUs, rules: drawMode(random, ids), forUs: random.exponential(4_000_000) };
  });
  repeat('full disks', options.diskFullEveryUs, (random, atUs) => ({
    kind: 'full',
    atUs,
    server: random.pick(ids),
    writes: random.chance(1, 2) ? random.between(1, 6) : 0,
    forUs: random.below(4_000_000),
  }));
  repeat('disk errors', options.diskErrorEveryUs, (random, atUs) => {
    return { kind: 'diskError', atUs, server: random.pick(ids), operation: random.pick(['write', 'sync']) };
  });
  const damaged = drawDamaged(chances.of('damaged'), ids);
  repeat('damages', damaged.length === 0 ? 0 : options.damageEveryUs, (random, atUs) => {
    const way = random.chance(1, 3) ? 'stray' : 'bit';
    return { kind: 'damage', atUs, server: random.pick(damaged), way, place: random.u32() };
  });
  repeat('emptied disks', options.emptyEveryUs, (random, atUs) => {
    return { kind: 'empty', atUs, server: random.pick(ids), forUs: downUs(random, options) };
  });
  // What clients say must not be refused: they bear other names than those that are blocked.
  repeat('decisions', options.decideEveryUs, (random, atUs) => {
    const decision = { kind: 'decide', atUs, server: random.pick(ids), id: random.u32() } as const;
    if (random.chance(1, 4)) {
      const verb = random.pick(['block', 'unblock', 'release'] as const);
      return { ...decision, verb, subject: random.pick(['root', 'Nobody']), count: 0, ageMs: 0 };
    }
    const count = random.pick([0, 1, 10, 100]);
    const ageMs = random.pick([0, 0, 1_000, 3_000]);
    return { ...decision, verb: 'retain', subject: `#room${random.below(options.rooms)}`, count, ageMs };
  });
  repeat('clocks', options.clockFaultEveryUs, (random, atUs) => drawClockFault(random, ids, atUs));
  repeat('moves', options.rerouteEveryUs, (random, atUs) => {
    return { kind: 'away', atUs, client: random.between(1, options.clients), forUs: 0 };
  });
  // Away for longer than its session lives, if the others keep the log clock going.
  repeat('absences', options.sessionExpiryMs > 0 ? 4_000_000 / options.clients : 0, (random, atUs) => {
    const forUs = random.between(1, 3) * options.sessionExpiryMs * 1000;
    return { kind: 'away', atUs, client: random.between(1, options.clients), forUs };
  });
  if (options.library) faults.push(...drawLibraryFaults(options, repeat, chances));
  return faults;
}

type Repeat = (name: string, everyUs: number, draw: (random: Prng, atUs: number) => DueFault) => void;

/** What only connections can suffer; returns the fault that meets the balancer before or at its seal. */
function drawLibraryFaults(options: SimOptions, repeat: Repeat, chances: Chances): DueFault[] {
  const { cableEveryUs, stallEveryUs, balancerCrashEveryUs, clients } = options;
  repeat('cables', cableEveryUs, (random, atUs) => {
    return { kind: 'cable', atUs, client: random.between(1, clients), forUs: random.exponential(2_000_000) };
  });
  repeat('stalls', stallEveryUs, (random, atUs) => {
    return { kind: 'stall', atUs, client: random.between(1, clients), forUs: random.exponential(2_000_000) };
  });
  repeat('balancer', balancerCrashEveryUs, (random, atUs) => {
    return { kind: 'balancer', atUs, forUs: random.exponential(1_000_000) };
  });
  const early = chances.of('balancer at first');
  if (balancerCrashEveryUs === 0 || early.chance(1, 2)) return [];
  return [{ kind: 'balancer', atUs: early.below(130_000), forUs: early.below(400_000) }];
}

/** Those whose disks may be damaged: fewer than a majority. */
function drawDamaged(random: Prng, ids: readonly ServerId[]): ServerId[] {
  const minority = (ids.length - 1) / 2;
  return random.shuffle(ids).slice(0, minority === 0 ? 0 : random.between(1, minority));
}

function drawClockFault(random: Prng, ids: readonly ServerId[], atUs: number): DueFault {
  const server = random.pick(ids);
  const forUs = random.exponential(2_000_000);
  switch (random.below(4)) {
    case 0:
      return { kind: 'wallFreeze', atUs, server, forUs };
    case 1:
      return { kind: 'clockRate', atUs, server, rate: random.pick([300, 700, 1500, 4000]), forUs };
    default:
      return { kind: 'wallJump', atUs, server, byMs: random.pick([-1, 1]) * random.pick([2_000, 60_000, 3_600_000]) };
  }
}

/** How long a server that ended stays down. */
export function downUs(random: Prng, options: SimOptions): number {
  return 1000 + random.exponential(options.downForUs);
}

function drawPartition(random: Prng, ids: readonly ServerId[]): JsonObject[] {
  switch (random.below(4)) {
    case 0:
      return [isolation(random.pick(ids), random.pick(isolations))];
    case 1:
      return [drawSplit(random, ids)];
    default:
      return ids
        .map((from) => ({ from, to: ids.filter((to) => to !== from && random.chance(1, 4)) }))
        .filter(({ to }) => to.length > 0)
        .map((match) => ({ match, do: 'drop' }));
  }
}

function drawSplit(random: Prng, ids: readonly ServerId[]): JsonObject {
  const mixed = random.shuffle(ids);
  const left = mixed.slice(0, random.between(1, ids.length - 1));
  const right = mixed.slice(left.length);
  if (!random.chance(1, 3)) return { preset: 'halves', groups: [left, right] };
  return { match: { from: left, to: right }, do: 'drop' };
}

/** As a server's `-mode` with one letter, but for any time and while it runs. */
function drawMode(random: Prng, ids: readonly ServerId[]): JsonObject[] {
  const classes = random.pick<FaultClass>(['p', 'a', 'c', 'g', 'r']);
  const id = random.pick(ids);
  const late = { type: 'delay', time: random.below(8_000_000) / 1000 };
  return [
    { match: { from: id, to: '*', classes }, do: late },
    { match: { from: '*', to: id, classes }, do: late },
  ];
}
