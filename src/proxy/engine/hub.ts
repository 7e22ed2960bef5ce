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

export type Listener = (event: ProxyEvent) => void;

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

  /** Calls `listener` with events of these names until the returned function is called. It must not throw. */
  listen(names: readonly EventName[], listener: Listener): () => void {
    this.#listeners.set(listener, new Set(names));
    this.#recount();
    return () => {
      this.#listeners.delete(listener);
      this.#recount();
    };
  }

  /** Whether somebody listens: events that cost something to make are made only then. */
  hears(name: EventName): boolean {
    return this.#heard.has(name);
  }

  emit(event: EventName, fields: Readonly<Record<string, unknown>>): void {
    if (!this.#heard.has(event)) return;
    const t = Math.round((this.#clock.monotonicMs() - this.#startMs) * 1_000) / 1_000;
    const whole: ProxyEvent = { t, event, ...fields };
    for (const [listener, names] of this.#listeners) if (names.has(event)) listener(whole);
  }

  #recount(): void {
    this.#heard = new Set([...this.#listeners.values()].flatMap((names) => [...names]));
    this.onHeardChanged();
  }
}
