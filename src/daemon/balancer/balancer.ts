/** The balancer's composition: one port for servers, clients and operators; READY as soon as it listens. */
import { randomBytes } from 'node:crypto';
import { ExitError, exitCodes, limits, nodeClock, pause } from '../../base/index.js';
import { type Listener, listen, netContext, processTurn } from '../../net/index.js';
import { takeDataDirectory } from '../data-directory.js';
import { helloGate } from '../hello-gate.js';
import { daemonPages, type HttpListener, type Metric, processMetrics, startHttp } from '../http/index.js';
import { exitReason, Lifetime, stoppedReason } from '../lifetime.js';
import type { BalancerHandle, BalancerOptions, ExitReason } from '../options.js';
import { balancerMetrics, balancerStatus, missingOf } from './balancer-pages.js';
import type { Seal } from './membership.js';
import { Registrar } from './registrar.js';
import { Router } from './router.js';
import { SealFile, type SealStore } from './seal-file.js';
import { SharedSeal } from './shared-seal.js';

/** More servers than this make every commit slow and no cluster safer. */
const serversMax = 99;

/**
 * Starts a balancer; resolves when it listens (READY). Rejects with an {@link ExitError}: exit 2 for an even number of
 * servers, exit 3 for a busy port or a data directory of another kind, exit 7 for a locked or damaged one.
 */
export async function startBalancer(options: BalancerOptions): Promise<BalancerHandle> {
  const { servers, dataDir } = options;
  if (!Number.isSafeInteger(servers) || servers < 1 || servers % 2 === 0 || servers > serversMax) {
    throw new ExitError(
      exitCodes.usage,
      'BAD_SERVERS',
      `--servers ${servers} is not possible: choose an odd number from 1 to ${serversMax}`,
    );
  }
  const lock = await takeDataDirectory(dataDir, 'balancer');
  const balancer = new Balancer(options, () => lock.release());
  try {
    await balancer.start();
  } catch (error) {
    options.registry?.close();
    lock.release();
    throw error;
  }
  return balancer;
}

/** Use {@link startBalancer}. */
export class Balancer implements BalancerHandle {
  readonly #options: BalancerOptions;
  readonly #release: () => void;
  readonly #lifetime = new Lifetime();
  #registrar: Registrar | undefined;
  #router: Router | undefined;
  #listener: Listener | undefined;
  #http: HttpListener | undefined;
  /** Connections ended before they said who they are. */
  readonly #strangers = new Map<string, number>();
  #stopping: Promise<ExitReason> | undefined;
  /** Aborted as soon as this balancer begins to end: nothing waits for the registry any more. */
  readonly #ended = new AbortController();
  #following: Promise<void> = Promise.resolve();

  constructor(options: BalancerOptions, release: () => void) {
    this.#options = options;
    this.#release = release;
  }

  get address(): string {
    return this.#listener?.address ?? this.#options.listen;
  }

  get http(): string {
    return this.#http?.address ?? '';
  }

  get closed(): Promise<ExitReason> {
    return this.#lifetime.closed;
  }

  /** Loads the seal and listens. */
  async start(): Promise<void> {
    const { logger, registry, signal, dataDir } = this.#options;
    const file = new SealFile(dataDir);
    const shared = registry === undefined ? undefined : new SharedSeal(registry, file, logger, this.#ended.signal);
    const store: SealStore = shared ?? file;
    // Whoever waits for the registry says so here.
    this.#http = await this.#startHttp(shared);
    try {
      await this.#open(store, signal);
    } catch (error) {
      await this.#http?.stop();
      throw error;
    }
    if (shared !== undefined && this.#registrar !== undefined) this.#following = this.#follow(this.#registrar, shared);
  }

  /** Loads the seal, however long the registry is waited for, and listens. */
  async #open(store: SealStore, signal: AbortSignal | undefined): Promise<void> {
    const { servers, logger, listen: address, portFlag = '--listen' } = this.#options;
    const seal = await this.#load(store, signal);
    if (seal !== undefined && seal.members.length !== servers) {
      logger.warn('seal-counts', {
        text: 'the seal counts, not --servers',
        sealed: seal.members.length,
        asked: servers,
      });
    }
    const registrar = new Registrar({
      servers,
      seal,
      store,
      clock: nodeClock,
      logger,
      newClusterId: () => new Uint8Array(randomBytes(16)),
      onFatal: (error) => void this.#fail(error),
    });
    const router = new Router(registrar);
    this.#registrar = registrar;
    this.#router = router;
    this.#listener = await listen(
      {
        address,
        portFlag,
        connectionsMax: limits.connectionsMax,
        perAddressMax: this.#options.connectionsPerAddress,
        logger,
        onConnection: helloGate({
          roles: ['registrant', 'client', 'operator'],
          what: 'a balancer',
          onHello: (connection, hello) => {
            if (hello.role === 'registrant') registrar.accept(connection, hello);
            else router.accept(connection);
          },
          onEnded: (code) => this.#strangers.set(code, (this.#strangers.get(code) ?? 0) + 1),
          logger,
        }),
      },
      netContext(nodeClock, processTurn, this.#options.security),
    );
    logger.info('listening', { address: this.address, sealed: seal !== undefined });
  }

  async #load(store: SealStore, signal: AbortSignal | undefined): Promise<Seal | undefined> {
    const abort = (): void => this.#ended.abort();
    if (signal?.aborted === true) abort();
    else signal?.addEventListener('abort', abort, { once: true });
    try {
      return await store.load();
    } catch (error) {
      abort();
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Shows the registry what we have and takes over what other balancers found out, for ever. */
  async #follow(registrar: Registrar, shared: SharedSeal): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      await pause(limits.registryFollowMs, signal);
      try {
        const seal = await shared.follow(registrar.seal);
        if (seal !== undefined && !signal.aborted) registrar.learn(seal);
      } catch (error) {
        void this.#fail(error);
        return;
      }
    }
  }

  async #startHttp(shared: SharedSeal | undefined): Promise<HttpListener | undefined> {
    const { http: address, logger, version = 'unknown', servers } = this.#options;
    if (address === undefined) return undefined;
    const missing = (): string => {
      if (this.#stopping !== undefined) return 'this balancer stops';
      if (this.#registrar !== undefined) return missingOf(this.#registrar);
      return shared === undefined ? 'this balancer starts' : `the registry ${shared.shown} is waited for`;
    };
    const early: readonly Metric[] = [
      ...processMetrics({ version, role: 'balancer', clock: nodeClock }),
      { name: 'synod_ready', help: '1 while /readyz says 200.', kind: 'gauge', read: () => Number(missing() === '') },
      {
        name: 'synod_balancer_registry_ok',
        help: '0 while the registry that balancers share does not answer as it should; 1 also without one.',
        kind: 'gauge',
        read: () => Number(shared?.isWell ?? true),
      },
    ];
    let all: readonly Metric[] | undefined;
    const metrics = (): readonly Metric[] => {
      if (this.#registrar === undefined || this.#router === undefined) return early;
      all ??= [...early, ...balancerMetrics(this.#registrar, this.#router, this.#strangers)];
      return all;
    };
    const unknown = { seal: undefined, registered: 0, servers, table: () => [] };
    const pages = daemonPages({
      title: () => 'synod balancer',
      missing,
      status: () => balancerStatus(this.#registrar ?? unknown),
      metrics,
    });
    const listener = await startHttp({ address, pages, logger });
    logger.info('http-listening', { address: listener.address });
    return listener;
  }

  stop(): Promise<ExitReason> {
    this.#stopping ??= this.#end(stoppedReason);
    return this.#stopping;
  }

  async destroy(): Promise<void> {
    this.#registrar?.abandon();
    this.#router?.abandon();
    await this.stop();
  }

  async #end(reason: ExitReason): Promise<ExitReason> {
    this.#ended.abort();
    await this.#listener?.stop();
    this.#registrar?.stop();
    this.#router?.stop();
    this.#listener?.closeAll('the balancer stops; servers and chats go on without it');
    await this.#registrar?.idle();
    // A failure of its own ends the following, which would wait for itself here.
    if (reason.exitCode === exitCodes.ok) await this.#following;
    await this.#http?.stop();
    this.#release();
    this.#lifetime.end(reason);
    return this.closed;
  }

  /** The seal can't be written or a rule of ours was broken: nothing that hangs on it may be announced. */
  #fail(error: unknown): Promise<ExitReason> {
    const reason = exitReason(error);
    this.#options.logger.error('balancer-stops', { code: reason.code, text: reason.text });
    this.#stopping ??= this.#end(reason);
    return this.#stopping;
  }
}
