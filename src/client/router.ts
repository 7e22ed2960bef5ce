/**
 * Where to go: asks the balancers, falls back on the servers it knows while none answers (BEHAVIOUR.md
 * 3.4-3.5).
 */
import type { Routed } from '../wire/index.js';
import { askBalancers, type BalancersSaid, type Trouble } from './balancers.js';
import type { Answer } from './best-answer.js';
import type { Vouched } from './cluster.js';
import type { Environment } from './environment.js';

/** Known servers kept for the time without a balancer. */
const KNOWN_MAX = 64;

/**
 * An answer to "where shall I go?". `notReady` and `mostFail` are told to the user whether or not an address comes with
 * them; `none` says why there is nothing to try now.
 */
export interface Route {
  readonly address: string | undefined;
  /** Which cluster the server may be of. */
  readonly vouched: Vouched;
  readonly said?: Routed;
  /** Why no balancer answered. */
  readonly trouble?: string;
  /** A balancer is there and will not have us: what nobody but the user can change. */
  readonly lockedOut?: { readonly code: 'FORBIDDEN' | 'TLS'; readonly text: string };
}

export interface RouterOptions {
  readonly balancers: readonly string[];
  /** This server only, whatever balancers say. */
  readonly pinned: string | undefined;
  /** Servers known from elsewhere. */
  readonly servers: readonly string[];
  readonly token: Uint8Array;
  /** For one balancer. */
  readonly timeoutMs: number;
  /** Whether a balancer with this word is of another cluster than the client. */
  readonly isElsewhere: (vouched: Vouched) => boolean;
}

export class Router {
  readonly #options: RouterOptions;
  readonly #environment: Environment;
  #known: readonly string[];
  /** Addresses that failed since the last success; tried again once all known ones have failed. */
  readonly #failed = new Set<string>();
  #lastFailed = '';
  /** Where to go next, whatever balancers say; undefined if nowhere in particular. */
  #preferred: Route | undefined;
  #cancel: (() => void) | undefined;

  constructor(options: RouterOptions, environment: Environment) {
    this.#options = options;
    this.#environment = environment;
    this.#known = options.servers.slice(0, KNOWN_MAX);
  }

  /** The servers known by now. */
  get known(): readonly string[] {
    return this.#known;
  }

  /** A balancer or a server told us all addresses. An empty list tells nothing. */
  learn(addresses: readonly string[]): void {
    if (addresses.length > 0) this.#known = addresses.slice(0, KNOWN_MAX);
  }

  /** `address` could not be used: the next question says so, and the answer will be another one if there is any. */
  failed(address: string): void {
    this.#failed.add(address);
    this.#lastFailed = address;
  }

  /** The next question is answered with this. */
  prefer(route: Route): void {
    this.#preferred = route;
  }

  /**
   * What was known are another cluster's servers: from now on only those count that a balancer just named, or the user
   * did.
   */
  beginAnew({ said }: Route): void {
    this.#known = (said?.addresses ?? this.#options.servers).slice(0, KNOWN_MAX);
  }

  /** A server was reached: nothing counts as failed any more. */
  succeeded(): void {
    this.#failed.clear();
    this.#lastFailed = '';
  }

  /** `done` is called once, not before this returns, and not after `cancel`. */
  find(done: (route: Route) => void): void {
    this.cancel();
    const { pinned, balancers } = this.#options;
    const preferred = this.#preferred;
    this.#preferred = undefined;
    if (pinned !== undefined || preferred !== undefined || balancers.length === 0) {
      const timer = this.#environment.clock.setTimeout(() => {
        this.#cancel = undefined;
        done(pinned !== undefined ? this.routeTo(pinned) : (preferred ?? this.routeTo(this.#fallback())));
      }, 0);
      this.#cancel = () => this.#environment.clock.clearTimeout(timer);
      return;
    }
    this.#ask((answered) =>
      done(answered.ok ? this.#judge(answered.answer) : this.#withoutBalancer(answered.troubles)),
    );
  }

  /**
   * Whether to leave our cluster for this one, though a server of ours still answers: `done` is called with the way
   * there if a balancer of that one names a server and none of ours does, else not at all. Does nothing while a
   * question is under way. `find` and `cancel` end it.
   */
  findElsewhere(cluster: string, done: (route: Route) => void): void {
    if (this.#cancel !== undefined || this.#options.balancers.length === 0) return;
    this.#ask((answered) => {
      if (!answered.ok) return;
      const { said, vouched, isElsewhere } = answered.answer;
      const isMeant = isElsewhere && vouched.by === 'balancer' && vouched.cluster === cluster;
      if (isMeant && said.status === 'ok') done({ address: said.address, vouched, said });
    });
  }

  /**
   * The way to this server, which no balancer named. Where the user did, and named nobody to ask, it is the one that is
   * meant, whatever cluster it is of.
   */
  routeTo(address: string | undefined): Route {
    const { pinned, balancers, servers } = this.#options;
    const isNamed =
      address !== undefined && (pinned === address || (balancers.length === 0 && servers.includes(address)));
    return { address, vouched: { by: isNamed ? 'user' : 'nobody' } };
  }

  cancel(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #ask(done: (answered: BalancersSaid) => void): void {
    const { balancers, token, timeoutMs, isElsewhere } = this.#options;
    const asking = askBalancers(
      { balancers, token, timeoutMs, failed: this.#lastFailed, isElsewhere },
      this.#environment,
      (answered) => {
        this.#cancel = undefined;
        done(answered);
      },
    );
    this.#cancel = () => asking.cancel();
  }

  #withoutBalancer(troubles: readonly Trouble[]): Route {
    const locked = troubles.find(({ lockedOut }) => lockedOut !== undefined);
    return {
      address: this.#fallback(),
      vouched: { by: 'nobody' },
      trouble: troubles.map(({ text }) => text).join('; '),
      ...(locked?.lockedOut === undefined ? {} : { lockedOut: { code: locked.lockedOut, text: locked.text } }),
    };
  }

  #judge({ said, vouched, isElsewhere }: Answer): Route {
    // Another cluster's servers are known once the client is of it (beginAnew).
    if (!isElsewhere) this.learn(said.addresses);
    switch (said.status) {
      case 'ok':
        // While balancers of ours are silent its servers may live: they are tried first, each in turn.
        if (isElsewhere) return { address: this.#fallback() ?? said.address, vouched, said };
        // A balancer that has not noticed yet may repeat an address that just failed here: one not tried is better.
        if (!this.#failed.has(said.address)) return { address: said.address, vouched, said };
        return { address: this.#untried() ?? said.address, vouched, said };
      case 'notReady':
        this.#lastFailed = '';
        return { address: undefined, vouched, said };
      case 'mostFail':
        // A server without a quorum still serves what it has, and tells when the quorum is back.
        return { address: this.#fallback(), vouched, said };
    }
  }

  #untried(): string | undefined {
    const untried = this.#known.filter((address) => !this.#failed.has(address));
    return untried.length === 0 ? undefined : this.#environment.random.pick(untried);
  }

  /** A known server that has not failed yet, chosen at random so that a herd spreads; undefined ends the round. */
  #fallback(): string | undefined {
    const address = this.#untried();
    if (address === undefined) this.#failed.clear();
    return address;
  }
}
