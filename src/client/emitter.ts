/** A typed emitter that costs nothing where nobody listens, and that knows no special `error` event. */

export type Unsubscribe = () => void;

export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events | 'any', Set<(event: never) => void>>();
  #version = 0;

  /** Another number after each listener that came or went: hot paths then ask {@link wants} once and remember. */
  get version(): number {
    return this.#version;
  }

  /** Calls `listener` for each `name` event until the returned function is called; `any` means all names. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): Unsubscribe;
  on(name: 'any', listener: (event: Events[keyof Events]) => void): Unsubscribe;
  on(name: keyof Events | 'any', listener: (event: never) => void): Unsubscribe {
    let set = this.#listeners.get(name);
    if (set === undefined) {
      set = new Set();
      this.#listeners.set(name, set);
    }
    set.add(listener);
    this.#version++;
    return () => {
      set.delete(listener);
      this.#version++;
    };
  }

  /** True if an event of this name would reach somebody: lets hot paths skip building it. */
  wants(name: keyof Events): boolean {
    return this.#has(name) || this.#has('any');
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    this.#call(name, event);
    this.#call('any', event);
  }

  /** As `emit`, without those who listen to `any`. */
  emitOnly<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    this.#call(name, event);
  }

  #has(name: keyof Events | 'any'): boolean {
    const set = this.#listeners.get(name);
    return set !== undefined && set.size > 0;
  }

  #call(name: keyof Events | 'any', event: Events[keyof Events]): void {
    const set = this.#listeners.get(name);
    if (set === undefined) return;
    for (const listener of set) (listener as (event: Events[keyof Events]) => void)(event);
  }
}
