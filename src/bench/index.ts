/** The bench: a load in closed or open loop on a cluster, with faults at set times, and what its figures look like. */
export { caveats, compare, isSound, mixesLoops } from './plan/compare.js';
export {
  type Fault,
  faultEndMs,
  faultText,
  type LinkSpec,
  readFault,
  readLinkSpec,
  serversNamed,
} from './plan/fault-lines.js';
export type { SizeRange } from './plan/payloads.js';
export { type BenchResult, NoResult, readResult } from './plan/result.js';
export { readSlo } from './plan/slo.js';
export { comparisonLines, type Progress, progressText, resultLines } from './plan/text.js';
export type { BenchOptions, LinkControl, Placement } from './run/options.js';
export { runBench } from './run/run-bench.js';
export { resultHtml } from './show/html.js';
