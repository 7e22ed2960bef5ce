/** What a test waits for in the stream of events: "after the 2nd accept 3>1 was dropped, another leader within 5 s". */
import { PlanError, quoted } from './errors.js';
import { Fields, isObject, type JsonObject } from './fields.js';

/** Events with all these fields: a list of values means any of them, and a field that is a list must contain one. */
interface Wanted {
  readonly event: string;
  /** All that is asked of it, its name included. */
  readonly fields: JsonObject;
  readonly count: number;
}

export interface Expectation {
  /** Looked for first; undefined: nothing needs to come before. */
  readonly after: Wanted | undefined;
  readonly expect: Wanted;
  /** From when `after` was seen, or from the start. */
  readonly withinMs: number;
  /** How long `after` may take. */
  readonly afterWithinMs: number;
}

/** Reads `{after?, expect, within?, afterWithin?}`. @throws PlanError */
export function readExpectation(value: unknown): Expectation {
  const fields = new Fields(value, '');
  const after = fields.has('after') ? readWanted(fields.raw('after'), 'after') : undefined;
  const expectation = {
    after,
    expect: readWanted(fields.raw('expect'), 'expect'),
    withinMs: fields.duration('within', '5s'),
    afterWithinMs: fields.duration('afterWithin', '60s'),
  };
  fields.end();
  return expectation;
}

function readWanted(value: unknown, where: string): Wanted {
  if (!isObject(value) || typeof value.event !== 'string') {
    throw new PlanError(`${where}: ${quoted(value)}: give an object with "event", as {"event": "leader"}`);
  }
  const { count = 1, ...fields } = value;
  if (!Number.isSafeInteger(count) || (count as number) < 1) {
    throw new PlanError(`${where}.count: ${quoted(count)}: give a whole number from 1 on`);
  }
  return { event: value.event, fields, count: count as number };
}

/** Counts events until those that are wanted have come. Pure: whoever feeds it owns the time. */
export class Watch {
  readonly #expectation: Expectation;
  #seenAfter = 0;
  #seen = 0;

  constructor(expectation: Expectation) {
    this.#expectation = expectation;
  }

  /** True while it still waits for `after`. */
  get isBefore(): boolean {
    const { after } = this.#expectation;
    return after !== undefined && this.#seenAfter < after.count;
  }

  /** Takes the next event; true once it is the one that was expected. */
  take(event: JsonObject): boolean {
    const { after, expect } = this.#expectation;
    if (after !== undefined && this.#seenAfter < after.count) {
      if (matches(event, after.fields)) this.#seenAfter++;
      return false;
    }
    if (!matches(event, expect.fields)) return false;
    this.#seen++;
    return this.#seen === expect.count;
  }
}

function matches(event: JsonObject, wanted: JsonObject): boolean {
  return Object.entries(wanted).every(([name, value]) => {
    const is = event[name];
    const any = Array.isArray(value) ? (value as unknown[]) : [value];
    if (Array.isArray(is)) return any.some((one) => (is as unknown[]).includes(one));
    if (any.some(isNot)) return any.every((one) => isNot(one) && is !== one.not);
    return any.includes(is);
  });
}

/** `{"not": 2}`: any other value. */
function isNot(value: unknown): value is { readonly not: unknown } {
  return isObject(value) && 'not' in value;
}
