/**
 * A whole cluster as child processes of this one: the balancer, the servers, their logs in files, their orderly end.
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
  /** Told when a member ends that was not asked to. */
  readonly onEnd: (member: ClusterMember, how: string) => void;
}

/** One running daemon. */
export interface ClusterMember {
  /** `balancer` or `server N`. */
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

/** The balancer and all servers, started in this order. */
export class LocalCluster {
  readonly members: readonly ClusterMember[];
  /** Where clients ask. */
  readonly balancer: string;
  readonly #daemons: readonly Daemon[];

  private constructor(daemons: readonly Daemon[], addresses: readonly string[], onEnd: ClusterOptions['onEnd']) {
    this.#daemons = daemons;
    this.balancer = addresses[0] as string;
    this.members = daemons.map((daemon, index) => {
      const address = addresses[index] as string;
      return {
        title: daemon.title,
        address,
        pid: daemon.pid,
        command: [
          ownCommand(),
          ...daemon.args.map((arg, place) => (daemon.args[place - 1] === '--listen' ? address : arg)),
        ].join(' '),
        logFile: daemon.logFile,
      };
    });
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
    const launch = (title: string, args: string[]): Daemon => {
      const name = title.replace(' ', '-');
      const dataDir = path.join(options.dataDir, name);
      const daemon = new Daemon(title, [...args, '--data-dir', dataDir], path.join(options.dataDir, `${name}.log`));
      daemons.push(daemon);
      return daemon;
    };
    const interrupted = new Promise<never>((_, reject) => {
      const giveUp = (): void => reject(new ExitError(exitCodes.ok, 'STOPPED', ''));
      if (signal.aborted) giveUp();
      else signal.addEventListener('abort', giveUp, { once: true });
    });
    try {
      const balancer = launch('balancer', [
        'balancer',
        '--listen',
        options.listen,
        '--servers',
        String(options.servers),
      ]);
      const balancerAddress = await Promise.race([balancer.ready(), interrupted]);
      const servers = Array.from({ length: options.servers }, (_, index) =>
        launch(`server ${index + 1}`, [
          'server',
          '--id',
          String(index + 1),
          '--listen',
          '127.0.0.1:0',
          '--balancer',
          balancerAddress,
        ]),
      );
      const addresses = await Promise.race([Promise.all(servers.map((server) => server.ready())), interrupted]);
      return new LocalCluster(daemons, [balancerAddress, ...addresses], options.onEnd);
    } catch (error) {
      await Promise.all(daemons.map((daemon) => daemon.stop()));
      throw error;
    }
  }

  /** Ends the servers in order, then the balancer. */
  async stop(): Promise<void> {
    const [balancer, ...servers] = this.#daemons;
    await Promise.all(servers.map((server) => server.stop()));
    await balancer?.stop();
  }
}
