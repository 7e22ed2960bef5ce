/**
 * The rules at work: the book, the frames that wait, and counts per link. The standalone proxy and a server's `-mode`
 * each own one; it knows neither sockets nor HTTP.
 */
import type { Clock } from '../../base/index.js';
import { type FaultClass, ProtocolError, specOfCode } from '../../wire/index.js';
import { type End, linkName } from '../plan/ends.js';
import type { Fate } from '../plan/fate.js';
import { type Rule, ruleText, shownRule } from '../plan/rule.js';
import { type LinkRules, RuleBook } from '../plan/rule-book.js';
import { Deadlines } from './deadlines.js';
import type { FrameLine } from './frame-line.js';
import { Hub } from './hub.js';
import { LinkCounts } from './link-counts.js';
import { readFrame } from './read-frame.js';

/** A link: its rules and its counts, shared by all connections between the same two ends. */
export interface LinkState {
  readonly from: End;
  readonly to: End;
  readonly name: string;
  readonly rules: LinkRules;
  readonly counts: LinkCounts;
  /** Directions of open connections that belong to it. */
  connections: number;
  /** A listener has welcomed its caller here: both ends are what they say. */
  isProven: boolean;
}

/** Links that are told apart: those of sixty servers. Callers that make up numbers share the link of the unknown. */
const linksMax = 4_096;

export class Faults {
  readonly book: RuleBook;
  readonly deadlines: Deadlines;
  readonly hub: Hub;
  readonly #links = new Map<string, LinkState>();
  readonly #lines = new Set<FrameLine>();
  readonly #watchers = new Set<() => void>();

  /** `around` joins the writes that follow from what is due at one moment. */
  constructor(clock: Clock, seed: number, around?: (work: () => void) => void) {
    this.book = new RuleBook(seed);
    this.deadlines = new Deadlines(clock, around);
    this.hub = new Hub(clock);
    this.hub.onHeardChanged = () => this.#changed();
    this.link('unknown', 'unknown');
  }

  /** Every link that was ever seen. */
  get links(): IterableIterator<LinkState> {
    return this.#links.values();
  }

  get lines(): ReadonlySet<FrameLine> {
    return this.#lines;
  }

  link(from: End, to: End): LinkState {
    const name = linkName(from, to);
    let link = this.#links.get(name);
    if (link === undefined && this.#links.size >= linksMax) return this.link('unknown', 'unknown');
    if (link === undefined) {
      link = {
        from,
        to,
        name,
        rules: this.book.link(from, to),
        counts: new LinkCounts(),
        connections: 0,
        isProven: false,
      };
      this.#links.set(name, link);
    }
    return link;
  }

  /** Servers that were heard on a link to another server: a stranger's hello alone makes none. */
  get servers(): number[] {
    const ids = new Set<number>();
    for (const { from, to, isProven } of this.#links.values()) {
      if (!isProven || typeof from !== 'number' || typeof to !== 'number') continue;
      ids.add(from);
      ids.add(to);
    }
    return [...ids].sort((a, b) => a - b);
  }

  /** Acts at once, on open connections too. */
  setRules(rules: readonly Rule[]): void {
    const replaced = rules.map(({ id }) => id).filter((id) => this.book.has(id));
    this.book.set(rules, this.deadlines.nowMs());
    this.#release(replaced);
    for (const rule of rules) this.hub.emit('rule', { set: rule.id, text: ruleText(rule), rule: shownRule(rule) });
    this.#changed();
  }

  /** What only these rules held is let go at once. Returns the names that were there. */
  removeRules(ids: readonly string[]): string[] {
    const removed = this.book.remove(ids);
    this.#release(removed);
    for (const id of removed) this.hub.emit('rule', { removed: id });
    if (removed.length > 0) this.#changed();
    return removed;
  }

  /** Takes every rule away. */
  heal(): string[] {
    return this.removeRules(this.book.list().map(({ rule }) => rule.id));
  }

  /** A frame was judged; `frame` is whole and begins with its length field. */
  tell(link: LinkState, code: number, frame: Uint8Array, fate: Fate | undefined): void {
    const { hub } = this;
    if (fate !== undefined && hub.hears('frame')) hub.emit('frame', () => frameRecord(link, code, frame, fate));
    if (hub.hears('trace')) hub.emit('trace', () => frameRecord(link, code, frame, fate));
  }

  /** Called by lines as they begin and end. */
  enter(line: FrameLine): void {
    this.#lines.add(line);
  }

  leave(line: FrameLine): void {
    this.#lines.delete(line);
  }

  /** Calls `listener` whenever rules change, or what is heard; the returned function ends that. */
  onChange(listener: () => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  stop(): void {
    this.deadlines.stop();
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }

  #release(ids: readonly string[]): void {
    if (ids.length === 0) return;
    const rules = new Set(ids);
    for (const line of this.#lines) line.release(rules);
    this.deadlines.reschedule();
    // Now, or a frame that arrives meanwhile would pass those that came before it.
    this.deadlines.runDue();
  }
}

/** The name of a frame's kind; `type 99` for one that no message has. */
export function kindOf(code: number): string {
  return specOfCode(code)?.type ?? `type ${code}`;
}

/** The letter of a frame's fault class, undefined for none. */
export function classOf(code: number): FaultClass | undefined {
  return specOfCode(code)?.faultClass;
}

function frameRecord(
  link: LinkState,
  code: number,
  frame: Uint8Array,
  fate: Fate | undefined,
): Record<string, unknown> {
  return {
    from: link.from,
    to: link.to,
    kind: kindOf(code),
    ...placeOf(frame),
    bytes: frame.length,
    did: fate?.notes.map(({ text }) => text) ?? [],
    rules: fate?.notes.map(({ rule }) => rule) ?? [],
  };
}

/** Ballot and slot, of kinds that have them. */
function placeOf(frame: Uint8Array): Record<string, unknown> {
  const message = readFrame(frame);
  if (message instanceof ProtocolError) return { unreadable: message.message };
  const { ballot, slot, upto } = message as {
    ballot?: { round: number; server: number };
    slot?: number;
    upto?: number;
  };
  return {
    ...(ballot === undefined ? {} : { ballot: `${ballot.round}.${ballot.server}` }),
    ...(typeof slot === 'number' ? { slot } : typeof upto === 'number' ? { slot: upto } : {}),
  };
}
