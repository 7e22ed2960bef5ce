/** Part 5: many connections at once, all of which are used. */
import type { Socket } from 'node:net';
import { residentBytes } from './environment.js';
import { EchoLoop } from './proxy-echo.js';
import { dial } from './proxy-frames.js';
import { inTurn, type Turns, titleOf } from './proxy-turns.js';
import type { Stand } from './proxy-ways.js';
import { atLeast, type Part } from './report.js';

const frameBytes = 64;
/** Frames under way at any moment, over all connections together. */
const inFlight = 16;

/** Opens so many connections at once. */
export function dialAll(port: number, count: number): Promise<Socket[]> {
  return Promise.all(Array.from({ length: count }, () => dial(port)));
}

export async function crowd(stand: Stand, options: Turns & { readonly connections: number }): Promise<Part> {
  const { direct, withRules } = stand;
  const { connections } = options;
  const ways = stand.withRival(direct, withRules);
  const memory = new Map<string, number>();
  const crowds = await inTurn(ways, options.rounds, async (way) => {
    const before = residentBytes(way.pid);
    const startMs = performance.now();
    const sockets = await dialAll(way.ports.echo, connections);
    const openMs = performance.now() - startMs;
    const loop = new EchoLoop(sockets, frameBytes, inFlight);
    const { p50Us, p99Us, perSecond } = await loop.run(options.seconds * 1_000);
    if (way.pid !== 0) {
      // What one round has grown by, the next one has already: the most counts.
      const grown = (residentBytes(way.pid) - before) / connections / 1024;
      memory.set(way.name, Math.max(memory.get(way.name) ?? 0, grown));
    }
    for (const socket of sockets) socket.destroy();
    return { openMs, p50Us, p99Us, perSecond, answered: loop.answeredLines };
  });
  return {
    title: titleOf(`${connections} connections, ${inFlight} frames of ${frameBytes} B under way`, options),
    rows: [
      ...crowds.rows({
        openMs: 'all open after ms',
        answered: 'connections answered',
        perSecond: 'round trips/s',
        p50Us: 'p50 µs',
        p99Us: 'p99 µs',
      }),
      { what: 'RSS grew by, KiB each', by: Object.fromEntries(memory) },
    ],
    goals: [atLeast('connections answered, ten rules', crowds.of(withRules).answered, connections)],
  };
}
