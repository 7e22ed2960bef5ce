/**
 * A log of a real run, damaged bit by bit and cut byte by byte. What must come of it: it opens to exactly what stood in
 * it, or it is refused with exit code 7; and with two sound servers beside it the cluster goes on and loses nothing.
 */
import { crc32, type Prng } from '../../src/base/index.js';
import { type ScanOptions, StorageError, scanLog, segmentNumber, type WalIdentity } from '../../src/storage/index.js';
import { Cluster } from '../sim/cluster.js';
import type { Fault } from '../sim/fault.js';
import { calmOptions } from '../sim/options.js';
import type { SimServer } from '../sim/server.js';
import type { SimDisk } from '../support/sim-disk.js';

const second = 1_000_000;
const ms = 1000;
const seed = 5;
/** Elections, and values learned after an absence: every kind of record. */
const faults: readonly Fault[] = [
  { kind: 'crash', atUs: 1500 * ms, servers: [1], forUs: 100 * ms },
  { kind: 'crash', atUs: 2000 * ms, servers: [2], forUs: 400 * ms },
];
/**
 * Whoever is to be damaged hears nobody from here on. When it ends its log has long been at rest, with a mark behind
 * the last batch: of what has none, damage cannot be told from a torn write (INTERFACES.md, storage).
 */
const aloneUs = 3200 * ms;
const endUs = 3900 * ms;
const damagedId = 2;

export interface Damage {
  readonly file: string;
  readonly at: number;
  /** Undefined: the file is cut at `at`. */
  readonly bit: number | undefined;
}

export function describeDamage({ file, at, bit }: Damage): string {
  return bit === undefined ? `${file} cut to ${at} bytes` : `bit ${bit} of byte ${at} of ${file}`;
}

function inflict(disk: SimDisk, { file, at, bit }: Damage): void {
  if (bit === undefined) disk.put(file, disk.content(file).subarray(0, at));
  else disk.flipBit(file, at, bit);
}

/** A cluster of three in which these servers have come to rest and ended. */
function clusterWithout(ids: readonly number[]): Cluster {
  const rules = [
    { match: { from: [...ids] }, do: 'drop' },
    { match: { to: [...ids] }, do: 'drop' },
  ];
  const ends: Fault[] = [
    { kind: 'links', atUs: aloneUs, rules, forUs: endUs - aloneUs },
    { kind: 'crash', atUs: endUs, servers: ids, forUs: second },
  ];
  const options = { ...calmOptions, segmentBytes: 6 * 1024, submitEveryUs: 50 * ms };
  const cluster = new Cluster({ seed, options, faults: [...faults, ...ends] });
  cluster.kernel.run(endUs + ms);
  for (const id of ids) if (serverOf(cluster, id).isUp) throw new Error(`server ${id} did not end`);
  return cluster;
}

function serverOf(cluster: Cluster, id: number): SimServer {
  const server = cluster.servers[id - 1];
  if (server === undefined) throw new Error(`there is no server ${id}`);
  return server;
}

const isSegment = (name: string): boolean => segmentNumber(name) !== undefined;

/** What a start would read out of a log, or the code with which it refuses. */
type Reading = { readonly digest: string; readonly commit: number } | { readonly code: string };

export interface LogCounts {
  same: number;
  refused: number;
}

/** The log of one server, read again and again without a cluster around it. */
export class DamagedLog {
  readonly #disk: SimDisk;
  readonly #whole: Reading;
  readonly files: ReadonlyMap<string, number>;
  readonly kinds = new Set<string>();
  readonly #identity: WalIdentity;

  constructor() {
    const server = serverOf(clusterWithout([damagedId]), damagedId);
    this.#disk = server.disk.copy();
    this.#identity = server.nextIdentity;
    this.files = new Map(
      this.#disk
        .list()
        .filter(isSegment)
        .sort()
        .map((name) => [name, this.#disk.size(name) ?? 0]),
    );
    scanLog(this.#disk, { visit: (_segment, { record }) => void this.kinds.add(record.kind) });
    this.#whole = this.#read();
    if ('code' in this.#whole) throw new Error(`the undamaged log is refused: ${this.#whole.code}`);
  }

  get bytes(): number {
    return [...this.files.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** @throws Error when it opens to anything else than what stood in it. */
  tryOne(damage: Damage, counts: LogCounts): void {
    const { file, bit } = damage;
    const content = bit === undefined ? this.#disk.content(file) : undefined;
    inflict(this.#disk, damage);
    const found = this.#read();
    if (content === undefined) inflict(this.#disk, damage);
    else this.#disk.put(file, content);
    if ('code' in found) counts.refused++;
    // The commit hint is no promise: a lower one costs a question to the others.
    else if ('digest' in this.#whole && found.digest === this.#whole.digest && found.commit <= this.#whole.commit)
      counts.same++;
    else throw new Error(`${describeDamage(damage)}: it opens, and not to what stood in it`);
  }

  /** As a start without checkpoints reads it: from the first record to the last. */
  #read(): Reading {
    let crc = 0;
    const add = (slot: number, round: number, value: Uint8Array): void => {
      crc = crc32(value, crc32(Buffer.from(`${slot} ${round} `), crc));
    };
    const options: ScanOptions = {
      identity: this.#identity,
      expectLog: true,
      onChosen: ({ slot, ballot, value }) => add(slot, ballot.round, value),
    };
    try {
      const { promised, commit, entries } = scanLog(this.#disk, options);
      for (const { slot, ballot, value } of entries) add(slot, ballot.round, value);
      return { digest: `${promised.round}.${promised.server} ${crc}`, commit };
    } catch (error) {
      if (error instanceof StorageError && error.exitCode === 7) return { code: error.code };
      throw error;
    }
  }
}

export interface ClusterCounts {
  /** The damaged server came up and has the same state as the others. */
  healed: number;
  /** It refused to start, or stopped when it met the damage. */
  refused: number;
}

/**
 * One server starts on a damaged disk, with its checkpoints or without; the simulator's checkers look at every event.
 * @throws Violation, or Error when the others do not go on.
 */
export function runMinority(damage: Damage, keepsStore: boolean, counts: ClusterCounts): void {
  const cluster = clusterWithout([damagedId]);
  const server = serverOf(cluster, damagedId);
  server.damageBy((disk) => inflict(disk, damage));
  if (!keepsStore) server.loseStore();
  const { agreement } = cluster.oracle;
  const before = agreement.highest;
  // It starts after a second.
  cluster.kernel.run(endUs + 3 * second);
  if (agreement.highest < before + 50) throw new Error('the others did not go on');
  if (!server.isUp) {
    counts.refused++;
    return;
  }
  const others = cluster.servers.filter(({ id }) => id !== damagedId);
  const isLevel = (): boolean =>
    others.some(({ opened }) => {
      const [there, here] = [opened?.chat, server.opened?.chat];
      return there !== undefined && there.applied === here?.applied && Buffer.compare(there.hash, here.hash) === 0;
    });
  const level = cluster.kernel.run(cluster.kernel.nowUs + 5 * second, () => isLevel() || !server.isUp);
  if (!level) throw new Error('it came up and does not catch up');
  if (server.isUp) counts.healed++;
  else counts.refused++;
}

/** The record of one slot is rotten on every disk: how many servers start all the same, and whether anything moves. */
export function runAll(slot: number): { readonly up: number; readonly damaged: number; readonly moved: number } {
  const ids = [1, 2, 3];
  const cluster = clusterWithout(ids);
  let damaged = 0;
  for (const id of ids) {
    const server = serverOf(cluster, id);
    server.loseStore();
    server.damageBy((disk) => {
      for (const { file, at } of recordsOf(disk, slot)) {
        disk.flipBit(file, at, 3);
        damaged++;
      }
    });
  }
  const before = cluster.oracle.agreement.highest;
  cluster.kernel.run(endUs + 10 * second);
  return {
    up: cluster.servers.filter(({ isUp }) => isUp).length,
    damaged,
    moved: cluster.oracle.agreement.highest - before,
  };
}

/** A byte in the middle of every record of a slot's value. */
function recordsOf(disk: SimDisk, slot: number): { file: string; at: number }[] {
  const found: { file: string; at: number }[] = [];
  scanLog(disk, {
    visit: (segment, { place, length, record }) => {
      if ((record.kind !== 'accept' && record.kind !== 'chosen') || record.slot !== slot) return;
      const file = disk.list().find((name) => segmentNumber(name) === segment) ?? '';
      found.push({ file, at: place.offset + Math.floor(length / 2) });
    },
  });
  return found;
}

/** A random bit or, one time in four, a random cut. */
export function drawDamage(random: Prng, files: ReadonlyMap<string, number>): Damage {
  const [file, bytes] = random.pick([...files]);
  const at = random.below(bytes);
  return { file, at, bit: random.chance(1, 4) ? undefined : random.below(8) };
}
