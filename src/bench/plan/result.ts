/** What a run found: the object that `--json` prints and `bench report` reads again. */
import type { CurvePoint } from './histogram.js';
import type { Arrivals } from './schedule.js';
import type { SeriesBin } from './series.js';
import type { Verdict } from './slo.js';

/** What the object calls itself, so that a stranger's file is told from ours; the number rises with its meaning. */
export const resultSchema = 'synod-bench/1';

/** A fault as it happened; times in ms since the window opened. */
export interface FaultRecord {
  readonly text: string;
  /** When it was asked for. */
  readonly plannedMs: number;
  /** When it began; null when the run ended before. */
  readonly fromMs: number | null;
  /** When its last trace was gone: links as before, the server READY or going on. */
  readonly untilMs: number | null;
  /** What exactly was done, e.g. which server led. */
  readonly detail: string;
}

/** One process of the measurement. */
export interface ProcessUse {
  /** `load`, `balancer`, `proxy` or `server N`. */
  readonly name: string;
  /** Cores used on average within the window. */
  readonly cores: number;
  /** Resident memory at the end, and at its most. */
  readonly rssBytes: number;
  readonly rssBytesMax: number;
}

/**
 * Whether the rooms hold what was acknowledged. `excess`: they hold more than was ever sent. `unchecked`: nobody
 * answered a fresh read in time.
 */
export interface HistoryCheck {
  readonly state: 'complete' | 'incomplete' | 'excess' | 'unchecked';
  readonly acknowledged: number;
  readonly unknown: number;
  /** What the rooms hold. */
  readonly posts: number | null;
}

export interface OpenFigures {
  /** Messages per second that were meant. */
  readonly rate: number;
  readonly arrivals: Arrivals;
  /** Could not be sent in time because the client's window was full; their latency counts from their time. */
  readonly late: number;
  /** Never sent: the window ended before. They stand in no percentile. */
  readonly unsent: number;
  /** How long after its time each of the others was sent: the load's own part in every latency. */
  readonly lagP50Us: number | null;
  readonly lagP99Us: number | null;
  readonly lagMaxUs: number | null;
}

export interface Deliveries {
  readonly total: number;
  /** Within the window. */
  readonly perSec: number;
  /** Not delivered when the drain was over. */
  readonly missing: number;
}

/** The contract's fields come first (CONTRACT.md, Output). Latencies in µs, null when nothing was acknowledged. */
export interface BenchResult {
  readonly mode: 'closed' | 'open';
  readonly clients: number;
  readonly inflight: number;
  /** Bytes of a message, on average. */
  readonly size: number;
  /** Null for a cluster that somebody else started: ask its servers. */
  readonly durable: boolean | null;
  /** Length of the window. */
  readonly seconds: number;
  readonly ok: number;
  readonly failed: number;
  readonly unknown: number;
  /** Acknowledgements that arrived within the window, per second. */
  readonly opsPerSec: number;
  readonly p50Us: number | null;
  readonly p90Us: number | null;
  readonly p99Us: number | null;
  readonly p999Us: number | null;
  readonly maxUs: number | null;
  /** Of the program's own repository; its version when it runs from a package. */
  readonly commit: string;
  readonly cores: number;

  readonly schema: typeof resultSchema;
  readonly version: string;
  /** The source differs from the commit. */
  readonly changed: boolean;
  readonly startedAt: string;
  readonly seed: number;
  readonly host: string;
  readonly cpu: string;
  readonly node: string;
  readonly system: string;
  /** File system and device of the data of an own cluster, else empty. */
  readonly disk: string;
  readonly p9999Us: number | null;
  readonly meanUs: number | null;
  readonly sizeMin: number;
  readonly sizeMax: number;
  readonly rooms: number;
  readonly subscribers: number;
  readonly warmupSeconds: number;
  readonly cluster: 'own' | 'existing';
  readonly servers: number;
  readonly on: string;
  /** Clients on each server when the window opened. */
  readonly placement: Readonly<Record<string, number>>;
  /** Who led when the window opened and when it ended; 0: nobody was seen to. */
  readonly leaders: { readonly start: number; readonly end: number };
  readonly links: 'direct' | 'proxy';
  /** Faults on the links for the whole run; empty: none. */
  readonly linkMode: string;
  readonly open: OpenFigures | null;
  readonly deliveries: Deliveries | null;
  readonly interrupted: boolean;
  /** The longest time without an acknowledgement; `atMs` since the window opened. */
  readonly silence: { readonly atMs: number; readonly ms: number };
  readonly history: HistoryCheck;
  readonly slo: readonly Verdict[];
  readonly faults: readonly FaultRecord[];
  /** Cores that were busy with something else; null where that cannot be told from a cluster's own. */
  readonly foreignCores: number | null;
  readonly processes: readonly ProcessUse[];
  readonly binMs: number;
  readonly series: readonly SeriesBin[];
  readonly curve: readonly CurvePoint[];
}

type Shape = 'number' | 'number?' | 'string' | 'boolean' | 'boolean?' | 'object' | 'object?' | 'array';

const shapes: Readonly<Record<keyof BenchResult, Shape>> = {
  mode: 'string',
  clients: 'number',
  inflight: 'number',
  size: 'number',
  durable: 'boolean?',
  seconds: 'number',
  ok: 'number',
  failed: 'number',
  unknown: 'number',
  opsPerSec: 'number',
  p50Us: 'number?',
  p90Us: 'number?',
  p99Us: 'number?',
  p999Us: 'number?',
  maxUs: 'number?',
  commit: 'string',
  cores: 'number',
  schema: 'string',
  version: 'string',
  changed: 'boolean',
  startedAt: 'string',
  seed: 'number',
  host: 'string',
  cpu: 'string',
  node: 'string',
  system: 'string',
  disk: 'string',
  p9999Us: 'number?',
  meanUs: 'number?',
  sizeMin: 'number',
  sizeMax: 'number',
  rooms: 'number',
  subscribers: 'number',
  warmupSeconds: 'number',
  cluster: 'string',
  servers: 'number',
  on: 'string',
  placement: 'object',
  leaders: 'object',
  links: 'string',
  linkMode: 'string',
  open: 'object?',
  deliveries: 'object?',
  interrupted: 'boolean',
  silence: 'object',
  history: 'object',
  slo: 'array',
  faults: 'array',
  foreignCores: 'number?',
  processes: 'array',
  binMs: 'number',
  series: 'array',
  curve: 'array',
};

/** What the objects within must have, by the field that holds them. */
const insides: Readonly<Record<string, Readonly<Record<string, Shape>>>> = {
  leaders: { start: 'number', end: 'number' },
  silence: { atMs: 'number', ms: 'number' },
  history: { state: 'string', acknowledged: 'number', unknown: 'number', posts: 'number?' },
  open: {
    rate: 'number',
    arrivals: 'string',
    late: 'number',
    unsent: 'number',
    lagP50Us: 'number?',
    lagP99Us: 'number?',
    lagMaxUs: 'number?',
  },
  deliveries: { total: 'number', perSec: 'number', missing: 'number' },
  slo: { objective: 'string', measured: 'number?', met: 'boolean' },
  faults: { text: 'string', plannedMs: 'number', fromMs: 'number?', untilMs: 'number?', detail: 'string' },
  processes: { name: 'string', cores: 'number', rssBytes: 'number', rssBytesMax: 'number' },
  series: {
    atMs: 'number',
    ok: 'number',
    failed: 'number',
    unknown: 'number',
    p50Us: 'number?',
    p99Us: 'number?',
    maxUs: 'number?',
  },
  curve: { percentile: 'number', us: 'number' },
};

/** What is wrong with a text that should be a result, in a few words. */
export class NoResult extends Error {
  override readonly name = 'NoResult';
}

/** Reads what `--json` printed or `--out` wrote. Fields that we do not know are left alone. @throws NoResult */
export function readResult(text: string): BenchResult {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new NoResult(`it is no JSON (${(error as Error).message.split('\n')[0]})`);
  }
  if (!isObject(value) || typeof value.schema !== 'string' || !value.schema.startsWith('synod-bench/')) {
    throw new NoResult('it is JSON, but not what synod bench writes');
  }
  if (value.schema !== resultSchema) {
    throw new NoResult(`it is ${value.schema.slice(0, 40)}, and this program reads ${resultSchema}`);
  }
  expectShape(value, shapes, '');
  for (const [field, shape] of Object.entries(insides)) {
    const inside = value[field];
    if (Array.isArray(inside)) {
      for (const [at, item] of inside.entries()) expectShape(item, shape, `${field}[${at}].`);
    } else if (inside !== null) expectShape(inside, shape, `${field}.`);
  }
  if (value.mode !== 'closed' && value.mode !== 'open') throw new NoResult('its mode is neither closed nor open');
  if ((value.mode === 'open') !== (value.open !== null)) throw new NoResult('its mode and its field "open" disagree');
  return value as unknown as BenchResult;
}

function expectShape(value: unknown, shape: Readonly<Record<string, Shape>>, where: string): void {
  if (!isObject(value)) throw new NoResult(`its ${where.replace(/\.$/, '')} is no object`);
  for (const [field, wanted] of Object.entries(shape)) {
    if (!fits(value[field], wanted)) throw new NoResult(`its field ${where}${field} is missing or of another kind`);
  }
}

function fits(value: unknown, shape: Shape): boolean {
  if (shape.endsWith('?') && value === null) return true;
  switch (shape.replace('?', '')) {
    case 'number':
      return typeof value === 'number' && Number.isFinite(value);
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    default:
      return typeof value === shape.replace('?', '');
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
