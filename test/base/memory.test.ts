/** Garbage of a crowd is collected when nobody would notice, and not otherwise; young objects have a bound. */
import { execFileSync } from 'node:child_process';
import { execPath } from 'node:process';
import t from 'tap';
import { exposedCollection, type MemoryFigures, QuietCollector, YoungBound } from '../../src/base/index.js';

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

t.test('memory for young objects grows up to a bound, and again once V8 has made it smaller', async (t) => {
  let bytes = 1 * mib;
  const flags: string[] = [];
  const bound = new YoungBound(
    () => bytes,
    (flag) => flags.push(flag),
  );
  const at = (size: number): string[] => {
    bytes = size;
    bound.look();
    return flags.splice(0);
  };
  t.same(at(8 * mib), []);
  t.same(at(16 * mib), ['--semi-space-growth-factor=1']);
  t.same(at(16 * mib), [], 'told once');
  t.same(at(32 * mib), []);
  t.same(at(2 * mib), ['--semi-space-growth-factor=2']);
});

t.test('V8 heeds the flag while it runs', async (t) => {
  const grownMib = (flag: string): number => {
    const program = `
      const v8 = require('node:v8');
      v8.setFlagsFromString('${flag}');
      let kept = [];
      for (let i = 0; i < 1000000; i++) {
        kept.push({ i });
        if (kept.length > 50000) kept = [];
      }
      const young = v8.getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
      process.stdout.write(String(young.space_size / 1048576));`;
    return Number(execFileSync(execPath, ['-e', program], { encoding: 'utf8' }));
  };
  t.ok(grownMib('--semi-space-growth-factor=2') >= 2 * grownMib('--semi-space-growth-factor=1'));
});
