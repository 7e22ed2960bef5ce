/** Part rooms: the same load in one room and in a thousand, each followed by a reader and none missing a line. */
import { randomBytes } from 'node:crypto';
import { createHistogram } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { limits } from '../../src/base/index.js';
import { ChatClient } from '../../src/client/index.js';
import type { Cluster } from '../../test/support/cluster.js';
import { until } from '../../test/support/until.js';
import { postsInEach } from '../cluster.js';
import { residentBytes } from '../environment.js';
import { Pump } from '../pump.js';
import { atLeast, atMost, type Part, type Row } from '../report.js';
import { restart } from '../restart.js';
import type { ScaleOptions } from './options.js';
import type { ScaleStand } from './stand.js';

const writers = 16;
const inFlight = 64;
const deliveredDeadlineMs = 60_000;

/** By the name of a table's row. */
type Figures = Readonly<Record<string, number>>;

interface Result {
  readonly figures: Figures;
  readonly lost: number;
  readonly wrong: number;
  /** Rooms whose counts at reader and server are those of the lines acknowledged. */
  readonly whole: number;
}

export async function rooms(stand: ScaleStand, options: ScaleOptions): Promise<Part> {
  const one = await measure(stand, options, 1);
  const many = await measure(stand, options, options.rooms);
  return {
    title: `${options.rooms} rooms beside one: ${writers} clients × ${inFlight} lines of ${options.size} bytes in flight, round all rooms; readers follow every room`,
    rows: Object.keys(many.figures).map(
      (what): Row => ({
        what,
        by: {
          'one room': one.figures[what] ?? Number.NaN,
          [`${options.rooms} rooms`]: many.figures[what] ?? Number.NaN,
        },
      }),
    ),
    goals: [
      atLeast('rooms: rooms that hold and deliver all their lines', many.whole, options.rooms),
      atMost('rooms: lines failed or unknown', one.lost + many.lost, 0),
      atMost('rooms: lines delivered twice, out of order or not at all', one.wrong + many.wrong, 0),
    ],
  };
}

async function measure(stand: ScaleStand, options: ScaleOptions, count: number): Promise<Result> {
  const cluster = await stand.cluster();
  const names = Array.from({ length: count }, (_, i) => `#room${i + 1}`);
  const followers = namesByReader(names).map((some, i) => new Follower(cluster, i, some));
  await until('the rooms to be open', deliveredDeadlineMs, () => followers.every(({ isReady }) => isReady));
  const clients = Array.from({ length: writers }, (_, i) => writerOf(cluster, i));
  const text = Buffer.alloc(options.size, 'abcdefghijklmnopqrstuvwxyz ');
  // Each writer begins elsewhere, so that they do not walk round the rooms in step.
  const pumps = clients.map((client, i) => {
    const start = Math.floor((i * count) / writers);
    const room = (n: number): string => names[(start + n) % count] ?? '';
    return new Pump(client, { inFlight, room, text: () => text });
  });
  await pause(options.warmup * 1000);
  const latencies = createHistogram();
  for (const pump of pumps) pump.recordInto(latencies);
  const startMs = performance.now();
  await pause(options.seconds * 1000);
  const seconds = (performance.now() - startMs) / 1000;
  const figures: Record<string, number> = {
    'lines/s': latencies.count / seconds,
    'p50 ms': latencies.percentile(50) / 1000,
    'p99 ms': latencies.percentile(99) / 1000,
  };
  for (const pump of pumps) pump.stop();
  const pumped = await Promise.all(pumps.map(({ ended }) => ended));
  const acknowledged = pumped.reduce((sum, { ok }) => sum + ok, 0);
  await until('all lines to be delivered', deliveredDeadlineMs, () => {
    return followers.reduce((sum, { lines }) => sum + lines, 0) >= acknowledged;
  });
  const rss = cluster.ids.map((id) => residentBytes(cluster.server(id).pid) / 2 ** 20);
  figures['RSS of the largest server, MiB'] = Math.max(...rss);
  const delivered = new Map(followers.flatMap(({ newest }) => [...newest]));
  let whole = 0;
  let held = 0;
  for (const [name, posts] of await postsInEach(cluster, names)) {
    held += posts;
    if (posts === delivered.get(name)) whole += 1;
  }
  const wrong = followers.reduce((sum, follower) => sum + follower.wrong, 0) + Math.abs(held - acknowledged);
  for (const follower of followers) await follower.close();
  for (const client of clients) await client.close();
  const leader = await cluster.leader();
  stand.beforeEnd();
  const room = names[count >> 1] ?? '';
  const other = cluster.ids.find((id) => id !== leader) ?? 0;
  const restarted = await restart(cluster, other, room, delivered.get(room) ?? 0);
  figures['a follower after kill -9: served again after ms'] = restarted.servingMs;
  figures['a first page then, ms'] = restarted.firstPageMs;
  await cluster.waitForAgreement(60_000);
  await stand.end(cluster);
  return { figures, lost: pumped.reduce((sum, { lost }) => sum + lost, 0), wrong, whole };
}

/** A connection may follow so many rooms and no more. */
function namesByReader(names: readonly string[]): string[][] {
  const readers = Math.ceil(names.length / limits.subscriptionsMax);
  return Array.from({ length: readers }, (_, i) => names.filter((_, at) => at % readers === i));
}

function writerOf(cluster: Cluster, number: number): ChatClient {
  const options = { name: `writer${number}`, token: randomBytes(32), window: inFlight };
  const client = new ChatClient({ ...options, balancers: [cluster.balancerAddress] });
  client.connect();
  return client;
}

/** A reader that follows rooms and counts what it is shown. */
class Follower {
  /** The number of the newest line of each room. */
  readonly newest = new Map<string, number>();
  lines = 0;
  wrong = 0;
  readonly #client: ChatClient;

  constructor(cluster: Cluster, number: number, names: readonly string[]) {
    const id = cluster.ids[number % cluster.ids.length] ?? 1;
    this.#client = new ChatClient({ token: randomBytes(32), server: cluster.address(id) });
    for (const name of names) {
      this.newest.set(name, 0);
      this.#client.subscribe(name, 'all');
    }
    this.#client.on('message', ({ room, n }) => {
      if (n !== (this.newest.get(room) ?? 0) + 1) this.wrong += 1;
      this.newest.set(room, n);
      this.lines += 1;
    });
    this.#client.connect();
  }

  get isReady(): boolean {
    return this.#client.phase === 'ready';
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}
