/**
 * A whole cluster as child processes of this one: balancer, fault proxy and servers, their logs in files, their orderly
 * end.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ExitError, exitCodes } from '../base/index.js';
import { ownCommand } from './own-command.js';

/** Longer than a server takes to hand its leadership over and to close its files. */
const stopTimeoutMs = 8_000;

export interface ClusterOptions {
  readonly dataDir: string;
  readonly servers: number;
  /** `host:port` of the balancer. */
  readonly listen: string;
  /** `host:port` of the fault proxy's control API; if somebody has that one, a free port. */
  readonly api: string;
  /** Told when a member ends that was not asked to. */
  readonly onEnd: (member: ClusterMember, how: string) => void;
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
}

/** A command of this program as a child process. */
class Daemon {
  readonly title: string;
  readonly logFile: string;
  readonly args: readonly string[];
  readonly #child: ChildProcess;
  readonly #ended: Promise<string>;
  #endedAs: string | undefined;
  #stopping = false;

  constructor(title: string, args: readonly string[], logFile: string) {
    this.title = title;
    this.args = args;
    this.logFile = logFile;
    const log = openSync(logFile, 'a', 0o600);
    // A group of its own: Ctrl-C is for the chat, which then ends the daemons in order. The channel tells a daemon when
    // this process is gone, however it went.
    this.#child = spawn(process.execPath, [fileURLToPath(new URL('./main.js', import.meta.url)), ...args], {
      detached: true,
      stdio: ['ignore', 'pipe', log, 'ipc'],
    });
    closeSync(log);
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    }).then((how) => {
      this.#endedAs = String(how);
      return this.#endedAs;
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What follows READY and the title on the daemon's line. Rejects with its last words when it ends before. */
  async ready(): Promise<string> {
    const stdout = this.#child.stdout;
    if (stdout === null) throw new Error(`${this.title} has no output`);
    const lines = createInterface({ input: stdout });
    const prefix = `READY ${this.title} `;
    const line = new Promise<string>((resolve) => {
      lines.on('line', (text) => {
        if (text.startsWith(prefix)) resolve(text.slice(prefix.length));
      });
    });
    const ended = this.#ended.then((how) => {
      throw new ExitError(this.#child.exitCode ?? exitCodes.internal, 'DAEMON', this.#lastWords(how));
    });
    return Promise.race([line, ended]);
  }

  /** Calls `listener` if the daemon ends without having been stopped. */
  onUnexpectedEnd(listener: (how: string) => void): void {
    // `ended` never rejects.
    void this.#ended.then((how) => {
      if (!this.#stopping) listener(how);
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#endedAs !== undefined) return;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopTimeoutMs);
    await this.#ended;
    clearTimeout(timer);
  }

  #lastWords(how: string): string {
    const lines = readFileSync(this.logFile, 'utf8').trimEnd().split('\n');
    return `${this.title} ended (${how}): ${lines.at(-1) ?? ''}`;
  }
}

/** The balancer, the proxy that all links between servers run through, and the servers, started in this order. */
export class LocalCluster {
  readonly members: readonly ClusterMember[];
  /** Where clients ask. */
  readonly balancer: string;
  /** Where `synod link` and `synod fault` find the proxy. */
  readonly api: string;
  readonly #daemons: readonly Daemon[];

  /** `places`: what each daemon said after READY: its address, for the proxy also `api` and the API's. */
  private constructor(daemons: readonly Daemon[], places: readonly string[], onEnd: ClusterOptions['onEnd']) {
    this.#daemons = daemons;
    this.members = daemons.map((daemon, index) => {
      const [address = '', , api = ''] = (places[index] ?? '').split(' ');
      const found: Readonly<Record<string, string>> = { '--listen': address, '--api': api };
      return {
        title: daemon.title,
        address,
        pid: daemon.pid,
        command: [ownCommand(), ...daemon.args.map((arg, place) => found[daemon.args[place - 1] ?? ''] ?? arg)].join(
          ' ',
        ),
        logFile: daemon.logFile,
      };
    });
    this.balancer = this.members[0]?.address ?? '';
    this.api = places[1]?.split(' ')[2] ?? '';
    daemons.forEach((daemon, index) => {
      daemon.onUnexpectedEnd((how) => onEnd(this.members[index] as ClusterMember, how));
    });
  }

  /**
   * Resolves when every member is READY.
   *
   * @throws ExitError with the exit code and the last words of a member that ended instead; the others are stopped.
   */
  static async start(options: ClusterOptions, signal: AbortSignal): Promise<LocalCluster> {
    mkdirSync(options.dataDir, { recursive: true });
    const daemons: Daemon[] = [];
    const launch = (title: string, args: readonly string[]): Daemon => {
      const daemon = new Daemon(title, args, path.join(options.dataDir, `${title.replace(' ', '-')}.log`));
      daemons.push(daemon);
      return daemon;
    };
    const dataOf = (name: string): string[] => ['--data-dir', path.join(options.dataDir, name)];
    const interrupted = new Promise<never>((_, reject) => {
      const giveUp = (): void => reject(new ExitError(exitCodes.ok, 'STOPPED', ''));
      if (signal.aborted) giveUp();
      else signal.addEventListener('abort', giveUp, { once: true });
    });
    try {
      const balancer = launch('balancer', [
        ...['balancer', '--listen', options.listen, '--servers', String(options.servers)],
        ...dataOf('balancer'),
      ]);
      const balancerPlace = await Promise.race([balancer.ready(), interrupted]);
      const startProxy = (api: string): Promise<string> => {
        const args = ['proxy', '--master', balancerPlace, '--listen', '127.0.0.1:0', '--api', api];
        return Promise.race([launch('proxy', args).ready(), interrupted]);
      };
      const proxyPlace = await startProxy(options.api).catch((error: unknown) => {
        if (!(error instanceof ExitError) || error.exitCode !== exitCodes.refused) throw error;
        daemons.pop();
        return startProxy('127.0.0.1:0');
      });
      const master = proxyPlace.split(' ')[0] as string;
      const servers = Array.from({ length: options.servers }, (_, index) =>
        launch(`server ${index + 1}`, [
          ...['server', '--id', String(index + 1), '--listen', '127.0.0.1:0', '--balancer', master],
          ...dataOf(`server-${index + 1}`),
        ]),
      );
      const places = await Promise.race([Promise.all(servers.map((server) => server.ready())), interrupted]);
      return new LocalCluster(daemons, [balancerPlace, proxyPlace, ...places], options.onEnd);
    } catch (error) {
      await Promise.all(daemons.map((daemon) => daemon.stop()));
      throw error;
    }
  }

  /** Ends the servers in order, then what they need. */
  async stop(): Promise<void> {
    const [balancer, proxy, ...servers] = this.#daemons;
    await Promise.all(servers.map((server) => server.stop()));
    await Promise.all([balancer?.stop(), proxy?.stop()]);
  }
}
