/** All proxies of this process by name. */
import { assert } from '../../base/index.js';
import { NamedProxy, type ProxyOptions } from './proxy.js';
import type { World } from './world.js';

export class Proxies {
  readonly #world: World;
  readonly #proxies = new Map<string, NamedProxy>();

  constructor(world: World) {
    this.#world = world;
  }

  /** By name, bytewise. */
  list(): readonly NamedProxy[] {
    return [...this.#proxies.values()].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  }

  get(name: string): NamedProxy | undefined {
    return this.#proxies.get(name);
  }

  /**
   * Makes a proxy and, if enabled, listens. The name must be free.
   *
   * @throws AddressError; then nothing is registered.
   */
  async create(options: ProxyOptions): Promise<NamedProxy> {
    assert(!this.#proxies.has(options.name), `a proxy ${options.name} exists already`);
    const proxy = new NamedProxy(this.#world, options);
    // Its name is taken while it binds; who asks for it meanwhile sees one that does not listen yet.
    this.#proxies.set(options.name, proxy);
    try {
      if (options.enabled) await proxy.start();
    } catch (error) {
      this.#proxies.delete(options.name);
      throw error;
    }
    return proxy;
  }

  /** Stops and forgets it; false when there is none of that name. */
  async remove(name: string): Promise<boolean> {
    const proxy = this.#proxies.get(name);
    if (proxy === undefined) return false;
    this.#proxies.delete(name);
    await proxy.stop();
    return true;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.stop()));
    this.#proxies.clear();
  }
}
