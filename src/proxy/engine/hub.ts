/** What happens in the proxy, told to whoever listens: connections, rules, affected frames, leaders, bounds. */
import type { Clock } from '../../base/index.js';

/** One event; further fields depend on `event`, all of them plain JSON. docs/PROXY.md lists them. */
export interface ProxyEvent {
  /** Milliseconds since this proxy began, three decimals. */
  readonly t: number;
  readonly event: EventName;
  readonly [field: string]: unknown;
}

/** `frame` events come only for frames that a rule acted on; `trace` has every frame and is on while it is heard. */
export const eventNames = [
  'connection',
  'rule',
  'toxic',
  'frame',
  'leader',
  'timeline',
  'foreign',
  'bound',
  'proxy',
  'trace',
] as const;
export type EventName = (typeof eventNames)[number];

/** Somebody who wants to hear of events. None of its methods may throw. */
export interface Listener {
  /** `line` gives the event as JSON and a line feed, made once for all listeners. */
  take(event: ProxyEvent, line: () => string): void;
  /** True: an event would only be missed, and is not made for this one. */
  readonly isFull?: boolean;
  /** An event went by while it was full, `t` after the proxy began. */
  miss?(t: number): void;
}

/** An event's own fields, or what makes them when somebody really takes them. */
type Fields = Readonly<Record<string, unknown>>;

export class Hub {
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #listeners = new Map<Listener, ReadonlySet<EventName>>();
  #heard: ReadonlySet<EventName> = new Set();
  /** Told when what is heard changes. */
  onHeardChanged: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startMs = clock.monotonicMs();
  }

  /** Tells `listener` of events of these names until the returned function is called. */
  listen(names: readonly EventName[], listener: Listener | Listener['take']): () => void {
    const own = typeof listener === 'function' ? { take: listener } : listener;
    this.#listeners.set(own, new Set(names));
    this.#recount();
    return () => {
      this.#listeners.delete(own);
      this.#recount();
    };
  }

  /** Whether somebody listens: events that cost something to make are made only then. */
  hears(name: EventName): boolean {
    return this.#heard.has(name);
  }

  emit(event: EventName, fields: Fields | (() => Fields)): void {
    if (!this.#heard.has(event)) return;
    const t = Math.round((this.#clock.monotonicMs() - this.#startMs) * 1_000) / 1_000;
    let whole: ProxyEvent | undefined;
    let text: string | undefined;
    const line = (): string => {
      text ??= `${JSON.stringify(whole)}\n`;
      return text;
    };
    for (const [listener, names] of this.#listeners) {
      if (!names.has(event)) continue;
      if (listener.isFull === true) {
        listener.miss?.(t);
        continue;
      }
      whole ??= { t, event, ...(typeof fields === 'function' ? fields() : fields) };
      listener.take(whole, line);
    }
  }

  #recount(): void {
    this.#heard = new Set([...this.#listeners.values()].flatMap((names) => [...names]));
    this.onHeardChanged();
  }
}
