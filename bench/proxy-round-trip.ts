/** Part 1: one frame of 64 B to and fro on one connection. */
import { allCores, useCores } from './cores.js';
import { cpuSeconds } from './environment.js';
import { EchoLoop } from './proxy-echo.js';
import { dial } from './proxy-frames.js';
import { inTurn, type Turns, titleOf } from './proxy-turns.js';
import type { Stand } from './proxy-ways.js';
import { atMost, type Part } from './report.js';

const frameBytes = 64;
const warmUpMs = 500;

/**
 * Where the ends run. Left to the kernel they are now on one core and now on two, and a direct round trip takes 15 or
 * 60 microseconds: a ratio would be chance. What stands between may use all cores.
 *
 * On one core the ratio to a direct connection says little: four turns of a process stand against two, whoever does
 * them. There it is the bare relay that is not to be fallen behind.
 */
const placements = {
  apart: { name: 'ends on two cores', load: '0', farEnd: '1' },
  together: { name: 'everything on one core', load: '0', farEnd: '0' },
} as const;

export async function roundTrip(stand: Stand, turns: Turns, placement: keyof typeof placements): Promise<Part> {
  const { direct, relayed, through, withRules, rival } = stand;
  const { name, load, farEnd } = placements[placement];
  const between = placement === 'together' ? '0' : allCores;
  const others = stand.pids.filter((pid) => pid !== process.pid && pid !== stand.farEnd.pid);
  const isPlaced = useCores(process.pid, load) && useCores(stand.farEnd.pid, farEnd);
  for (const pid of others) useCores(pid, between);
  const ways = stand.withRival(direct, relayed, through, withRules);
  const trips = await inTurn(ways, turns.rounds, async (way) => {
    const socket = await dial(way.ports.echo);
    const loop = new EchoLoop([socket], frameBytes, 1);
    await loop.run(warmUpMs);
    const cpuBefore = cpuSeconds(way.pid);
    const { p50Us, p99Us, maxUs, perSecond, count } = await loop.run(turns.seconds * 1_000);
    const cpuUs = way.pid === 0 ? Number.NaN : ((cpuSeconds(way.pid) - cpuBefore) * 1e6) / count;
    socket.destroy();
    return { p50Us, p99Us, maxUs, perSecond, cpuUs };
  });
  for (const pid of stand.pids) useCores(pid, allCores);
  const addedMs = (way: typeof direct): number => (trips.of(way).p99Us - trips.of(direct).p99Us) / 1_000;
  const goals = [through, withRules].flatMap((way) => [
    placement === 'apart'
      ? atMost(`p50 round trip, ${way.name}, apart: times direct`, trips.times('p50Us', way, direct), 2.5)
      : atMost(`p50 round trip, ${way.name}, together: times relay`, trips.times('p50Us', way, relayed), 1.25),
    atMost(`p99 round trip, ${way.name}, ${placement}: added ms`, addedMs(way), 0.5),
  ]);
  if (rival !== undefined) {
    goals.push(atMost(`p50 round trip, proxy, ${placement}: times Toxiproxy`, trips.times('p50Us', through, rival), 1));
  }
  return {
    title: titleOf(`Round trip, 1 connection, ${frameBytes} B, ${isPlaced ? name : 'placed by the kernel'}`, turns),
    rows: [
      ...trips.rows({
        p50Us: 'p50 µs',
        p99Us: 'p99 µs',
        maxUs: 'max µs',
        perSecond: 'round trips/s',
        cpuUs: "proxy's CPU, µs each",
      }),
      trips.timesRow('p50: times direct', 'p50Us', direct),
      trips.timesRow('p50: times relay', 'p50Us', relayed),
    ],
    goals,
  };
}
