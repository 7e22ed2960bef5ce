/** Tells once a second how the run goes. */
import { nodeClock, type Timer } from '../../base/index.js';
import { Histogram } from '../plan/histogram.js';
import type { Scene } from './run-bench.js';

const everyMs = 1_000;

/** Begins now, in the warm-up; the result ends it, and may be called twice. */
export function watchProgress({ load, options, surroundings }: Scene): () => void {
  const startMs = nodeClock.monotonicMs();
  let before = { ok: 0, atMs: startMs, latencies: new Histogram(), isOpen: false };
  let timer: Timer | undefined;
  const look = (): void => {
    const nowMs = nodeClock.monotonicMs();
    const { latencies, counts, seconds } = load.window();
    const isOpen = seconds >= 0;
    const last = isOpen ? latencies.since(before.isOpen ? before.latencies : new Histogram()) : new Histogram();
    surroundings.onProgress({
      phase: isOpen ? 'run' : 'warm-up',
      elapsedMs: isOpen ? seconds * 1_000 : nowMs - startMs,
      ofMs: isOpen ? options.durationMs : options.warmupMs,
      perSecond: ((load.ok - before.ok) * 1_000) / (nowMs - before.atMs),
      p99Us: last.count === 0 ? null : last.percentileUs(99),
      failed: counts.failed,
      unknown: counts.unknown,
    });
    before = { ok: load.ok, atMs: nowMs, latencies, isOpen };
    timer = nodeClock.setTimeout(look, everyMs);
  };
  timer = nodeClock.setTimeout(look, everyMs);
  return () => {
    if (timer !== undefined) nodeClock.clearTimeout(timer);
    timer = undefined;
  };
}
