/**
 * The stupid twin of the rule book: for every frame it looks through all that has passed on the link since the rule was
 * set, and reads the rule's JSON anew each time.
 */
import { type FaultClass, type MessageType, registry, specOfCode } from '../../../src/wire/index.js';

type Given = Readonly<Record<string, unknown>>;

/** One frame that has passed, or passes now. */
interface Passed {
  readonly link: string;
  readonly kind: MessageType;
  readonly sinceMs: number;
}

/** Which rules act on which frames, for rules without chance. */
export class Twin {
  readonly #rules = new Map<string, { readonly match: Given; readonly setAtMs: number; readonly passed: Passed[] }>();

  set(id: string, match: Given, setAtMs: number): void {
    this.#rules.set(id, { match, setAtMs, passed: [] });
  }

  remove(id: string): void {
    this.#rules.delete(id);
  }

  /** The rules that act on the next frame of a link, in their order. */
  acting(from: number | string, to: number | string, code: number, nowMs: number): string[] {
    return [...this.#rules].flatMap(([id, { match, setAtMs, passed }]) => {
      const kind = specOfCode(code)?.type as MessageType;
      passed.push({ link: `${from}>${to}`, kind, sinceMs: nowMs - setAtMs });
      return isEnd(match.from, from) && isEnd(match.to, to) && acts(match, passed) ? [id] : [];
    });
  }
}

function isEnd(given: unknown, end: number | string): boolean {
  const list = given === undefined ? ['*'] : [given].flat();
  return list.some((item) => String(item) === String(end) || (item === '*' && typeof end === 'number'));
}

/** Whether the last frame is hit. */
function acts(match: Given, passed: readonly Passed[]): boolean {
  const last = passed.at(-1);
  let seen = passed.filter(({ link }) => link === last?.link);
  if (match.after !== undefined) {
    const { kind, count = 1 } = typeof match.after === 'string' ? { kind: match.after } : (match.after as Given);
    const place = seen.map((frame, at) => (frame.kind === kind ? at : -1)).filter((at) => at >= 0)[
      (count as number) - 1
    ];
    seen = place === undefined ? [] : seen.slice(place + 1);
  }
  const meant = seen.filter((frame) => isKind(match, frame.kind) && isTime(match, frame.sinceMs));
  if (meant.at(-1) !== last) return false;
  const { first = Number.POSITIVE_INFINITY, every = 1 } = match as { first?: number; every?: number };
  return meant.length <= first && meant.length % every === 0;
}

function isKind({ kinds, classes }: Given, kind: MessageType): boolean {
  if (kinds === undefined && classes === undefined)
    return !['hello', 'challenge', 'proof', 'welcome', 'refuse'].includes(kind);
  const letters = [classes ?? []].flat() as FaultClass[];
  const own = registry[kind].faultClass;
  return [kinds].flat().includes(kind) || (own !== undefined && letters.includes(own));
}

function isTime({ window }: Given, sinceMs: number): boolean {
  const { from = 0, for: lasts = Number.POSITIVE_INFINITY } = (window ?? {}) as { from?: number; for?: number };
  return sinceMs >= from && sinceMs < from + lasts;
}
