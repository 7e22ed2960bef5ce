/** What the API needs of proxies; the engine's have it, tests bring their own. */
import type { Toxic } from '../engine/toxic-chain.js';

/** A proxy as the API needs it. */
export interface ProxyControl {
  readonly name: string;
  /** Resolved while enabled, as given while never bound. */
  readonly listen: string;
  readonly upstream: string;
  readonly enabled: boolean;
  /** In the order in which they were added, both directions. */
  readonly toxics: readonly Toxic[];
  /** @throws AddressError with Go's text. */
  update(change: { listen?: string; upstream?: string; enabled?: boolean }): Promise<void>;
  /** Replaces all of them; acts at once on open connections. */
  setToxics(toxics: readonly Toxic[]): void;
}

/** What `create` takes. */
export interface NewProxy {
  readonly name: string;
  readonly listen: string;
  readonly upstream: string;
  readonly enabled: boolean;
  readonly toxics?: readonly Toxic[];
}

/** All proxies as the API needs them. */
export interface ProxiesControl {
  list(): readonly ProxyControl[];
  get(name: string): ProxyControl | undefined;
  /** The name is free. @throws AddressError; then nothing is registered. */
  create(options: NewProxy): Promise<ProxyControl>;
  remove(name: string): Promise<boolean>;
  /** Whether `listen` means the address that the proxy has. @throws AddressError when it is no address. */
  sameListen(proxy: ProxyControl, listen: string): boolean;
}
