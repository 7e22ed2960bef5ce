/**
 * A whole cluster as child processes of this one: balancer, servers and perhaps a fault proxy between them, their logs
 * in files, single servers killed, paused and started again, and the orderly end of all.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { ExitError, exitCodes } from '../base/index.js';
import { DaemonProcess } from './daemon-process.js';
import { freePort } from './free-port.js';

export interface ClusterOptions {
  /** The command that starts this program, e.g. `node dist/src/cli/main.js`. */
  readonly program: readonly string[];
  /** Of every daemon. They are told all they need by their options, so that it must set none. */
  readonly environment: NodeJS.ProcessEnv;
  /** How a person calls it, for the commands that are suggested. */
  readonly calledAs: string;
  readonly dataDir: string;
  readonly servers: number;
  /** `host:port` of the balancer. */
  readonly listen: string;
  /** A fault proxy that all links between servers run through; without it they are direct. */
  readonly proxy?: ProxyOptions;
  /** Further options of every server. */
  readonly serverArgs?: readonly string[];
  /** Servers are given ports that they find again after a kill; else any. */
  readonly keepsPorts?: boolean;
  /** Told when a member ends that was not asked to. */
  readonly onEnd: (member: ClusterMember, how: string) => void;
}

export interface ProxyOptions {
  /** `host:port` of its control API; if somebody has that one, a free port. */
  readonly api: string;
  /** Of its chances; drawn without it. */
  readonly seed?: number;
}

/** One running daemon. */
export interface ClusterMember {
  /** `balancer`, `proxy` or `server N`. */
  readonly title: string;
  readonly address: string;
  readonly pid: number;
  /** The command line that starts it again. */
  readonly command: string;
  readonly logFile: string;
  /** How it ended and its last words, once it has. */
  readonly lastWords: (how: string) => string;
  /** Its exit code, once it ended by itself. */
  readonly exitCode: () => number | null;
}

/** A port may be taken for a moment by somebody's outgoing connection. */
const restartsMax = 3;

/** The balancer, the proxy, and the servers, started in this order. */
export class LocalCluster {
  /** Where clients ask, past the proxy. */
  readonly balancer: string;
  /** Where `synod link` and `synod fault` find the proxy; empty without one. */
  readonly api: string;
  /** Where the proxy stands in for the balancer; the balancer itself without a proxy. */
  readonly front: string;
  readonly #options: ClusterOptions;
  readonly #daemons: DaemonProcess[];
  /** What each daemon said after READY, by title: its address, for the proxy also `api` and the API's. */
  readonly #places: Map<string, string>;
  #isStopping = false;

  private constructor(options: ClusterOptions, daemons: DaemonProcess[], places: Map<string, string>) {
    this.#options = options;
    this.#daemons = daemons;
    this.#places = places;
    this.balancer = places.get('balancer') ?? '';
    const [front = '', , api = ''] = (places.get('proxy') ?? '').split(' ');
    this.front = front === '' ? this.balancer : front;
    this.api = api;
    for (const daemon of daemons) this.#watch(daemon);
  }

  get members(): readonly ClusterMember[] {
    return this.#daemons.map((daemon) => this.#member(daemon));
  }

  /**
   * Resolves when every member is READY.
   *
   * @throws ExitError with the exit code and the last words of a member that ended instead; the others are stopped.
   */
  static async start(options: ClusterOptions, signal: AbortSignal): Promise<LocalCluster> {
    const { dataDir, listen, servers, proxy } = options;
    mkdirSync(dataDir, { recursive: true });
    const daemons: DaemonProcess[] = [];
    const places = new Map<string, string>();
    const launch = (title: string, args: readonly string[]): DaemonProcess => {
      const daemon = launchDaemon(options, title, args);
      daemons.push(daemon);
      return daemon;
    };
    const interrupted = new Promise<never>((_, reject) => {
      const giveUp = (): void => reject(new ExitError(exitCodes.ok, 'STOPPED', ''));
      if (signal.aborted) giveUp();
      else signal.addEventListener('abort', giveUp, { once: true });
    });
    const ready = async (daemon: DaemonProcess): Promise<string> => {
      const place = await Promise.race([daemon.ready(), interrupted]);
      places.set(daemon.title, place);
      return place;
    };
    try {
      const balancer = await ready(
        launch('balancer', [
          ...['balancer', '--listen', listen, '--servers', String(servers)],
          ...['--data-dir', path.join(dataDir, 'balancer')],
        ]),
      );
      let master = balancer;
      if (proxy !== undefined) {
        const seed = proxy.seed === undefined ? [] : ['--seed', String(proxy.seed)];
        const startProxy = (api: string): Promise<string> => {
          const args = ['proxy', '--master', balancer, '--listen', '127.0.0.1:0', '--api', api, ...seed];
          return ready(launch('proxy', args));
        };
        const place = await startProxy(proxy.api).catch((error: unknown) => {
          if (!(error instanceof ExitError) || error.exitCode !== exitCodes.refused) throw error;
          daemons.pop();
          return startProxy('127.0.0.1:0');
        });
        master = place.split(' ')[0] as string;
      }
      const ids = Array.from({ length: servers }, (_, index) => index + 1);
      const args = await Promise.all(ids.map((id) => serverArgs(options, id, master)));
      await Promise.all(ids.map((id, index) => ready(launch(`server ${id}`, args[index] as string[]))));
      return new LocalCluster(options, daemons, places);
    } catch (error) {
      await Promise.all(daemons.map((daemon) => daemon.stop()));
      throw error;
    }
  }

  /** `kill -9`. */
  async kill(id: number): Promise<void> {
    await this.#server(id).kill();
  }

  /** Starts a killed server again, on its own address and data, and resolves when it is READY. */
  async restart(id: number): Promise<void> {
    const title = `server ${id}`;
    for (let attempt = 1; ; attempt++) {
      if (this.#isStopping) return;
      const place = this.#daemons.indexOf(this.#server(id));
      const daemon = launchDaemon(this.#options, title, (this.#daemons[place] as DaemonProcess).args);
      this.#daemons[place] = daemon;
      try {
        this.#places.set(title, await daemon.ready());
        this.#watch(daemon);
        return;
      } catch (error) {
        if (attempt === restartsMax || this.#isStopping) throw error;
      }
    }
  }

  /** Stops a server as the kernel does, until {@link resume}. */
  pause(id: number): void {
    this.#server(id).pause();
  }

  resume(id: number): void {
    this.#server(id).resume();
  }

  /** Ends the servers in order, then what they need. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const isServer = ({ title }: DaemonProcess): boolean => title.startsWith('server');
    await Promise.all(this.#daemons.filter(isServer).map((daemon) => daemon.stop()));
    await Promise.all(this.#daemons.filter((daemon) => !isServer(daemon)).map((daemon) => daemon.stop()));
  }

  #server(id: number): DaemonProcess {
    const found = this.#daemons.find(({ title }) => title === `server ${id}`);
    if (found === undefined) throw new Error(`this cluster has no server ${id}`);
    return found;
  }

  #watch(daemon: DaemonProcess): void {
    daemon.onUnexpectedEnd((how) => {
      if (!this.#isStopping) this.#options.onEnd(this.#member(daemon), how);
    });
  }

  #member(daemon: DaemonProcess): ClusterMember {
    const [address = '', , api = ''] = (this.#places.get(daemon.title) ?? '').split(' ');
    const found: Readonly<Record<string, string>> = { '--listen': address, '--api': api };
    const args = daemon.args.map((arg, place) => found[daemon.args[place - 1] ?? ''] ?? arg);
    return {
      title: daemon.title,
      address,
      pid: daemon.pid,
      command: [this.#options.calledAs, ...args].join(' '),
      logFile: daemon.logFile,
      lastWords: (how) => daemon.lastWords(how),
      exitCode: () => daemon.exitCode,
    };
  }
}

function launchDaemon(options: ClusterOptions, title: string, args: readonly string[]): DaemonProcess {
  const { program, environment, dataDir } = options;
  return new DaemonProcess(title, program, args, environment, path.join(dataDir, `${title.replace(' ', '-')}.log`));
}

async function serverArgs(options: ClusterOptions, id: number, master: string): Promise<string[]> {
  const port = options.keepsPorts === true ? await freePort() : 0;
  return [
    ...['server', '--id', String(id), '--listen', `127.0.0.1:${port}`, '--balancer', master],
    ...['--data-dir', path.join(options.dataDir, `server-${id}`)],
    ...(options.serverArgs ?? []),
  ];
}
