/** GET /links: who talks to whom through this proxy, what has passed, what rules did to it, and who leads. */

import type { LinkState } from '../engine/faults.js';
import { outcomes } from '../engine/link-counts.js';
import type { Controlled } from '../server.js';
import type { Route } from './route.js';

export function linkRoutes({ world, proxies }: Controlled): Route[] {
  const { faults, leader } = world;
  return [
    {
      method: 'GET',
      path: '/links',
      handle: () => {
        const links = [...faults.links].filter(isShown).sort(byEnds);
        return {
          status: 200,
          body: {
            servers: faults.servers,
            leader: leader.server === 0 ? null : { server: leader.server, ballot: leader.ballot },
            links: links.map((link) =>
              shown(
                link,
                faults.book.list().map(({ rule }) => rule),
                faults.lines,
              ),
            ),
            foreign: proxies.list().reduce((sum, proxy) => sum + proxy.foreignConnections, 0),
          },
        };
      },
    },
  ];
}

/** Callers and listeners that were never heard of have no place in the matrix, nor has the balancer. */
function isShown({ from, to }: LinkState): boolean {
  const isEnd = (end: LinkState['from']): boolean => typeof end === 'number' || end === 'client';
  return isEnd(from) && isEnd(to);
}

function byEnds(a: LinkState, b: LinkState): number {
  return a.name.localeCompare(b.name, 'en', { numeric: true });
}

function shown(
  { from, to, name, connections, counts }: LinkState,
  rules: readonly { readonly id: string; readonly match: { readonly from: EndMatch; readonly to: EndMatch } }[],
  lines: Iterable<{ readonly link: LinkState; readonly heldFrames: number; readonly heldBytes: number }>,
): Record<string, unknown> {
  let held = 0;
  let heldBytes = 0;
  for (const line of lines) {
    if (line.link.name !== name) continue;
    held += line.heldFrames;
    heldBytes += line.heldBytes;
  }
  return {
    from,
    to,
    connections,
    frames: counts.totalFrames,
    bytes: counts.bytes,
    held,
    heldBytes,
    ...Object.fromEntries(outcomes.map((outcome) => [outcome, counts.total(outcome)])),
    rules: rules.filter(({ match }) => match.from.matches(from) && match.to.matches(to)).map(({ id }) => id),
  };
}

interface EndMatch {
  matches(end: LinkState['from']): boolean;
}
