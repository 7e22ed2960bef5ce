/** GET /links: who talks to whom through this proxy, what has passed, what rules did to it, and who leads. */

import type { LinkState } from '../engine/faults.js';
import type { FrameLine } from '../engine/frame-line.js';
import { outcomes } from '../engine/link-counts.js';
import type { End } from '../plan/ends.js';
import type { Rule } from '../plan/rule.js';
import type { Controlled } from '../server.js';
import type { Route } from './route.js';

export function linkRoutes({ world, proxies }: Controlled): Route[] {
  const { faults, leader } = world;
  return [
    {
      method: 'GET',
      path: '/links',
      handle: () => {
        const held = heldByLink(faults.lines);
        const rules = faults.book.list().map(({ rule }) => rule);
        const links = [...faults.links].filter(isShown).sort(byEnds);
        return {
          status: 200,
          body: {
            servers: faults.servers,
            leader: leader.server === 0 ? null : { server: leader.server, ballot: leader.ballot },
            links: links.map((link) => shown(link, rules, held.get(link) ?? { frames: 0, bytes: 0 })),
            foreign: proxies.list().reduce((sum, proxy) => sum + proxy.foreignConnections, 0),
          },
        };
      },
    },
  ];
}

interface Held {
  frames: number;
  bytes: number;
}

function heldByLink(lines: Iterable<FrameLine>): Map<LinkState, Held> {
  const held = new Map<LinkState, Held>();
  for (const { link, heldFrames, heldBytes } of lines) {
    const sum = held.get(link) ?? { frames: 0, bytes: 0 };
    sum.frames += heldFrames;
    sum.bytes += heldBytes;
    held.set(link, sum);
  }
  return held;
}

/** Callers and listeners that were never heard of have no place in the matrix, nor has the balancer. */
function isShown({ from, to }: LinkState): boolean {
  const isEnd = (end: End): boolean => typeof end === 'number' || end === 'client';
  return isEnd(from) && isEnd(to);
}

function byEnds(a: LinkState, b: LinkState): number {
  return a.name.localeCompare(b.name, 'en', { numeric: true });
}

function shown(link: LinkState, rules: readonly Rule[], held: Held): Record<string, unknown> {
  const { from, to, connections, counts } = link;
  return {
    from,
    to,
    connections,
    frames: counts.totalFrames,
    bytes: counts.bytes,
    held: held.frames,
    heldBytes: held.bytes,
    ...Object.fromEntries(outcomes.map((outcome) => [outcome, counts.total(outcome)])),
    rules: rules.filter(({ match }) => match.from.matches(from) && match.to.matches(to)).map(({ id }) => id),
  };
}
