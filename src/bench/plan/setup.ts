/** How a run was set up, as lines for the top of a report and as the settings that two runs should share. */
import { countText, durationUsText, mebibytesText } from './numbers.js';
import type { BenchResult } from './result.js';

/** What kind of loop, in the words that must stand above every table. */
export function loopText(result: BenchResult): string {
  const { clients, inflight, open } = result;
  const crowd = `${countText(clients)} clients`;
  if (open === null) return `closed loop: ${crowd} × ${inflight} in flight, latency from sending`;
  return `open loop: ${countText(open.rate)} messages/s, ${open.arrivals} arrivals, ${crowd}, latency from the intended time`;
}

export function sizeText({ size, sizeMin, sizeMax }: BenchResult): string {
  return sizeMin === sizeMax ? `${size} B` : `${sizeMin}-${sizeMax} B`;
}

export function durabilityText({ durable }: BenchResult): string {
  if (durable === null) return 'durable as its servers are set up';
  return durable ? 'durable (fdatasync before every vote)' : 'NOT durable (--no-fsync)';
}

export function clusterText(result: BenchResult): string {
  const { cluster, servers, links, linkMode, disk } = result;
  const whose = cluster === 'own' ? `${servers} servers on this machine` : `an existing cluster of ${servers} servers`;
  const through = links === 'proxy' ? `, all links and clients through the fault proxy` : '';
  const faults = linkMode === '' ? '' : `, on its links ${linkMode}`;
  return `${whose}${disk === '' ? '' : `, data on ${disk}`}${through}${faults}`;
}

export function placementText({ on, placement, leaders }: BenchResult): string {
  const spread = Object.entries(placement).map(([server, count]) => `s${server} ${count}`);
  const led =
    leaders.start === leaders.end ? `s${leaders.end} led` : `s${leaders.start} led, at the end s${leaders.end}`;
  const leader = leaders.start === 0 && leaders.end === 0 ? 'leader unknown' : led;
  const where =
    on === 'spread' ? 'spread by the balancer' : `all on ${/^\d+$/.test(on) ? `server ${on}` : `the ${on}`}`;
  return `clients ${where} (${spread.join(', ')}); ${leader}`;
}

export function machineText({ host, cores, cpu, node, system }: BenchResult): string {
  return `${host}, ${cores} cores (${cpu}), ${system}, Node ${node}`;
}

export function codeText({ version, commit, changed, seed, startedAt }: BenchResult): string {
  return `synod ${version}, commit ${commit}${changed ? ' with changes' : ''}, seed ${seed}, ${startedAt}`;
}

export function cpuText({ foreignCores, processes }: BenchResult): string {
  const own = processes.map(({ name, cores }) => `${name} ${cores.toFixed(2)}`).join(', ');
  if (foreignCores === null) return `${own}; foreign: cannot be told from the cluster's`;
  const busy = foreignCores > busyCores ? ' - a busy machine: do not compare these figures' : '';
  return `${own}; foreign ${foreignCores.toFixed(2)}${busy}`;
}

/** Foreign cores above which a figure is not worth comparing (bench/README.md). */
export const busyCores = 0.1;

/** Processor time of all processes of the measurement for one message, µs; null where they are not all known. */
export function cpuUsPerMessage({ cluster, processes, opsPerSec }: BenchResult): number | null {
  if (cluster !== 'own' || opsPerSec === 0) return null;
  return (processes.reduce((sum, { cores }) => sum + cores, 0) * 1e6) / opsPerSec;
}

/** The header of a report, by name. */
export function setupRows(result: BenchResult): readonly (readonly [name: string, value: string])[] {
  const { rooms, subscribers, seconds, warmupSeconds, processes } = result;
  const readers = subscribers === 0 ? '' : `, ${countText(subscribers)} subscribers`;
  const memory = processes.map(({ name, rssBytes, rssBytesMax }) => {
    return `${name} ${mebibytesText(rssBytes)} (at most ${mebibytesText(rssBytesMax)})`;
  });
  return [
    ['load', loopText(result)],
    [
      'messages',
      `${sizeText(result)}, ${rooms === 1 ? '1 room' : `${rooms} rooms`}${readers}, ${durabilityText(result)}`,
    ],
    ['time', `${seconds} s after ${warmupSeconds} s of warm-up`],
    ['cluster', clusterText(result)],
    ['placement', placementText(result)],
    ['code', codeText(result)],
    ['machine', machineText(result)],
    ['cores', cpuText(result)],
    ['memory', memory.join(', ')],
  ];
}

/** Settings whose difference makes a comparison one of unlike things, with the value of each run. */
export function settings(result: BenchResult): Readonly<Record<string, string>> {
  const { clients, inflight, open, rooms, subscribers, servers, on, links, linkMode, faults } = result;
  return {
    clients: String(clients),
    'in flight': String(inflight),
    rate: open === null ? '' : String(open.rate),
    arrivals: open === null ? '' : open.arrivals,
    size: sizeText(result),
    rooms: String(rooms),
    subscribers: String(subscribers),
    durability: durabilityText(result),
    servers: String(servers),
    on,
    links: linkMode === '' ? links : `${links} ${linkMode}`,
    faults: faults.map(({ text }) => text).join('; ') || 'none',
    host: result.host,
    cores: String(result.cores),
    processor: result.cpu,
    node: result.node,
    disk: result.disk,
  };
}

/** How an open loop kept to its schedule; empty for a closed one. */
export function scheduleText({ open }: BenchResult): string {
  if (open === null) return '';
  const lag =
    open.lagP50Us === null ? 'none' : `p50 ${durationUsText(open.lagP50Us)}, p99 ${durationUsText(open.lagP99Us ?? 0)}`;
  return `sent after its time by the load itself: ${lag}; late because a window was full: ${countText(open.late)}; never sent: ${countText(open.unsent)}`;
}
