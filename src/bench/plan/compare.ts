/** Runs side by side: the same figures of each, the ratio to the first, and what makes them unlike. */
import { countText, msText } from './numbers.js';
import type { BenchResult } from './result.js';
import { busyCores, cpuUsPerMessage, settings } from './setup.js';

/** One figure of all runs. */
export interface ComparedRow {
  readonly name: string;
  readonly values: readonly (number | null)[];
  /** To the first run's; null where it has none, or is 0. */
  readonly ratios: readonly (number | null)[];
  readonly texts: readonly string[];
}

interface Figure {
  readonly name: string;
  readonly of: (result: BenchResult) => number | null;
  readonly text: (value: number | null) => string;
}

const count = (value: number | null): string => (value === null ? '-' : countText(value));

const figures: readonly Figure[] = [
  { name: 'messages/s', of: (result) => result.opsPerSec, text: count },
  { name: 'p50 ms', of: (result) => result.p50Us, text: msText },
  { name: 'p90 ms', of: (result) => result.p90Us, text: msText },
  { name: 'p99 ms', of: (result) => result.p99Us, text: msText },
  { name: 'p99.9 ms', of: (result) => result.p999Us, text: msText },
  { name: 'p99.99 ms', of: (result) => result.p9999Us, text: msText },
  { name: 'max ms', of: (result) => result.maxUs, text: msText },
  { name: 'mean ms', of: (result) => result.meanUs, text: msText },
  {
    name: 'silence ms',
    of: (result) => result.silence.ms,
    text: (value) => msText(value === null ? null : value * 1_000),
  },
  { name: 'ok', of: (result) => result.ok, text: count },
  { name: 'failed', of: (result) => result.failed, text: count },
  { name: 'unknown', of: (result) => result.unknown, text: count },
  { name: 'unsent', of: (result) => result.open?.unsent ?? null, text: count },
  { name: 'deliveries/s', of: (result) => result.deliveries?.perSec ?? null, text: count },
  { name: 'CPU µs a message', of: cpuUsPerMessage, text: (value) => value?.toFixed(2) ?? '-' },
  { name: 'foreign cores', of: (result) => result.foreignCores, text: (value) => value?.toFixed(2) ?? '-' },
];

/** The runs' loops differ: no table may hold both. */
export function mixesLoops(results: readonly BenchResult[]): boolean {
  return new Set(results.map(({ mode }) => mode)).size > 1;
}

/** Figures that at least one run has. */
export function compare(results: readonly BenchResult[]): ComparedRow[] {
  return figures.flatMap(({ name, of, text }) => {
    const values = results.map(of);
    if (values.every((value) => value === null)) return [];
    const [first = null] = values;
    const ratios = values.map((value) => (value === null || first === null || first === 0 ? null : value / first));
    return [{ name, values, ratios, texts: values.map(text) }];
  });
}

/** Nothing acknowledged is missing, nothing is there that nobody sent; as far as that could be read. */
export function isSound({ history }: BenchResult): boolean {
  return history.state === 'complete' || history.state === 'unchecked';
}

/** What a reader must know before believing a ratio, one line each. */
export function caveats(results: readonly BenchResult[], names: readonly string[]): string[] {
  const all = results.map(settings);
  const unlike = Object.keys(all[0] ?? {}).flatMap((setting) => {
    const values = all.map((one) => one[setting] as string);
    return new Set(values).size === 1 ? [] : [`${setting} differs: ${values.join(' / ')}`];
  });
  const single = results.flatMap((result, place) => {
    const name = names[place] as string;
    return [
      ...((result.foreignCores ?? 0) > busyCores
        ? [`${name}: ${result.foreignCores?.toFixed(2)} cores were busy with something else`]
        : []),
      ...(result.changed ? [`${name}: the source differed from commit ${result.commit}`] : []),
      ...(result.interrupted ? [`${name}: the run was interrupted`] : []),
      ...((result.open?.unsent ?? 0) > 0
        ? [`${name}: ${countText(result.open?.unsent ?? 0)} messages were never sent and stand in no percentile`]
        : []),
      ...(isSound(result) ? [] : [`${name}: its history is ${result.history.state}, so that no figure of it counts`]),
    ];
  });
  return [...unlike, ...single];
}
