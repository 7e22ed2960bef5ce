/** A cluster that nobody writes to, for a long time: nobody may campaign, and what a server costs must not grow. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpus } from 'node:os';
import type { Cluster, ClusterStatus } from '../test/support/cluster.js';
import { nowMs, timePasses } from '../test/support/until.js';
import { pidsOf, readerOf, readNumbers, startCluster } from './cluster.js';
import { type LoggedEvent, loggedEvents } from './election-trace.js';
import { CpuWatch, cpuSeconds, describeEnvironment, residentBytes } from './environment.js';
import { lineThrough } from './fit.js';
import { atMost, goalsText, type Part, partText, type Row, spread } from './report.js';

const defaults = { minutes: 30, cpu: 0, servers: 3, every: 10 };
const megabyte = 1_000_000;
/** A process that has just started grows for a while: this part of the run says nothing about its slope. */
const warmUpShare = 0.25;

interface Sample {
  readonly atMs: number;
  readonly rssBytes: number;
  readonly cpuSeconds: number;
}

/** Ends with 1 if anybody campaigned, led or was deposed. */
export async function main(args: readonly string[]): Promise<number> {
  const { minutes, cpu, servers, every } = readNumbers(args, defaults);
  console.log(describeEnvironment());
  const burning = cpu > 0 ? `, ${cpus().length} cores kept ${cpu} % busy by others` : '';
  console.log(
    `${servers} servers, one idle client on each, ${minutes} minutes, looked at every ${every} s${burning}\n`,
  );
  const cluster = await startCluster({ servers });
  const readers = cluster.ids.map((id) => readerOf(cluster, id));
  const burners = cpu > 0 ? cpus().map(() => burner(cpu / 100)) : [];
  try {
    const statuses = [await cluster.waitForStatus('everybody up', ({ quorum }) => quorum.up === servers)];
    const samples = new Map<number, Sample[]>(cluster.ids.map((id) => [id, []]));
    const watch = new CpuWatch(() => pidsOf(cluster));
    const startMs = nowMs();
    let failed = 0;
    for (let next = startMs; next <= startMs + minutes * 60_000; next += every * 1000) {
      await timePasses(next - nowMs());
      const status = await look(cluster);
      if (status === undefined) failed += 1;
      else statuses.push(status);
      for (const [id, taken] of samples) taken.push(sampleOf(cluster.server(id).pid));
      process.stderr.write(
        `\r${((nowMs() - startMs) / 60_000).toFixed(1)} min, leader ${status?.leader}, ${failed} looks failed   `,
      );
    }
    const { foreign } = watch.cores();
    const events = loggedEvents(cluster).filter(({ atMs }) => atMs > startMs);
    const count = (name: string): number => events.filter(({ event }) => event === name).length;
    const standings = events.filter(({ event }) => event === 'standing');
    const leader = statuses[0]?.leader;
    const goals = [
      atMost('leader changes, by status', changes(statuses), 0),
      atMost('campaigns, by the logs', count('campaign'), 0),
      atMost('servers that saw another leader or none, by the logs', others(standings, leader), 0),
    ];
    // Three heartbeats lost in a row, e.g. because a process got no processor: no reason for anybody to campaign.
    const unheard = standings.filter(({ fields }) => Number(fields.up) < servers).length;
    const rows = [
      ...[...samples].flatMap(([id, taken]) => rowsOf(id, taken)),
      { what: 'times that a server did not hear another one', by: { value: unheard } },
    ];
    const part: Part = { title: `\n${statuses.length} looks, ${failed} more without an answer`, rows, goals };
    console.log(partText(part, foreign));
    console.log(goalsText(goals));
    for (const event of events) console.log(JSON.stringify(event));
    return goals.every(({ isMet }) => isMet) ? 0 : 1;
  } finally {
    for (const process of burners) process.kill('SIGKILL');
    for (const reader of readers) await reader.close();
    await cluster.stop();
  }
}

function burner(share: number): ChildProcess {
  return spawn(process.execPath, [new URL('burn.js', import.meta.url).pathname, `${share}`], { stdio: 'ignore' });
}

/** A look that fails, on a machine that is too busy for it, must not end a long run. */
async function look(cluster: Cluster): Promise<ClusterStatus | undefined> {
  try {
    return await cluster.status();
  } catch (error) {
    process.stderr.write(`\n${String(error)}\n`);
    return undefined;
  }
}

function sampleOf(pid: number): Sample {
  return { atMs: nowMs(), rssBytes: residentBytes(pid), cpuSeconds: cpuSeconds(pid) };
}

function others(standings: readonly LoggedEvent[], leader: number | undefined): number {
  return standings.filter(({ fields }) => fields.leader !== leader).length;
}

/** How often two looks in a row showed another leader or another ballot anywhere, or a server that is not up. */
function changes(statuses: readonly ClusterStatus[]): number {
  const texts = statuses.map(({ leader, servers }) =>
    JSON.stringify([leader, ...servers.map(({ id, state, ballot }) => [id, state, ballot])]),
  );
  return texts.filter((text, index) => index > 0 && text !== texts[index - 1]).length;
}

function rowsOf(id: number, samples: readonly Sample[]): Row[] {
  const settled = samples.slice(Math.floor(samples.length * warmUpShare));
  const rss = settled.map(({ atMs, rssBytes }) => ({ x: atMs / 3_600_000, y: rssBytes / megabyte }));
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return [];
  const seconds = (last.atMs - first.atMs) / 1000;
  return [
    spread(
      `server ${id}: RSS, MB`,
      rss.map(({ y }) => y),
    ),
    { what: `server ${id}: RSS, slope in MB/h`, by: { value: lineThrough(rss).slope } },
    { what: `server ${id}: CPU, % of a core`, by: { value: (100 * (last.cpuSeconds - first.cpuSeconds)) / seconds } },
  ];
}
