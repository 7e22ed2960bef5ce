/**
 * What is done to the cluster in each round: a pure function of the seed and the round's number, so that the same seed
 * gives the same sequence of faults however long each of them takes.
 */
import { Draw, drawBase } from '../../src/proxy/plan/draw.js';
import type { JsonObject } from '../../src/proxy/plan/fields.js';
import { randomFault, randomFaultNames } from '../../src/proxy/plan/random-faults.js';

/** Something done to processes, `afterMs` after the round's links were set. */
export type Blow = { readonly afterMs: number } & (
  | { readonly kind: 'kill' | 'killMajority' | 'killAll'; readonly servers: readonly number[]; readonly forMs: number }
  | { readonly kind: 'pause'; readonly servers: readonly number[]; readonly forMs: number }
  | { readonly kind: 'killProxy' | 'killBalancer'; readonly forMs: number }
);

export interface Round {
  readonly number: number;
  /** Faults on links, by name, in the form that the proxy's API takes. */
  readonly links: readonly { readonly name: string; readonly rule: JsonObject }[];
  /** Or a schedule of short ones that the proxy draws. */
  readonly storm: { readonly script: JsonObject; readonly seed: number } | undefined;
  readonly blows: readonly Blow[];
  /** How long the links stay as they are. */
  readonly forMs: number;
  /** Lines that every client must get committed after the healing. */
  readonly lines: number;
  /** The server of which a fresh read is asked once everything goes on. */
  readonly readFrom: number | undefined;
}

type Kind = Blow['kind'];
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

/** How often of 100 rounds they fall. Of each list at most one falls: nothing is killed twice at the same time. */
const killChances = { kill: 20, killMajority: 5, killAll: 5 } as const;
const pauseChances = { pause: 16 } as const;
const otherChances = { killProxy: 7, killBalancer: 5 } as const;

const roundMs = { least: 300, most: 5000 };
const downMs = { least: 0, most: 3000 };
const pauseMs = { least: 100, most: 10_000 };

export function drawRound(seed: number, number: number, servers: readonly number[]): Round {
  const draw = new Draw().begin(drawBase(seed, 'nemesis', 'rounds'), number);
  const blows = [killChances, pauseChances, otherChances].flatMap((chances) => drawBlow(chances, servers, draw));
  const isStorm = draw.below(8) === 0;
  const count = (blows.length === 0 ? 1 : 0) + draw.below(3);
  const links = Array.from({ length: isStorm ? 0 : count }, () => drawLinkFault(servers, draw));
  const forMs = spread(roundMs, draw);
  return {
    number,
    links,
    storm: isStorm ? { script: storm(servers, forMs), seed: draw.u32() } : undefined,
    blows,
    forMs,
    lines: 1 + draw.below(8),
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

function describeBlow(blow: Blow): string {
  const whom = 'servers' in blow ? ` ${blow.servers.join(',')}` : '';
  return `${blow.kind}${whom} at ${blow.afterMs} ms for ${blow.forMs} ms`;
}

/** One of the kinds, or none. */
function drawBlow(chances: Readonly<Partial<Record<Kind, number>>>, servers: readonly number[], draw: Draw): Blow[] {
  let dice = draw.below(100);
  for (const [kind, chance] of Object.entries(chances)) {
    if (dice < chance) return [blowOf(kind as Kind, servers, draw)];
    dice -= chance;
  }
  return [];
}

function blowOf(kind: Kind, servers: readonly number[], draw: Draw): Blow {
  const afterMs = draw.below(1500);
  switch (kind) {
    case 'kill':
      return { kind, afterMs, servers: some(servers, 1, draw), forMs: spread(downMs, draw) };
    case 'killMajority':
      return {
        kind,
        afterMs,
        servers: some(servers, Math.ceil(servers.length / 2), draw),
        forMs: spread(downMs, draw),
      };
    case 'killAll':
      return { kind, afterMs, servers, forMs: spread(downMs, draw) };
    case 'pause':
      return { kind, afterMs, servers: some(servers, 1 + draw.below(2), draw), forMs: spread(pauseMs, draw) };
    case 'killProxy':
    case 'killBalancer':
      return { kind, afterMs, forMs: spread(downMs, draw) };
  }
}

function drawLinkFault(servers: readonly number[], draw: Draw): Round['links'][number] {
  const name = linkFaultNames[draw.below(linkFaultNames.length)] ?? '';
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
