/** Which frames a rule means: ends, kinds and classes, the first, every n-th, after another, by chance, for a time. */
import { type FaultClass, type MessageType, openingTypes, registry } from '../../wire/index.js';
import { durationText } from './duration.js';
import { EndPattern } from './ends.js';
import { PlanError, quoted } from './errors.js';
import { Fields, isObject } from './fields.js';

export interface Match {
  readonly from: EndPattern;
  readonly to: EndPattern;
  /** By the type byte of a frame: 1 if it is meant. */
  readonly codes: Uint8Array;
  /** Only the first so many matching frames of each link; 0: all. */
  readonly first: number;
  /** Only each so-manieth matching frame of each link; 1: all. */
  readonly every: number;
  /** Begins once so many frames of a kind have passed on the link since the rule was set. */
  readonly after: { readonly code: number; readonly count: number } | undefined;
  /** In [0, 1]. */
  readonly probability: number;
  /** Counted from when the rule was set. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** As it is shown and read back: only what was given. */
  readonly shown: Readonly<Record<string, unknown>>;
}

/**
 * Meant only by name: without them no connection opens, and whoever cuts a link wants it silent, not closed and dialled
 * again (BEHAVIOUR.md 5).
 */
const onlyByName: readonly MessageType[] = [...openingTypes, 'refuse'];
const classLetters: readonly FaultClass[] = ['p', 'a', 'c', 'g', 'r', 'h'];
const kindNames = Object.keys(registry) as MessageType[];
const countMax = Number.MAX_SAFE_INTEGER;

/** Reads `match`; absent means every frame between servers. @throws PlanError */
export function readMatch(value: unknown): Match {
  const fields = new Fields(value ?? {}, 'match');
  const from = EndPattern.read('match.from', fields.raw('from'));
  const to = EndPattern.read('match.to', fields.raw('to'));
  const kinds = readKinds(fields.raw('kinds'));
  const classes = readClasses(fields.raw('classes'));
  const first = fields.has('first') ? fields.integer('first', { least: 1, most: countMax }) : 0;
  const every = fields.integer('every', { least: 1, most: countMax }, 1);
  const after = readAfter(fields.raw('after'));
  const probability = readProbability('match.probability', fields.raw('probability') ?? 1);
  const window = new Fields(fields.raw('window') ?? {}, 'match.window');
  const fromMs = window.duration('from', 0);
  const untilMs = window.has('for') ? fromMs + window.duration('for') : Number.POSITIVE_INFINITY;
  window.end();
  fields.end();
  return {
    from,
    to,
    codes: codesOf(kinds, classes),
    first,
    every,
    after: after === undefined ? undefined : { code: registry[after.kind].code, count: after.count },
    probability,
    fromMs,
    untilMs,
    shown: {
      from,
      to,
      ...(kinds.length > 0 ? { kinds } : {}),
      ...(classes.length > 0 ? { classes } : {}),
      ...(first > 0 ? { first } : {}),
      ...(every > 1 ? { every } : {}),
      ...(after === undefined ? {} : { after }),
      ...(probability < 1 ? { probability } : {}),
      ...(fromMs > 0 || untilMs < Number.POSITIVE_INFINITY ? { window: shownWindow(fromMs, untilMs) } : {}),
    },
  };
}

/** A probability as a number in [0, 1] or as a percentage. @throws PlanError that names `field`. */
export function readProbability(field: string, value: unknown): number {
  const percent = typeof value === 'string' ? /^(\d+(?:\.\d+)?)%$/.exec(value) : null;
  const probability = percent === null ? value : Number(percent[1]) / 100;
  if (typeof probability === 'number' && probability >= 0 && probability <= 1) return probability;
  throw new PlanError(`${field}: ${quoted(value)} is no probability; give 0 to 1, or a percentage as "20%"`);
}

function shownWindow(fromMs: number, untilMs: number): Record<string, string> {
  return {
    ...(fromMs > 0 ? { from: durationText(fromMs) } : {}),
    ...(untilMs < Number.POSITIVE_INFINITY ? { for: durationText(untilMs - fromMs) } : {}),
  };
}

function readKinds(value: unknown): MessageType[] {
  if (value === undefined) return [];
  const items = Array.isArray(value) ? (value as unknown[]) : [value];
  if (items.length === 0) throw new PlanError('match.kinds is an empty list: leave it out to mean every kind');
  return items.map((item) => readKind('match.kinds', item));
}

/** One kind of frame by its name. @throws PlanError that lists the names. */
export function readKind(field: string, item: unknown): MessageType {
  const found = kindNames.find((name) => name === item);
  if (found !== undefined) return found;
  throw new PlanError(`${field}: ${quoted(item)} is no kind of frame; there is ${kindNames.join(' ')}`);
}

function readClasses(value: unknown): FaultClass[] {
  if (value === undefined) return [];
  const items = Array.isArray(value) ? (value as unknown[]) : typeof value === 'string' ? [...value] : [value];
  if (items.length === 0) throw new PlanError('match.classes is an empty list: leave it out to mean every class');
  return items.map((item) => {
    const found = classLetters.find((letter) => letter === item);
    if (found !== undefined) return found;
    throw new PlanError(`match.classes: ${quoted(item)} is no class; there is ${classLetters.join(' ')}`);
  });
}

function readAfter(value: unknown): { readonly kind: MessageType; readonly count: number } | undefined {
  if (value === undefined) return undefined;
  if (!isObject(value)) return { kind: readKind('match.after', value), count: 1 };
  const fields = new Fields(value, 'match.after');
  const kind = readKind('match.after.kind', fields.raw('kind'));
  const count = fields.integer('count', { least: 1, most: countMax }, 1);
  fields.end();
  return { kind, count };
}

function codesOf(kinds: readonly MessageType[], classes: readonly FaultClass[]): Uint8Array {
  const all = kinds.length === 0 && classes.length === 0;
  const codes = new Uint8Array(256);
  for (const name of kindNames) {
    const { code, faultClass } = registry[name];
    const isMeant = all
      ? !onlyByName.includes(name)
      : kinds.includes(name) || (faultClass !== undefined && classes.includes(faultClass));
    if (isMeant) codes[code] = 1;
  }
  return codes;
}
