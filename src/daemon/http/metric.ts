/** A metric as daemons describe it, and its text form, which prom-client writes. Read only when somebody scrapes. */
import { createRequire } from 'node:module';
import type { Registry } from 'prom-client';
import type { BucketHistogram } from '../../base/index.js';

/** One value of a metric that has labels. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metric {
  /** `synod_…`, in base units; a counter's ends in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly read: () => number | readonly Sample[] | BucketHistogram;
}

/** A line of the text form, as prom-client's registry takes it from a metric. */
interface Line {
  readonly metricName?: string;
  readonly labels?: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** Writes metrics in Prometheus' text form, from a registry of its own. */
export class Exposition {
  readonly #registry: Registry;

  /** Loads prom-client. */
  constructor(metrics: readonly Metric[]) {
    // Only this file of it: the whole package takes 50 ms to load, for which the log would stand still.
    const load = createRequire(import.meta.url);
    const Made = load('prom-client/lib/registry.js') as typeof Registry;
    this.#registry = new Made();
    for (const metric of metrics) this.#registry.registerMetric(registered(metric));
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

/** What the registry asks of a metric: its name, and what `get` gives. Ours keep no second copy of the values. */
function registered({ name, help, kind, read }: Metric): Parameters<Registry['registerMetric']>[0] {
  const metric = {
    name,
    help,
    type: kind,
    get: async () => ({ name, help, type: kind, values: linesOf(name, read()) }),
  };
  return metric as unknown as Parameters<Registry['registerMetric']>[0];
}

function linesOf(name: string, value: ReturnType<Metric['read']>): readonly Line[] {
  if (typeof value === 'number') return [{ value }];
  if (isSamples(value)) return value;
  let below = 0;
  const buckets = value.counts.map((count, at): Line => {
    below += count;
    return { metricName: `${name}_bucket`, labels: { le: value.bounds[at] ?? '+Inf' }, value: below };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, value: value.sum },
    { metricName: `${name}_count`, value: value.count },
  ];
}

function isSamples(value: readonly Sample[] | BucketHistogram): value is readonly Sample[] {
  return Array.isArray(value);
}

/** A sample for each reason seen, and 0 for the usual ones, so that a graph has them before the first one happens. */
export function byReason(seen: ReadonlyMap<string, number>, usual: readonly string[]): readonly Sample[] {
  const reasons = new Set([...usual, ...seen.keys()]);
  return [...reasons].map((reason) => ({ labels: { reason }, value: seen.get(reason) ?? 0 }));
}
