/**
 * What is done to the cluster in each round: a pure function of the seed and the round's number, so that the same seed
 * gives the same sequence of faults however long each of them takes.
 */
import { Draw, drawBase } from '../../src/proxy/plan/draw.js';
import type { JsonObject } from '../../src/proxy/plan/fields.js';
import { randomFault, randomFaultNames } from '../../src/proxy/plan/random-faults.js';

/** Something done to processes, `afterMs` after the round's links were set; for how long is up to its kind. */
export type Blow = { readonly afterMs: number; readonly servers: readonly number[]; readonly forMs: number } & (
  | {
      readonly kind:
        | 'kill' // kill -9, and down for so long
        | 'killMajority'
        | 'killAll'
        | 'away' // kill -9, and down for a minute under load: much to catch up with
        | 'rolling' // SIGTERM and start again, one after the other, with so long between them
        | 'pause' // SIGSTOP, SIGCONT
        | 'eio' // the next fdatasync fails: exit 7 within this time, and start again
        | 'killBalancer'
        | 'killProxy';
    }
  /** kill -9, and again so long after each start. */
  | { readonly kind: 'killAgain'; readonly againMs: readonly number[] }
  /** So much is left besides a small segment of the log; long lines are said until it is full, and it stays so. */
  | { readonly kind: 'diskFull'; readonly spareKib: number }
  /** Its wall clock is wrong by so much. */
  | { readonly kind: 'wallJump'; readonly seconds: number }
  /** kill -9; from then on its monotonic clock is ahead of the others' by so much. */
  | { readonly kind: 'otherClock'; readonly seconds: number }
  /** It may open so many more descriptors, while connections come that say nothing. */
  | { readonly kind: 'fdLimit'; readonly spare: number }
);

export type BlowKind = Blow['kind'];

export interface Round {
  readonly number: number;
  /** Faults on links, by name, in the form that the proxy's API takes. */
  readonly links: readonly { readonly name: string; readonly rule: JsonObject }[];
  /** Or a schedule of short ones that the proxy draws. */
  readonly storm: { readonly script: JsonObject; readonly seed: number } | undefined;
  readonly blows: readonly Blow[];
  /** How long the links stay as they are. */
  readonly forMs: number;
  /** The server of which a fresh read is asked once everything goes on. */
  readonly readFrom: number | undefined;
}

/** Draws a fault of one server's links. */
type OfServer = (server: number, draw: Draw) => JsonObject;

/** Faults on the links between clients and servers, and on connections as they open; the proxy's own list has none. */
const further: Readonly<Record<string, OfServer>> = {
  clientCut: (server, draw) => onClient(server, draw, 'drop'),
  clientDelay: (server, draw) => onClient(server, draw, { type: 'delay', time: 20 * (1 + draw.below(50)) }),
  clientReset: (server, draw) => onClient(server, draw, 'reset', { every: 10 + draw.below(100) }),
  clientCutMidFrame: (server, draw) => onClient(server, draw, 'cutMidFrame', { every: 10 + draw.below(100) }),
  clientCorrupt: (server, draw) => onClient(server, draw, { type: 'corrupt', what: damage(draw) }, { every: 50 }),
  refuse: (server) => ({ match: { from: ['*', 'client'], to: server }, do: 'refuse' }),
  stall: (server) => ({ match: { from: ['*', 'client'], to: server }, do: 'stall' }),
};

/** All faults of links that a round may have. */
export const linkFaultNames: readonly string[] = [...randomFaultNames, ...Object.keys(further)];

type Chances = Readonly<Partial<Record<BlowKind, number>>>;

/** How often of 100 rounds they fall. Of each list at most one falls: nothing is killed twice at the same time. */
const killChances = {
  kill: 13,
  killMajority: 5,
  killAll: 5,
  killAgain: 6,
  rolling: 3,
  eio: 4,
  diskFull: 3,
  otherClock: 3,
  away: 1,
} as const;
const pauseChances = { pause: 14 } as const;
const otherChances = { killProxy: 6, killBalancer: 6, wallJump: 5, fdLimit: 5 } as const;
const lists: readonly Chances[] = [killChances, pauseChances, otherChances];
const stormPercent = 12;

/** Everything that can be asked for by name. */
export const kindNames: readonly string[] = [...linkFaultNames, ...lists.flatMap((list) => Object.keys(list)), 'storm'];

const roundMs = { least: 300, most: 5000 };
const downMs = { least: 0, most: 3000 };
const pauseMs = { least: 100, most: 10_000 };
const balancerDownMs = { least: 0, most: 10_000 };
const awayMs = 60_000;
/** A synced log is written to many times a second under load; whoever has not tried by then hears nobody. */
const eioMs = 5000;
const spareKib = { least: 256, most: 3072 };
const fullMs = { least: 500, most: 3000 };
/** Long enough for libfaketime to look at its file twice. */
const wallMs = { least: 2500, most: 6000 };
const clockSeconds = [3600, 1_000_000, 30_000_000];

/** `only` names the kinds that may fall; by default all do, each as often as it is worth. */
export function drawRound(
  seed: number,
  number: number,
  servers: readonly number[],
  only: readonly string[] = [],
): Round {
  const draw = new Draw().begin(drawBase(seed, 'nemesis', 'rounds'), number);
  const kinds = only.length > 0 ? someOf(only, draw) : anyKinds(draw);
  const blows = kinds.filter((kind) => isBlow(kind)).map((kind) => blowOf(kind as BlowKind, servers, draw));
  // A minute of cut links besides a minute of absence would only be a minute without a quorum.
  const alone = kinds.includes('away');
  const links = kinds.filter((kind) => !alone && linkFaultNames.includes(kind));
  const forMs = spread(roundMs, draw);
  return {
    number,
    links: links.map((name) => linkFault(name, servers, draw)),
    storm: kinds.includes('storm') && !alone ? { script: storm(servers, forMs), seed: draw.u32() } : undefined,
    blows,
    forMs,
    readFrom: draw.below(4) === 0 ? servers[draw.below(servers.length)] : undefined,
  };
}

/** One line, for a person who follows a run. */
export function describeRound({ number, links, storm, blows, forMs }: Round): string {
  const what = links.map(({ name, rule: { preset, ...rule } }) => `${name} ${JSON.stringify(rule)}`);
  if (storm !== undefined) what.push(`storm of seed ${storm.seed}`);
  what.push(...blows.map(describeBlow));
  return `round ${number}, ${forMs} ms: ${what.join('; ')}`;
}

export function describeBlow({ kind, servers, afterMs, forMs, ...rest }: Blow): string {
  const whom = servers.length > 0 ? ` ${servers.join(',')}` : '';
  const more = Object.entries(rest).map(([name, value]) => `, ${name} ${value}`);
  return `${kind}${whom} at ${afterMs} ms for ${forMs} ms${more.join('')}`;
}

/** Servers whose data lies on a disk that can be filled: a minority, so that there is always somebody to go on. */
export function onSmallDisks(servers: readonly number[]): number[] {
  return servers.slice(0, Math.floor((servers.length - 1) / 2));
}

function isBlow(kind: string): boolean {
  return lists.some((list) => kind in list);
}

/** At most one blow of each list, and faults of links or a storm besides, or at least one if there is no blow. */
function anyKinds(draw: Draw): string[] {
  const blows = lists.flatMap((list) => drawKind(list, draw));
  if (draw.below(100) < stormPercent) return [...blows, 'storm'];
  const count = (blows.length === 0 ? 1 : 0) + draw.below(3);
  const links = Array.from({ length: count }, () => linkFaultNames[draw.below(linkFaultNames.length)] ?? '');
  // Each once: two faults of one kind may be one and the same, which the proxy does not take.
  return [...blows, ...new Set(links)];
}

/** One of these, or two that don't stand in the way of each other. */
function someOf(only: readonly string[], draw: Draw): string[] {
  const listOf = (kind: string): Chances | string => lists.find((list) => kind in list) ?? 'links';
  const kinds: string[] = [];
  for (let i = 0; i < 2; i++) {
    const kind = only[draw.below(only.length)] ?? '';
    if (!kinds.some((other) => listOf(other) === listOf(kind))) kinds.push(kind);
  }
  return kinds;
}

/** One of the kinds, or none. */
function drawKind(chances: Chances, draw: Draw): string[] {
  let dice = draw.below(100);
  for (const [kind, chance] of Object.entries(chances)) {
    if (dice < chance) return [kind];
    dice -= chance;
  }
  return [];
}

function blowOf(kind: BlowKind, all: readonly number[], draw: Draw): Blow {
  const afterMs = draw.below(1500);
  const down = (servers: readonly number[]) => ({ afterMs, servers, forMs: spread(downMs, draw) });
  switch (kind) {
    case 'kill':
      return { kind, ...down(some(all, 1, draw)) };
    case 'killMajority':
      return { kind, ...down(some(all, Math.ceil(all.length / 2), draw)) };
    case 'killAll':
      return { kind, ...down(all) };
    case 'away':
      return { kind, afterMs, servers: some(all, 1, draw), forMs: awayMs };
    case 'rolling':
      return { kind, ...down(shuffled(all, draw)) };
    case 'killAgain': {
      const againMs = Array.from({ length: 1 + draw.below(3) }, () => draw.below(400));
      return { kind, ...down(some(all, 1, draw)), againMs };
    }
    case 'eio':
      return { kind, afterMs, servers: some(all, 1, draw), forMs: eioMs };
    case 'diskFull':
      return {
        kind,
        afterMs,
        servers: some(onSmallDisks(all), 1, draw),
        forMs: spread(fullMs, draw),
        spareKib: spread(spareKib, draw),
      };
    case 'otherClock':
      return { kind, ...down(some(all, 1, draw)), seconds: clockSeconds[draw.below(clockSeconds.length)] ?? 0 };
    case 'pause':
      return { kind, afterMs, servers: some(all, 1 + draw.below(2), draw), forMs: spread(pauseMs, draw) };
    case 'wallJump': {
      const servers = some(all, 1 + draw.below(all.length), draw);
      return { kind, afterMs, servers, forMs: spread(wallMs, draw), seconds: draw.below(2) === 0 ? 3600 : -3600 };
    }
    case 'fdLimit':
      return { kind, afterMs, servers: some(all, 1, draw), forMs: spread(roundMs, draw), spare: draw.below(8) };
    case 'killProxy':
      return { kind, ...down([]) };
    case 'killBalancer':
      return { kind, afterMs, servers: [], forMs: spread(balancerDownMs, draw) };
  }
}

function linkFault(name: string, servers: readonly number[], draw: Draw): Round['links'][number] {
  const own = further[name];
  return { name, rule: own?.(servers[draw.below(servers.length)] ?? 0, draw) ?? randomFault(name, servers, draw) };
}

function onClient(server: number, draw: Draw, act: unknown, match: JsonObject = {}): JsonObject {
  const [from, to] = draw.below(2) === 0 ? ['client', server] : [server, 'client'];
  return { match: { from, to, ...match }, do: act };
}

function damage(draw: Draw): string {
  return ['payload', 'length', 'truncate'][draw.below(3)] ?? '';
}

/** Several short faults at a time, drawn by the proxy. */
function storm(servers: readonly number[], forMs: number): JsonObject {
  return { random: [{ for: forMs, every: '200ms', least: '100ms', most: '1s', servers }] };
}

/** Between the two, short ones as often as long ones: uniform on a logarithmic scale, from 10 ms up. */
function spread({ least, most }: { readonly least: number; readonly most: number }, draw: Draw): number {
  const low = Math.log(least + 10);
  return Math.round(Math.exp(low + draw.unit() * (Math.log(most + 10) - low))) - 10;
}

/** So many of the servers, in rising order. */
function some(servers: readonly number[], count: number, draw: Draw): number[] {
  const left = servers.slice();
  while (left.length > count) left.splice(draw.below(left.length), 1);
  return left;
}

function shuffled(servers: readonly number[], draw: Draw): number[] {
  const keyed = servers.map((id) => ({ id, key: draw.u32() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ id }) => id);
}
