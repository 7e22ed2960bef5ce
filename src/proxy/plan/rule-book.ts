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

interface SetRule {
  readonly rule: Rule;
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
  readonly #setAtMs: number;
  readonly #memory: RuleMemory;

  constructor({ rule, setAtMs, sharedMemory }: SetRule, seed: number, link: string) {
    const { after, codes, first, every, probability, fromMs, untilMs } = rule.match;
    this.rule = rule;
    this.#afterLeft = after?.count ?? 0;
    this.#afterCode = after?.code ?? 0;
    this.#codes = codes;
    this.#first = first > 0 ? first : Number.POSITIVE_INFINITY;
    this.#every = every;
    this.#probability = probability;
    this.#fromMs = fromMs;
    this.#untilMs = untilMs;
    this.#base = drawBase(seed, rule.id, link);
    this.#setAtMs = setAtMs;
    this.#memory = rule.kind.isShared?.(rule.params) === true ? sharedMemory : { value: 0 };
  }

  /** Whether frames of this type byte must be shown to the rule. */
  sees(code: number): boolean {
    return this.rule.kind.apply !== undefined && (this.#codes[code] === 1 || this.#afterCode === code);
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
    const { kind, params, id } = this.rule;
    const applied: Applied = { rule: id, nowMs, setAtMs: this.#setAtMs, frameBytes, draw, memory: this.#memory };
    const changed = fate ?? new Fate();
    kind.apply?.(changed, params, applied);
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
    const sinceMs = nowMs - this.#setAtMs;
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
  /** By type byte, the rules that must see such frames. */
  #byCode: readonly (readonly RuleOnLink[] | undefined)[] = [];
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
    return this.#byCode[code] !== undefined;
  }

  /** What becomes of the next frame of this link; undefined: it passes as it is. */
  judge(code: number, frameBytes: number, nowMs: number): Fate | undefined {
    const rules = this.#byCode[code];
    if (rules === undefined) return undefined;
    let fate: Fate | undefined;
    for (let i = 0; i < rules.length; i++) fate = (rules[i] as RuleOnLink).judge(code, frameBytes, nowMs, fate);
    return fate !== undefined && fate.notes.length > 0 ? fate : undefined;
  }

  /** What becomes of a connection that opens, and by which rule. */
  opening(nowMs: number): { readonly opening: Opening; readonly rule: string } {
    for (const onLink of this.#atOpening) {
      const opening = onLink.opening(nowMs);
      if (opening !== 'pass') return { opening, rule: onLink.rule.id };
    }
    return { opening: 'pass', rule: '' };
  }

  /** Called by the book when its rules change. */
  compile(rules: readonly RuleOnLink[]): void {
    const byCode: RuleOnLink[][] = [];
    for (const onLink of rules) {
      for (let code = 1; code < 256; code++) {
        if (!onLink.sees(code)) continue;
        const list = byCode[code];
        if (list === undefined) byCode[code] = [onLink];
        else list.push(onLink);
      }
    }
    this.#byCode = byCode;
    this.#atOpening = rules.filter(({ rule }) => rule.kind.opening !== undefined);
  }
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
    for (const rule of rules) {
      this.#rules.set(rule.id, { rule, setAtMs: nowMs, sharedMemory: { value: 0 }, onLinks: new Map() });
    }
    this.#compileAll();
  }

  /** Takes rules away; names that no rule has are passed over. Returns the names that were there. */
  remove(ids: readonly string[]): string[] {
    const removed = ids.filter((id) => this.#rules.delete(id));
    if (removed.length > 0) this.#compileAll();
    return removed;
  }

  has(id: string): boolean {
    return this.#rules.has(id);
  }

  /** Whether this very rule is set, and not another one of its name. */
  holds(rule: Rule): boolean {
    return this.#rules.get(rule.id)?.rule === rule;
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

  #compileAll(): void {
    for (const link of this.#links.values()) this.#compile(link);
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
