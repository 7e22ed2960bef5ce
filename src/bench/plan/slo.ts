/** What is asked of a run, `p99<=5ms,failed=0`, and whether it was met. */
import { PlanError, readDurationMs } from '../../proxy/index.js';

/** Figures that may be asked for, as the result names them. */
const figures = {
  p50: { field: 'p50Us', unit: 'time' },
  p90: { field: 'p90Us', unit: 'time' },
  p99: { field: 'p99Us', unit: 'time' },
  p999: { field: 'p999Us', unit: 'time' },
  p9999: { field: 'p9999Us', unit: 'time' },
  max: { field: 'maxUs', unit: 'time' },
  mean: { field: 'meanUs', unit: 'time' },
  silence: { field: 'silenceUs', unit: 'time' },
  ops: { field: 'opsPerSec', unit: 'count' },
  ok: { field: 'ok', unit: 'count' },
  failed: { field: 'failed', unit: 'count' },
  unknown: { field: 'unknown', unit: 'count' },
  unsent: { field: 'unsent', unit: 'count' },
} as const;

export type SloField = (typeof figures)[keyof typeof figures]['field'];

const relations = {
  '<=': (a: number, b: number) => a <= b,
  '>=': (a: number, b: number) => a >= b,
  '<': (a: number, b: number) => a < b,
  '>': (a: number, b: number) => a > b,
  '=': (a: number, b: number) => a === b,
} as const;

/** One thing that is asked. */
export interface Objective {
  /** As it was written. */
  readonly text: string;
  readonly field: SloField;
  readonly relation: keyof typeof relations;
  /** Microseconds, or a number. */
  readonly limit: number;
}

/** What came of it. */
export interface Verdict {
  readonly objective: string;
  /** Microseconds, or a number; null when the run has no such figure. */
  readonly measured: number | null;
  readonly met: boolean;
}

const form = `write FIGURE<=VALUE, joined by commas, as p99<=5ms,failed=0; there is ${Object.keys(figures).join(' ')}`;

/** Reads `--slo`. @throws PlanError */
export function readSlo(text: string): Objective[] {
  return text.split(',').map((part) => {
    const found = /^\s*([a-z.0-9]+)\s*(<=|>=|==|<|>|=|≤|≥)\s*(\S+)\s*$/.exec(part);
    const name = (found?.[1] ?? '').replace('.', '');
    if (found === null || !Object.hasOwn(figures, name)) throw new PlanError(`'${part}' asks for nothing: ${form}`);
    const { field, unit } = figures[name as keyof typeof figures];
    const relation = plainRelation(found[2] ?? '');
    const value = found[3] ?? '';
    return { text: part.trim(), field, relation, limit: unit === 'time' ? readUs(value) : readCount(value) };
  });
}

function plainRelation(sign: string): keyof typeof relations {
  if (sign === '==') return '=';
  if (sign === '≤') return '<=';
  return sign === '≥' ? '>=' : (sign as keyof typeof relations);
}

function readUs(value: string): number {
  return Math.round(readDurationMs('--slo', value) * 1_000);
}

function readCount(value: string): number {
  const found = /^(\d+(?:\.\d+)?)([kM]?)$/.exec(value.replaceAll('_', ''));
  if (found === null) throw new PlanError(`'${value}' is no number: ${form}`);
  return Number(found[1]) * (found[2] === 'M' ? 1e6 : found[2] === 'k' ? 1e3 : 1);
}

/** Judges a run; a figure that it does not have misses its objective. */
export function judge(
  objectives: readonly Objective[],
  measured: Readonly<Partial<Record<SloField, number | null>>>,
): Verdict[] {
  return objectives.map(({ text, field, relation, limit }) => {
    const value = measured[field] ?? null;
    return { objective: text, measured: value, met: value !== null && relations[relation](value, limit) };
  });
}
