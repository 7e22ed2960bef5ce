/** Reads one JSON object field by field; whatever is missing, of the wrong type or unknown is one clear PlanError. */
import { readDurationMs } from './duration.js';
import { PlanError, quoted } from './errors.js';

/** Any JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A number's range, both ends included. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

/**
 * Each field is asked for by its name; `end` refuses what nobody has asked for, so that a misspelt field is never
 * ignored. A field that is null counts as absent.
 */
export class Fields {
  readonly #values: JsonObject;
  readonly #where: string;
  readonly #read = new Set<string>();

  /** `where` stands before every name in error texts, e.g. `do`. */
  constructor(value: unknown, where: string) {
    if (!isObject(value)) {
      const what = `${where === '' ? '' : `${where}: `}${quoted(value)} is no object`;
      throw new PlanError(`${what}; give its fields by name, as {"name": "value"}`);
    }
    this.#values = value;
    this.#where = where;
  }

  has(name: string): boolean {
    this.#read.add(name);
    return this.#values[name] !== undefined && this.#values[name] !== null;
  }

  /** The value as it is, undefined when absent. */
  raw(name: string): unknown {
    this.#read.add(name);
    return this.#values[name] ?? undefined;
  }

  text(name: string, fallback?: string): string {
    const value = this.raw(name) ?? fallback;
    if (typeof value === 'string') return value;
    throw this.#error(name, value, 'a text');
  }

  bool(name: string, fallback: boolean): boolean {
    const value = this.raw(name) ?? fallback;
    if (typeof value === 'boolean') return value;
    throw this.#error(name, value, 'true or false');
  }

  integer(name: string, range: Range, fallback?: number): number {
    const value = this.raw(name) ?? fallback;
    if (Number.isSafeInteger(value) && within(value as number, range)) return value as number;
    throw this.#error(name, value, `a whole number from ${range.least} to ${range.most}`);
  }

  number(name: string, range: Range, fallback?: number): number {
    const value = this.raw(name) ?? fallback;
    if (typeof value === 'number' && within(value, range)) return value;
    throw this.#error(name, value, `a number from ${range.least} to ${range.most}`);
  }

  /** Milliseconds. */
  duration(name: string, fallback?: number | string): number {
    const value = this.raw(name) ?? fallback;
    if (value === undefined) throw this.#error(name, value, 'a time, as 200ms');
    return readDurationMs(this.#path(name), value);
  }

  choice<T extends string>(name: string, choices: readonly T[], fallback?: T): T {
    const value = this.raw(name) ?? fallback;
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    throw this.#error(name, value, `one of ${choices.join(', ')}`);
  }

  /** The error for a field whose value is not `expected`. */
  error(name: string, expected: string): PlanError {
    return this.#error(name, this.#values[name], expected);
  }

  /** @throws PlanError when a field was never asked for. */
  end(): void {
    const unknown = Object.keys(this.#values).find((name) => !this.#read.has(name));
    if (unknown === undefined) return;
    throw new PlanError(`${this.#path(unknown)} is unknown; there is ${[...this.#read].join(', ')}`);
  }

  #error(name: string, value: unknown, expected: string): PlanError {
    const what = value === undefined ? 'is missing' : `is ${quoted(value)}`;
    return new PlanError(`${this.#path(name)} ${what}: give ${expected}`);
  }

  #path(name: string): string {
    return this.#where === '' ? name : `${this.#where}.${name}`;
  }
}

function within(value: number, { least, most }: Range): boolean {
  return value >= least && value <= most;
}
