/** The standalone proxy's composition: engine, master, links, modes, control API; and its end. */
import { ExitError, exitCodes, type Logger } from '../base/index.js';
import type { ApiServer } from './api/http.js';
import { AddressError } from './engine/go-address.js';
import { Proxies } from './engine/proxies.js';
import type { NamedProxy } from './engine/proxy.js';
import { TimelineRunner } from './engine/timeline-runner.js';
import { traceToFile } from './engine/trace-file.js';
import { newWorld, type World } from './engine/world.js';
import { Master } from './master/master.js';
import type { ProxyEnd, ProxyHandle, ProxyServerOptions } from './options.js';
import { PlanError } from './plan/errors.js';
import { modeRules } from './plan/mode.js';

/** What the control API acts on. */
export interface Controlled {
  readonly world: World;
  readonly proxies: Proxies;
  readonly timeline: TimelineRunner;
  /** Takes away every rule and every toxic, whoever set them; names what is gone. */
  heal(): { readonly rules: readonly string[]; readonly toxics: readonly string[] };
}

/**
 * Starts a proxy; resolves when everything listens (READY). Rejects with an {@link ExitError}, exit 3, when a port is
 * busy or an option makes no sense.
 */
export async function startProxy(options: ProxyServerOptions): Promise<ProxyHandle> {
  const world = newWorld(options.clock, options.logger, options.seed);
  const server = new ProxyServer(world, options);
  try {
    await server.start();
  } catch (error) {
    await server.stop();
    if (error instanceof PlanError) {
      throw new ExitError(exitCodes.refused, 'BAD_OPTION', `${error.message}. Correct it`, { cause: error });
    }
    if (!(error instanceof AddressError)) throw error;
    const text = `${error.message}. Choose another address with ${server.opening}, or stop the process that has this one`;
    throw new ExitError(exitCodes.refused, 'PORT_BUSY', text, { cause: error });
  }
  return server;
}

class ProxyServer implements ProxyHandle, Controlled {
  readonly world: World;
  readonly proxies: Proxies;
  readonly timeline: TimelineRunner;
  readonly closed: Promise<ProxyEnd>;
  readonly #options: ProxyServerOptions;
  readonly #logger: Logger;
  #resolve: (end: ProxyEnd) => void = () => undefined;
  /** Whose address is being taken, as the user chooses it. */
  opening: '--link' | '--listen' = '--link';
  readonly #links: NamedProxy[] = [];
  #master: Master | undefined;
  #api: ApiServer | undefined;
  #endTrace: (() => Promise<void>) | undefined;
  #stopping: Promise<ProxyEnd> | undefined;

  constructor(world: World, options: ProxyServerOptions) {
    this.world = world;
    this.proxies = new Proxies(world);
    this.timeline = new TimelineRunner(world.faults, () => this.heal());
    this.#options = options;
    this.#logger = options.logger;
    this.closed = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get address(): string {
    return this.#master?.address ?? this.#links[0]?.listen ?? this.api;
  }

  get api(): string {
    return this.#api?.address ?? '';
  }

  async start(): Promise<void> {
    const { master, listen, links, modes, seed, traceFile } = this.#options;
    if (traceFile !== undefined) await this.#trace(traceFile);
    for (const { server, mode } of modes) this.world.faults.setRules(modeRules(server, mode));
    for (const [place, link] of links.entries()) {
      this.#links.push(
        await this.proxies.create({ name: `link-${place + 1}`, ...link, enabled: true, expectsFrames: true }),
      );
    }
    if (master !== undefined) {
      this.opening = '--listen';
      this.#master = new Master(this.proxies, { balancer: master, listen });
      await this.#master.start();
    }
    await this.#startApi();
    this.#logger.info('proxy-ready', { address: this.address, api: this.api, seed });
  }

  heal(): { readonly rules: readonly string[]; readonly toxics: readonly string[] } {
    const toxics: string[] = [];
    for (const proxy of this.proxies.list()) {
      if (proxy.toxics.length === 0) continue;
      toxics.push(...proxy.toxics.map(({ name }) => `${proxy.name}/${name}`));
      proxy.setToxics([]);
    }
    return { rules: this.world.faults.heal(), toxics };
  }

  stop(): Promise<ProxyEnd> {
    this.#stopping ??= this.#end();
    return this.#stopping;
  }

  async #trace(file: string): Promise<void> {
    try {
      this.#endTrace = await traceToFile(this.world.faults.hub, file, this.#logger);
    } catch (error) {
      const text = `--trace ${file}: ${(error as Error).message}. Choose a file that can be written`;
      throw new ExitError(exitCodes.refused, 'BAD_TRACE', text, { cause: error });
    }
  }

  /** Loaded only here: a server with `--mode` has the engine without HTTP and metrics. */
  async #startApi(): Promise<void> {
    const { api, proxies, apiTokens: tokens = [] } = this.#options;
    if (api === undefined) return;
    const { startControlApi } = await import('./api/index.js');
    this.#api = await startControlApi(this, { listen: api, tokens, logger: this.#logger, proxies });
  }

  async #end(): Promise<ProxyEnd> {
    await this.#api?.stop();
    this.timeline.stop();
    await this.proxies.stop();
    this.world.faults.stop();
    await this.#endTrace?.();
    const end = { exitCode: exitCodes.ok, code: 'STOPPED', text: '' };
    this.#resolve(end);
    return end;
  }
}
