/** One JSON object as Go reads it into a struct: keys in any case, null is absent, what nobody asks for is ignored. */
import { isObject } from '../plan/fields.js';
import { badBody } from './first-json.js';
import type { ApiError } from './route.js';

export class GoObject {
  /** By small letters. */
  readonly #values = new Map<string, unknown>();

  /** @throws ApiError 400 unless `value` is an object, or null, which has no fields. */
  constructor(value: unknown, what: string) {
    if (value === null) return;
    if (!isObject(value)) throw badBody(`json: cannot unmarshal ${kindOf(value)} into ${what}`);
    for (const [key, field] of Object.entries(value)) {
      if (field !== null) this.#values.set(key.toLowerCase(), field);
    }
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name);
    if (value === undefined || typeof value === 'string') return value;
    throw wrongType(name, value, 'string');
  }

  bool(name: string): boolean | undefined {
    const value = this.#values.get(name);
    if (value === undefined || typeof value === 'boolean') return value;
    throw wrongType(name, value, 'bool');
  }

  number(name: string): number | undefined {
    const value = this.#values.get(name);
    if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value;
    throw wrongType(name, value, 'float64');
  }

  /** However it is written: 1000, 1e3. */
  integer(name: string): number | undefined {
    const value = this.#values.get(name);
    if (value === undefined || Number.isSafeInteger(value)) return value as number | undefined;
    throw wrongType(name, value, 'int');
  }

  list(name: string): readonly unknown[] | undefined {
    const value = this.#values.get(name);
    if (value === undefined || Array.isArray(value)) return value;
    throw wrongType(name, value, 'list');
  }

  object(name: string): GoObject {
    return new GoObject(this.#values.get(name) ?? null, `field ${name}`);
  }
}

function wrongType(name: string, value: unknown, wanted: string): ApiError {
  return badBody(`json: cannot unmarshal ${kindOf(value)} into field ${name} of type ${wanted}`);
}

/** In Go's words. */
function kindOf(value: unknown): string {
  if (typeof value === 'number') return `number ${value}`;
  if (typeof value === 'boolean') return 'bool';
  return Array.isArray(value) ? 'array' : typeof value;
}
