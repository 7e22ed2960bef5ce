/** Runs one seed and says how it went, with the command that replays it. */
import { Cluster, type ClusterResult, type ClusterSetup } from './cluster.js';
import type { Fault } from './fault.js';
import { describeOptions, type SimOptions } from './options.js';
import { Violation } from './violation.js';

export interface SeedResult {
  readonly seed: number;
  /** Undefined if everything held. */
  readonly failure: SeedFailure | undefined;
  readonly result: ClusterResult | undefined;
  readonly options: SimOptions;
  /** Every fault up to the end, as data that replays the run. */
  readonly happened: readonly Fault[];
  /** When it ended, simulated. */
  readonly nowUs: number;
  readonly events: number;
}

export interface SeedFailure {
  /** The checker's rule, or `invariant` when the code under test stopped itself. */
  readonly rule: string;
  /** Several lines for people: what broke, when, how everybody stood, how to replay it. */
  readonly text: string;
}

/** Never throws for what the cluster does; a failure is a result. */
export async function runSeed(setup: ClusterSetup): Promise<SeedResult> {
  const { seed } = setup;
  const cluster = new Cluster(setup);
  const ended = (failure: SeedFailure | undefined, result: ClusterResult | undefined): SeedResult => {
    const { options, happened } = cluster;
    const { nowUs, events } = cluster.kernel;
    return { seed, failure, result, options, happened, nowUs, events };
  };
  try {
    return ended(undefined, await cluster.run());
  } catch (error) {
    const known = error instanceof Violation;
    const what = error instanceof Error ? error : new Error(String(error));
    const text = [
      `seed ${seed}: ${what.message}`,
      `  at ${(cluster.kernel.nowUs / 1e6).toFixed(6)} s, event ${cluster.kernel.events}`,
      `  ${describeOptions(cluster.options)}`,
      ...cluster.describe().map((line) => `  ${line}`),
      ...(known ? [] : [what.stack ?? '']),
      `  replay: npm run sim -- --seed ${seed} --trace`,
      `  shrink: npm run sim -- --shrink ${seed}`,
    ].join('\n');
    return ended({ rule: known ? error.rule : 'invariant', text }, undefined);
  }
}
