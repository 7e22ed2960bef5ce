/** Runs one seed and says how it went, with the command that replays it. */
import { Cluster, type ClusterResult, type ClusterSetup } from './cluster.js';
import { describeOptions } from './options.js';
import { Violation } from './violation.js';

export interface SeedResult {
  readonly seed: number;
  /** Undefined if everything held. */
  readonly failure: SeedFailure | undefined;
  readonly result: ClusterResult | undefined;
}

export interface SeedFailure {
  /** The checker's rule, or `invariant` when the code under test stopped itself. */
  readonly rule: string;
  /** Several lines for people: what broke, when, how everybody stood, how to replay it. */
  readonly text: string;
}

/** Never throws for what the cluster does; a failure is a result. */
export function runSeed(setup: ClusterSetup): SeedResult {
  const { seed } = setup;
  const cluster = new Cluster(setup);
  try {
    return { seed, failure: undefined, result: cluster.run() };
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
    ].join('\n');
    return { seed, failure: { rule: known ? error.rule : 'invariant', text }, result: undefined };
  }
}
