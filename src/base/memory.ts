/** How a process treats its memory through which bytes pass by the gigabyte: a server, a proxy on its own. */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** To be called once, before bytes pass. What it saves stands in docs/PERFORMANCE.md. */
export function tuneMemory(): void {
  // V8 counts chunks that were read as old memory. With a heap as small as ours it would collect all of it for every
  // 12 MB that pass, at several ms each; this lets it grow to sixteen times what is alive, some 130 MB.
  setFlagsFromString('--heap-growing-percent=1500');
  // glibc gives freed memory back to the kernel and fetches it again page by page, until a large block was freed once:
  // from then on it keeps as much as that. Nobody writes into this one, so that it takes no memory.
  Buffer.allocUnsafeSlow(16 << 20);
  const collector = new QuietCollector();
  setInterval(() => collector.look(), lookEveryMs).unref();
}

const lookEveryMs = 1_000;

/** A process that uses less of a core than this is quiet … */
const quietCores = 0.3;
/** … and when it was so for this many looks, nobody waits for a collection of 50 to 100 ms. */
const quietLooks = 3;
/** Garbage that is not worth one. */
const grownBytesMin = 32 << 20;

/** What a look finds: the process's own figures, or a test's. */
export interface MemoryFigures {
  readonly nowMs: number;
  /** Processor time used so far. */
  readonly cpuMs: number;
  readonly heapBytes: number;
}

/**
 * Collects what a crowd left behind once it is quiet again. {@link tuneMemory} puts collections off; ten thousand
 * clients that came and then say nothing would keep the garbage of their coming for ever, as much as they need themselves.
 */
export class QuietCollector {
  readonly #figures: () => MemoryFigures;
  readonly #collect: () => void;
  #before: MemoryFigures;
  /** What the heap held at its smallest since the last collection. */
  #keptBytes: number;
  #quiet = 0;

  constructor(figures: () => MemoryFigures = ownFigures, collect: () => void = exposedCollection()) {
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
    if (this.#quiet < quietLooks || now.heapBytes - this.#keptBytes < grownBytesMin) return false;
    this.#quiet = 0;
    this.#collect();
    this.#keptBytes = this.#figures().heapBytes;
    return true;
  }
}

function ownFigures(): MemoryFigures {
  const { user, system } = process.cpuUsage();
  const { used_heap_size: heapBytes } = getHeapStatistics();
  return { nowMs: performance.now(), cpuMs: (user + system) / 1000, heapBytes };
}

/** V8's own function, which a flag brings into contexts that are made from then on. */
function exposedCollection(): () => void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  return typeof collect === 'function' ? () => void collect() : () => undefined;
}
