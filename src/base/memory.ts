/** How a process treats its memory through which bytes pass by the gigabyte: a server, a proxy on its own. */
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from './clock.js';

const lookEveryMs = 1_000;

/** To be called once, before bytes pass. What it saves stands in docs/PERFORMANCE.md. */
export function tuneMemory(clock: Clock): void {
  // V8 counts chunks that were read as old memory. With a heap as small as ours it would collect all of it for every
  // 12 MB that pass, at several ms each; this lets it grow to sixteen times what is alive, some 130 MB.
  setFlagsFromString('--heap-growing-percent=1500');
  // glibc gives freed memory back to the kernel and fetches it again page by page, until a large block was freed once:
  // from then on it keeps as much as that. Nobody writes into this one, so that it takes no memory.
  Buffer.allocUnsafeSlow(16 << 20);
  const collector = new QuietCollector(() => ownFigures(clock), exposedCollection());
  const bound = new YoungBound(youngBytes, setFlagsFromString);
  const look = (): void => {
    collector.look();
    bound.look();
    clock.setTimeout(look, lookEveryMs).unref();
  };
  look();
}

/** Both halves: what is written anew and what survives once. Half as much is collected at once. */
const youngBytesMax = 16 << 20;

/**
 * Keeps the memory for young objects so small that it stays in the processor's caches. Loading our modules, or a crowd
 * that comes, makes V8 double it up to 32 MiB, and it is written from one end to the other over and over.
 */
export class YoungBound {
  readonly #bytes: () => number;
  readonly #setFlag: (flag: string) => void;
  #grows = true;

  constructor(bytes: () => number, setFlag: (flag: string) => void) {
    this.#bytes = bytes;
    this.#setFlag = setFlag;
  }

  /** Every second. V8 makes it smaller when little happens; from there on it may grow again. */
  look(): void {
    const mayGrow = this.#bytes() < youngBytesMax;
    if (mayGrow === this.#grows) return;
    this.#grows = mayGrow;
    this.#setFlag(`--semi-space-growth-factor=${mayGrow ? 2 : 1}`);
  }
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;
}

/**
 * A process that uses less of a core than this is quiet: ten thousand silent clients and their pings need up to 0.25 …
 */
const quietCores = 0.3;
/** … and when it was so for this many looks, few wait for a collection, which takes about 1 ms for each MiB kept. */
const quietLooks = 3;
/** Garbage that is not worth one. */
const grownBytesMin = 32 << 20;
/** A heap that keeps more is never stopped for: peers would miss its heartbeats. */
const keptBytesMax = 128 << 20;

/** What a look finds: the process's own figures, or a test's. */
export interface MemoryFigures {
  readonly nowMs: number;
  /** Processor time used so far. */
  readonly cpuMs: number;
  readonly heapBytes: number;
}

/**
 * Collects what a crowd left behind once it is quiet again. {@link tuneMemory} puts collections off; ten thousand
 * clients that came and then say nothing would keep the garbage of their coming for ever.
 */
export class QuietCollector {
  readonly #figures: () => MemoryFigures;
  readonly #collect: () => void;
  #before: MemoryFigures;
  /** What the heap held at its smallest since the last collection. */
  #keptBytes: number;
  #quiet = 0;

  constructor(figures: () => MemoryFigures, collect: () => void) {
    this.#figures = figures;
    this.#collect = collect;
    this.#before = figures();
    this.#keptBytes = this.#before.heapBytes;
  }

  /** Every second. True if it has collected. */
  look(): boolean {
    const now = this.#figures();
    const { nowMs, cpuMs } = this.#before;
    this.#before = now;
    this.#quiet = now.cpuMs - cpuMs < quietCores * (now.nowMs - nowMs) ? this.#quiet + 1 : 0;
    this.#keptBytes = Math.min(this.#keptBytes, now.heapBytes);
    const grownBytes = now.heapBytes - this.#keptBytes;
    if (this.#quiet < quietLooks || this.#keptBytes > keptBytesMax) return false;
    // Half of what is kept: a large heap is looked through less often.
    if (grownBytes < Math.max(grownBytesMin, this.#keptBytes / 2)) return false;
    this.#quiet = 0;
    this.#collect();
    this.#keptBytes = this.#figures().heapBytes;
    return true;
  }
}

function ownFigures(clock: Clock): MemoryFigures {
  const { user, system } = process.cpuUsage();
  const { used_heap_size: heapBytes } = getHeapStatistics();
  return { nowMs: clock.monotonicMs(), cpuMs: (user + system) / 1000, heapBytes };
}

/** V8's own function, which a flag brings into contexts that are made from then on. */
export function exposedCollection(): () => void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  return typeof collect === 'function' ? () => void collect() : () => undefined;
}
