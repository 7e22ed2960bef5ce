/** One proxy: a listener, an upstream, toxics, and the connections that run through it. */
import { createServer, type Server, type Socket } from 'node:net';
import { assert, formatAddress, isLoopback, isUnspecified } from '../../base/index.js';
import type { Hello } from '../../wire/index.js';
import type { End } from '../plan/ends.js';
import { PlanError } from '../plan/errors.js';
import { type ConnectionHost, ProxiedConnection } from './connection.js';
import { AddressError, bindError, bindHost, dialHost, type GoAddress, splitAddress } from './go-address.js';
import type { PipeBounds } from './pipe.js';
import type { Toxic } from './toxic-chain.js';
import { noTranslation, type Translate } from './translate.js';
import type { World } from './world.js';

export interface ProxyOptions {
  readonly name: string;
  /** `host:port`; port 0 picks a free one, "" is any address. */
  readonly listen: string;
  readonly upstream: string;
  readonly enabled: boolean;
  readonly toxics?: readonly Toxic[];
  /** Who listens at the upstream; without it the first welcome tells. */
  readonly listenerEnd?: End;
  /** True: a stream that is not made of our frames is worth a warning. */
  readonly expectsFrames?: boolean;
  /** Why it can be neither removed nor moved over the API; without it, it can. */
  readonly heldBy?: string;
  /** Rewriting on connections whose caller has this role. */
  readonly translations?: (role: Hello['role']) => { readonly up: Translate; readonly down: Translate };
}

/** A change of a proxy; what is left out stays. */
export interface ProxyChange {
  readonly listen?: string | undefined;
  readonly upstream?: string | undefined;
  readonly enabled?: boolean | undefined;
}

/** What one direction holds at most: half a minute of a busy link; and what may wait in a socket. */
const bounds: PipeBounds = { heldBytesMax: 64 << 20, queuedBytesMax: 1 << 20 };

export class NamedProxy implements ConnectionHost {
  readonly name: string;
  readonly bounds = bounds;
  readonly traffic = { upstream: { received: 0, sent: 0 }, downstream: { received: 0, sent: 0 } };
  readonly #world: World;
  readonly #options: ProxyOptions;
  readonly #connections = new Set<ProxiedConnection>();
  #listen: string;
  #upstream: string;
  #toxics: readonly Toxic[];
  #listenerEnd: End;
  #server: Server | undefined;
  #changing: Promise<void> = Promise.resolve();
  #numbers = 0;
  #foreign = 0;

  /** Use {@link Proxies.create}, which also starts it. */
  constructor(world: World, options: ProxyOptions) {
    this.#world = world;
    this.#options = options;
    this.name = options.name;
    this.#listen = options.listen;
    this.#upstream = options.upstream;
    this.#toxics = options.toxics ?? [];
    this.#listenerEnd = options.listenerEnd ?? 'unknown';
  }

  /** With the real address and port once it has been bound. */
  get listen(): string {
    return this.#listen;
  }

  get upstream(): string {
    return this.#upstream;
  }

  get enabled(): boolean {
    return this.#server !== undefined;
  }

  get toxics(): readonly Toxic[] {
    return this.#toxics;
  }

  get expectsFrames(): boolean {
    return this.#options.expectsFrames === true;
  }

  get listenerEnd(): End {
    return this.#listenerEnd;
  }

  /** Open ones. */
  get connections(): ReadonlySet<ProxiedConnection> {
    return this.#connections;
  }

  /** Connections whose stream is not, or not to its end, made of our frames. */
  get foreignConnections(): number {
    return this.#foreign;
  }

  /** Connections ever accepted. */
  get accepted(): number {
    return this.#numbers;
  }

  /** Why it can be neither removed nor moved over the API; "" if it can. */
  get heldBy(): string {
    return this.#options.heldBy ?? '';
  }

  /**
   * Listens. Does nothing when it does already.
   *
   * @throws AddressError with Go's text; then nothing has changed.
   */
  start(): Promise<void> {
    return this.#change(() => this.#start());
  }

  /** Refuses new connections and ends the open ones with FIN. Toxics and the port are kept. */
  stop(): Promise<void> {
    return this.#change(() => this.#stop());
  }

  /**
   * As the API changes it (TOXIPROXY_API.md, 3): another address means that all connections end and it listens anew.
   *
   * @throws AddressError: a text that is no address changes nothing; one that is busy leaves the proxy stopped.
   */
  update(change: ProxyChange): Promise<void> {
    return this.#change(() => this.#update(change));
  }

  /** Whether `listen` means the address that this proxy has. @throws AddressError */
  listensAt(listen: string): boolean {
    const asked = splitAddress(listen);
    const own = splitAddress(this.#listen);
    return bindHost(asked.host) === bindHost(own.host) && asked.port === own.port;
  }

  /** New connections go there; the open ones stay. */
  follow(upstream: string): void {
    if (upstream === this.#upstream) return;
    this.#upstream = upstream;
    this.#world.faults.hub.emit('proxy', { moved: this.name, upstream });
  }

  /** Acts at once, on open connections too. */
  setToxics(toxics: readonly Toxic[]): void {
    this.#toxics = toxics;
    this.#world.batch.run(() => {
      for (const connection of this.#connections) connection.setToxics(toxics);
    });
    this.#world.faults.hub.emit('toxic', { proxy: this.name, toxics: toxics.map(({ name }) => name) });
  }

  translations(role: Hello['role']): { readonly up: Translate; readonly down: Translate } {
    return this.#options.translations?.(role) ?? { up: noTranslation, down: noTranslation };
  }

  onListener(end: End): void {
    this.#listenerEnd = end;
  }

  onForeign(connection: ProxiedConnection, why: string): void {
    this.#foreign++;
    this.#world.faults.hub.emit('foreign', { proxy: this.name, connection: connection.number, why });
    if (this.#foreign > 1) return;
    const fields = { proxy: this.name, why, text: 'it passes as bytes: toxics act on it, rules do not' };
    if (this.expectsFrames) this.#world.logger.warn('foreign-stream', fields);
    else this.#world.logger.info('foreign-stream', fields);
  }

  onClosed(connection: ProxiedConnection): void {
    this.#connections.delete(connection);
  }

  /** One change after the other: two that meet half-way would leave a listener that nobody knows of. */
  #change(work: () => Promise<void>): Promise<void> {
    const done = this.#changing.then(work);
    this.#changing = done.catch(() => undefined);
    return done;
  }

  async #start(): Promise<void> {
    if (this.#server !== undefined) return;
    const { host, port } = this.#address();
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) =>
      this.#accept(socket),
    );
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(bindError(this.#listen, error)));
      server.listen({ host: bindHost(host), port, backlog: 1024 }, () => resolve());
    });
    server.removeAllListeners('error');
    server.on('error', (error) => {
      // Out of descriptors, mostly: whoever waits is accepted as soon as there are some again.
      this.#world.logger.warn('proxy-accept-failed', {
        text: 'a connection could not be accepted: raise the open-files limit (ulimit -n)',
        proxy: this.name,
        error: error.message,
      });
    });
    const bound = server.address();
    assert(bound !== null && typeof bound === 'object', 'a TCP listener has an address');
    const address = formatAddress(bindHost(host), bound.port);
    if (this.#meansItself(address)) {
      server.close();
      throw new PlanError(`upstream ${this.#upstream} is the proxy's own address: it would call itself for ever`);
    }
    this.#server = server;
    this.#listen = address;
    this.#world.faults.hub.emit('proxy', { started: this.name, listen: this.#listen, upstream: this.#upstream });
  }

  async #stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.close();
    for (const connection of this.#connections) connection.close();
    // `close` reports only once every connection has gone; the port itself is free at the next turn.
    await new Promise((resolve) => setImmediate(resolve));
    this.#world.faults.hub.emit('proxy', { stopped: this.name });
  }

  async #update(change: ProxyChange): Promise<void> {
    const listen = change.listen ?? this.#listen;
    const upstream = change.upstream ?? this.#upstream;
    const isElsewhere = !this.listensAt(listen);
    const enabled = change.enabled ?? this.enabled;
    if (isElsewhere || upstream !== this.#upstream) {
      await this.#stop();
      if (isElsewhere) this.#listen = listen;
      this.#upstream = upstream;
    }
    if (enabled) await this.#start();
    else await this.#stop();
  }

  /** Whether the upstream is the address at which this proxy listens. One that is no address is nobody's. */
  #meansItself(listen: string): boolean {
    try {
      const own = splitAddress(listen);
      const upstream = splitAddress(this.#upstream);
      const host = dialHost(upstream.host);
      const isHere = isUnspecified(own.host) ? isUnspecified(host) || isLoopback(host) : host === own.host;
      return isHere && own.port === upstream.port;
    } catch (error) {
      if (error instanceof AddressError) return false;
      throw error;
    }
  }

  #address(): GoAddress {
    try {
      return splitAddress(this.#listen);
    } catch (error) {
      throw error instanceof AddressError ? new AddressError(`listen tcp: ${error.message}`) : error;
    }
  }

  #accept(socket: Socket): void {
    this.#connections.add(new ProxiedConnection(this.#world, this, socket, ++this.#numbers));
  }
}
