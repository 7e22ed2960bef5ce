/**
 * All rules that are set, compiled per link: what is to become of the next frame. No clock, no chance, no sockets: the
 * proxy, a server's `-mode` and the simulator ask the same book.
 */
import type { Applied, Opening, RuleMemory } from '../rules/rule-kind.js';
import { Draw, drawBase } from './draw.js';
import { type End, linkName } from './ends.js';
import { Fate } from './fate.js';
import type { Rule } from './rule.js';

/** A rule with what has come of it so far, over all links. */
export interface RuleCount {
  readonly rule: Rule;
  /** Frames that it means, whether or not it acted on them. */
  readonly matched: number;
  /** Frames or connections it acted on. */
  readonly applied: number;
}

/** More rules than this at once are a mistake in a script: each costs something on every frame that it sees. */
export const rulesMax = 256;

interface SetRule {
  readonly rule: Rule;
  /** Type bytes of the frames that it must be shown. */
  readonly seen: readonly number[];
  readonly setAtMs: number;
  /** One for all links, for kinds that share. */
  readonly sharedMemory: RuleMemory;
  readonly onLinks: Map<string, RuleOnLink>;
}

const draw = new Draw();

/**
 * One rule on one link: its counters, and where its draws begin. What judging needs lies ready: it is done per frame.
 */
class RuleOnLink {
  readonly rule: Rule;
  readonly seen: readonly number[];
  matched = 0;
  applied = 0;
  /** Frames of `#afterCode` that must still pass. */
  #afterLeft: number;
  readonly #afterCode: number;
  readonly #codes: Uint8Array;
  readonly #first: number;
  readonly #every: number;
  readonly #probability: number;
  readonly #fromMs: number;
  readonly #untilMs: number;
  readonly #base: number;
  /** One for all frames: it is read while the rule is applied, and not kept. */
  readonly #applied: { -readonly [Field in keyof Applied]: Applied[Field] };

  constructor({ rule, seen, setAtMs, sharedMemory }: SetRule, seed: number, link: string) {
    const { after, codes, first, every, probability, fromMs, untilMs } = rule.match;
    this.rule = rule;
    this.seen = seen;
    this.#afterLeft = after?.count ?? 0;
    this.#afterCode = after?.code ?? 0;
    this.#codes = codes;
    this.#first = first > 0 ? first : Number.POSITIVE_INFINITY;
    this.#every = every;
    this.#probability = probability;
    this.#fromMs = fromMs;
    this.#untilMs = untilMs;
    this.#base = drawBase(seed, rule.id, link);
    const memory = rule.kind.isShared?.(rule.params) === true ? sharedMemory : { value: 0 };
    this.#applied = { rule: rule.id, nowMs: 0, setAtMs, frameBytes: 0, draw, memory };
  }

  /** Counts the frame and, if it is hit, adds to `fate`, making one when there is none yet. */
  judge(code: number, frameBytes: number, nowMs: number, fate: Fate | undefined): Fate | undefined {
    if (this.#afterLeft > 0) {
      if (code === this.#afterCode) this.#afterLeft--;
      return fate;
    }
    if (this.#codes[code] !== 1 || !this.#isNext(nowMs)) return fate;
    draw.begin(this.#base, this.matched);
    if (this.#probability < 1 && draw.unit() >= this.#probability) return fate;
    this.applied++;
    this.#applied.nowMs = nowMs;
    this.#applied.frameBytes = frameBytes;
    const { kind, params } = this.rule;
    const changed = fate ?? new Fate();
    kind.apply?.(changed, params, this.#applied);
    return changed;
  }

  /** As {@link judge}, for a connection that opens. */
  opening(nowMs: number): Opening {
    const { kind } = this.rule;
    if (kind.opening === undefined || !this.#isNext(nowMs)) return 'pass';
    if (this.#probability < 1 && draw.begin(this.#base, this.matched).unit() >= this.#probability) return 'pass';
    this.applied++;
    return kind.opening;
  }

  /** Counts one more match if it falls into the window, and says whether it is among those that are meant. */
  #isNext(nowMs: number): boolean {
    const sinceMs = nowMs - this.#applied.setAtMs;
    if (sinceMs < this.#fromMs || sinceMs >= this.#untilMs) return false;
    const n = ++this.matched;
    // A division is what costs most here.
    return n <= this.#first && (this.#every === 1 || n % this.#every === 0);
  }
}

/** The rules of one link. It stays valid while rules come and go. */
export class LinkRules {
  readonly from: End;
  readonly to: End;
  #rules: readonly RuleOnLink[] = [];
  /** By type byte: 1 if some rule must see such frames. */
  readonly #concerned = new Uint8Array(256);
  /** Those rules, looked up at the first such frame: rules change more often than frames of every kind pass. */
  #byCode: (readonly RuleOnLink[] | undefined)[] = [];
  #atOpening: readonly RuleOnLink[] = [];

  /** Use {@link RuleBook.link}. */
  constructor(from: End, to: End) {
    this.from = from;
    this.to = to;
  }

  get name(): string {
    return linkName(this.from, this.to);
  }

  /** False: frames of this type byte pass unseen. */
  concerns(code: number): boolean {
    return this.#concerned[code] === 1;
  }

  /** What becomes of the next frame of this link; undefined: it passes as it is. */
  judge(code: number, frameBytes: number, nowMs: number): Fate | undefined {
    if (this.#concerned[code] !== 1) return undefined;
    const rules = this.#byCode[code] ?? this.#select(code);
    let fate: Fate | undefined;
    for (let i = 0; i < rules.length; i++) fate = (rules[i] as RuleOnLink).judge(code, frameBytes, nowMs, fate);
    return fate !== undefined && fate.notes.length > 0 ? fate : undefined;
  }

  /** What becomes of a connection that opens, and by which rule; undefined: it passes. */
  opening(nowMs: number): { readonly opening: Exclude<Opening, 'pass'>; readonly rule: Rule } | undefined {
    for (const onLink of this.#atOpening) {
      const opening = onLink.opening(nowMs);
      if (opening !== 'pass') return { opening, rule: onLink.rule };
    }
    return undefined;
  }

  /** Called by the book when its rules change. */
  compile(rules: readonly RuleOnLink[]): void {
    this.#rules = rules;
    this.#byCode = [];
    this.#concerned.fill(0);
    for (const { seen } of rules) for (const code of seen) this.#concerned[code] = 1;
    this.#atOpening = rules.filter(({ rule }) => rule.kind.opening !== undefined);
  }

  #select(code: number): readonly RuleOnLink[] {
    const rules = this.#rules.filter(({ seen }) => seen.includes(code));
    this.#byCode[code] = rules;
    return rules;
  }
}

/** Type bytes of the frames that a rule acts on or counts. */
function seenBy({ kind, match }: Rule): number[] {
  if (kind.apply === undefined) return [];
  const seen: number[] = [];
  for (let code = 1; code < 256; code++) if (match.codes[code] === 1 || match.after?.code === code) seen.push(code);
  return seen;
}

export class RuleBook {
  readonly #seed: number;
  readonly #rules = new Map<string, SetRule>();
  readonly #links = new Map<string, LinkRules>();
  #named = 0;

  /** `seed`: any safe integer. */
  constructor(seed: number) {
    this.#seed = seed;
  }

  get seed(): number {
    return this.#seed;
  }

  /** A name that no rule has. */
  nextId(): string {
    do this.#named++;
    while (this.#rules.has(`rule-${this.#named}`));
    return `rule-${this.#named}`;
  }

  /** Sets rules, in this order behind those there are; one with a name that is taken replaces it in its place, anew. */
  set(rules: readonly Rule[], nowMs: number): void {
    const changed = rules.slice();
    for (const rule of rules) {
      const replaced = this.#rules.get(rule.id);
      if (replaced !== undefined) changed.push(replaced.rule);
      const memory = { value: 0 };
      this.#rules.set(rule.id, { rule, seen: seenBy(rule), setAtMs: nowMs, sharedMemory: memory, onLinks: new Map() });
    }
    this.#compileFor(changed);
  }

  /** Takes rules away; names that no rule has are passed over. Returns the names that were there. */
  remove(ids: readonly string[]): string[] {
    const removed: Rule[] = [];
    for (const id of ids) {
      const set = this.#rules.get(id);
      if (set !== undefined && this.#rules.delete(id)) removed.push(set.rule);
    }
    this.#compileFor(removed);
    return removed.map(({ id }) => id);
  }

  has(id: string): boolean {
    return this.#rules.has(id);
  }

  /** Whether this very rule is set, and not another one of its name. */
  holds(rule: Rule): boolean {
    return this.#rules.get(rule.id)?.rule === rule;
  }

  get size(): number {
    return this.#rules.size;
  }

  /** In the order in which they act. */
  list(): RuleCount[] {
    return [...this.#rules.values()].map(({ rule, onLinks }) => {
      let matched = 0;
      let applied = 0;
      for (const onLink of onLinks.values()) {
        matched += onLink.matched;
        applied += onLink.applied;
      }
      return { rule, matched, applied };
    });
  }

  /** The rules of a link; always the same object for the same ends. */
  link(from: End, to: End): LinkRules {
    const name = linkName(from, to);
    const known = this.#links.get(name);
    if (known !== undefined) return known;
    const link = new LinkRules(from, to);
    this.#links.set(name, link);
    this.#compile(link);
    return link;
  }

  /** Only links that one of the changed rules means. */
  #compileFor(changed: readonly Rule[]): void {
    for (const link of this.#links.values()) {
      const isMeant = changed.some(({ match }) => match.from.matches(link.from) && match.to.matches(link.to));
      if (isMeant) this.#compile(link);
    }
  }

  #compile(link: LinkRules): void {
    const rules: RuleOnLink[] = [];
    for (const set of this.#rules.values()) {
      if (!set.rule.match.from.matches(link.from) || !set.rule.match.to.matches(link.to)) continue;
      let onLink = set.onLinks.get(link.name);
      if (onLink === undefined) {
        onLink = new RuleOnLink(set, this.#seed, link.name);
        set.onLinks.set(link.name, onLink);
      }
      rules.push(onLink);
    }
    link.compile(rules);
  }
}
