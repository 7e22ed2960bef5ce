/** Garbage of a crowd is collected when nobody would notice, and not otherwise. */
import t from 'tap';
import { exposedCollection, type MemoryFigures, QuietCollector } from '../../src/base/index.js';

const mib = 1 << 20;

/** A process that its test makes busy, and whose garbage it makes. */
function process() {
  let figures: MemoryFigures = { nowMs: 0, cpuMs: 0, heapBytes: 20 * mib };
  let collections = 0;
  const collector = new QuietCollector(
    () => figures,
    () => {
      collections += 1;
      figures = { ...figures, heapBytes: 25 * mib };
    },
  );
  return {
    /** So many seconds at `cores`, each of which leaves `mibEach` more in the heap; gives the collections so far. */
    pass: (seconds: number, cores: number, mibEach = 0): number => {
      for (let i = 0; i < seconds; i++) {
        const { nowMs, cpuMs, heapBytes } = figures;
        figures = { nowMs: nowMs + 1_000, cpuMs: cpuMs + cores * 1_000, heapBytes: heapBytes + mibEach * mib };
        collector.look();
      }
      return collections;
    },
  };
}

t.test('once, after a crowd came and is quiet', async (t) => {
  const { pass } = process();
  t.equal(pass(10, 0.9, 10), 0, 'not while it comes');
  t.equal(pass(2, 0.1), 0, 'not in a pause of a moment');
  t.equal(pass(1, 0.1), 1);
  t.equal(pass(60, 0.1), 1, 'what is left is alive');
});

t.test('a little garbage is left where it is', async (t) => {
  const { pass } = process();
  t.equal(pass(60, 0.01, 0.5), 0);
  t.equal(pass(10, 0.01, 0.5), 1, 'until it has become much');
});

t.test('a process that is never quiet is never stopped', async (t) => {
  const { pass } = process();
  t.equal(pass(600, 0.5, 1), 0);
});

t.test('V8 lets itself be asked', async (t) => {
  let rubbish: unknown[] | undefined = Array.from({ length: 1_000_000 }, (_, i) => ({ i }));
  t.equal(rubbish.length, 1_000_000);
  const heapBytes = (): number => globalThis.process.memoryUsage().heapUsed;
  let looks = 0;
  let base = heapBytes();
  const idle = (): MemoryFigures => {
    looks += 1;
    return { nowMs: looks * 1_000, cpuMs: 0, heapBytes: heapBytes() - base };
  };
  const collector = new QuietCollector(idle, exposedCollection());
  base -= 40 * mib;
  rubbish = undefined;
  const before = heapBytes();
  for (let i = 0; i < 4; i++) collector.look();
  t.ok(heapBytes() < before - 20 * mib, `${before / mib} MiB before, ${heapBytes() / mib} after`);
});
