/** What faults make of frames between simulated servers: production's rule book, asked as its proxy asks it. */
import { assert } from '../../src/base/index.js';
import type { JsonObject } from '../../src/proxy/plan/fields.js';
import { modeRules } from '../../src/proxy/plan/mode.js';
import { presetRules } from '../../src/proxy/plan/presets.js';
import { type Rule, readRule } from '../../src/proxy/plan/rule.js';
import { type LinkRules, RuleBook } from '../../src/proxy/plan/rule-book.js';
import { type MessageType, registry, type ServerId } from '../../src/wire/index.js';

const onTime: readonly number[] = [0];
const never: readonly number[] = [];

/**
 * Rules that drop, delay and duplicate, between servers only. Others are about bytes and connections, which simulated
 * links do not have.
 */
export class LinkFaults {
  readonly #book: RuleBook;
  readonly #servers: readonly ServerId[];
  readonly #nowMs: () => number;
  readonly #links = new Map<number, LinkRules>();

  /** `seed` is that of the rules' own draws. */
  constructor(servers: readonly ServerId[], nowMs: () => number, seed = 1) {
    this.#servers = servers;
    this.#nowMs = nowMs;
    this.#book = new RuleBook(seed);
  }

  /** Sets rules and presets, in the form in which the proxy's API takes them; returns the rules' ids. */
  set(...faults: readonly JsonObject[]): string[] {
    const surroundings = { servers: this.#servers, seed: this.#book.seed };
    const rules = faults.flatMap((fault) =>
      fault.preset === undefined ? [readRule(fault, this.#book.nextId())] : presetRules(fault, surroundings),
    );
    this.#set(rules);
    return rules.map(({ id }) => id);
  }

  /** The `-mode` of a server, e.g. `p:10::a:20`. */
  mode(server: ServerId, text: string): void {
    this.#set(modeRules(server, text));
  }

  #set(rules: readonly Rule[]): void {
    this.#book.set(rules, this.#nowMs());
  }

  /** Takes these rules away. */
  remove(ids: readonly string[]): void {
    this.#book.remove(ids);
  }

  /** Takes every rule away. */
  heal(): void {
    this.remove(this.#book.list().map(({ rule }) => rule.id));
  }

  /** When the next such frame of a link arrives, in ms from now: once, several times or, if it is lost, never. */
  arrivals(from: ServerId, to: ServerId, type: MessageType): readonly number[] {
    // Simulated frames have no bytes: the rules that look at a frame's size are not for them.
    const fate = this.#link(from, to).judge(registry[type].code, 0, this.#nowMs());
    if (fate === undefined) return onTime;
    if (fate.dropped) return never;
    const { delayMs, copies, copyGapMs } = fate;
    const isPlain = fate.damage === undefined && fate.ending === undefined && fate.behind.length === 0;
    assert(isPlain && Number.isFinite(delayMs), `a simulated link can't: ${fate.notes.map(({ text }) => text).join()}`);
    return Array.from({ length: 1 + copies }, (_, copy) => delayMs + copy * copyGapMs);
  }

  /** True if nothing passes, heartbeats included. */
  isCut(from: ServerId, to: ServerId): boolean {
    return this.arrivals(from, to, 'heartbeat').length === 0;
  }

  #link(from: ServerId, to: ServerId): LinkRules {
    const key = from * 65_536 + to;
    let link = this.#links.get(key);
    if (link === undefined) {
      link = this.#book.link(from, to);
      this.#links.set(key, link);
    }
    return link;
  }
}
