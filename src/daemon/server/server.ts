/** The server's composition: directory, listener, membership, core, in this order; and its orderly end. */
import { randomBytes } from 'node:crypto';
import { ExitError, exitCodes, failpoint, limits, nodeClock } from '../../base/index.js';
import {
  type FrameConnection,
  type Listener,
  listen,
  type NetContext,
  netContext,
  processTurn,
} from '../../net/index.js';
import { Directory, type DirectoryLock, type Disk } from '../../storage/index.js';
import type { Hello, Join, RefusalCode, ServerId } from '../../wire/index.js';
import { takeDataDirectory } from '../data-directory.js';
import { helloGate } from '../hello-gate.js';
import type { HttpListener } from '../http/index.js';
import { exitReason, Lifetime, stoppedReason } from '../lifetime.js';
import type { ExitReason, ServerHandle, ServerOptions, StartProgress } from '../options.js';
import { AddressBook } from './address-book.js';
import { BalancerLinks } from './balancer-links.js';
import type { Core } from './core.js';
import { Enlistment } from './enlistment.js';
import { type Ground, memoryGround, realGround } from './ground.js';
import { helloOf, type Membership, type Self } from './hello.js';
import { openCore } from './open-core.js';
import { ServerPages } from './server-pages.js';

/**
 * Starts a server; resolves when it is registered, its membership sealed and it listens (READY). Retries the balancer
 * for ever. Rejects with an {@link ExitError}: exit 3 when the cluster refuses it, the port is busy or the data
 * directory is another server's; exit 7 when the directory is locked, damaged, or not the one the cluster was sealed
 * with.
 */
export async function startServer(options: ServerOptions, ground: Partial<Ground> = {}): Promise<ServerHandle> {
  const { dataDir } = options;
  const lock = dataDir === undefined ? undefined : await takeDataDirectory(dataDir, 'server');
  const server = new Server(options, lock, { ...(dataDir === undefined ? memoryGround : realGround), ...ground });
  try {
    await server.start();
  } catch (error) {
    await server.destroy();
    throw error;
  }
  return server;
}

class Server implements ServerHandle {
  readonly #options: ServerOptions;
  readonly #lock: DirectoryLock | undefined;
  readonly #context: NetContext;
  readonly #lifetime = new Lifetime();
  readonly #ground: Ground;
  #disk: Disk | undefined;
  #directory: Directory | undefined;
  #listener: Listener | undefined;
  #links: BalancerLinks | undefined;
  #core: Core | undefined;
  #ending: Promise<ExitReason> | undefined;
  /** Accepted and not greeted connections are told this. */
  #notReady = 'this server is starting: try again';
  /** What the start waits for, for /readyz. */
  #waitsFor = 'starting';
  #http: HttpListener | undefined;
  /** Connections ended before they said who they are. */
  readonly #strangers = new Map<string, number>();
  readonly #pages = new ServerPages({
    options: () => this.#options,
    id: () => this.id,
    core: () => this.#core,
    missing: () => this.#missing(),
    strangers: this.#strangers,
  });

  constructor(options: ServerOptions, lock: DirectoryLock | undefined, ground: Ground) {
    this.#options = options;
    this.#context = netContext(nodeClock, processTurn, options.security);
    this.#lock = lock;
    this.#ground = ground;
  }

  get id(): ServerId {
    return this.#directory?.serverId ?? this.#options.id;
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

  async start(): Promise<void> {
    const { dataDir, fsync, logger, signal } = this.#options;
    const mode = this.#options.mode === '' ? undefined : this.#options.mode;
    const place = dataDir ?? '';
    const disk = this.#ground.makeDisk(place, fsync === 'always');
    this.#disk = disk;
    const directory = await openDirectory(disk, this.#options.id);
    this.#directory = directory;
    if (directory.serverId === 0 && this.#options.balancers.length > 1) {
      // Each balancer would give a number of its own.
      const text = 'several balancers cannot give out numbers: say which server this is, --id N';
      throw new ExitError(exitCodes.usage, 'NO_ID', text);
    }
    this.#listener = await this.#listen();
    this.#http = await this.#pages.listen();
    const book = new AddressBook(dataDir, logger);
    const enlistment = new Enlistment({
      directory,
      book,
      logger,
      onProgress: (progress) => {
        this.#waitsFor = waitText(progress);
        if (progress.kind === 'servers') {
          this.#notReady = `waiting for servers, ${progress.registered} of ${progress.servers} are there: try again`;
        }
        this.#options.onProgress?.(progress);
      },
      onAddresses: (members) => {
        this.#core?.peers.setAddresses(members);
        this.#core?.clients.tellStanding();
      },
    });
    const abort = (): void => enlistment.cancel(new ExitError(exitCodes.ok, 'STOPPED', 'stopped while starting'));
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted === true) abort();
    this.#links = this.#linkBalancers(enlistment);
    this.#links.start();
    const membership = await enlistment.membership;
    signal?.removeEventListener('abort', abort);
    const core = await openCore({
      self: this.#self(),
      sealed: membership,
      directory,
      disk,
      storeHome: this.#ground.storeHome(place),
      wal: this.#ground.wal,
      keepsNothing: dataDir === undefined,
      context: this.#context,
      logger,
      http: this.http,
      mode,
      retainBytes: this.#options.retainBytes,
      segmentBytes: this.#options.segmentBytes,
      messagesPerSecond: this.#options.messagesPerSecond,
      onLoad: () => this.#links?.changed(),
      onMembers: () => this.#links?.membersChanged(),
      onFatal: (error) => this.#fail(error),
      onRefused: (peer, code, text) => this.#refusedByPeer(peer, code, text),
    });
    if (this.#lifetime.ended) {
      // The log failed while it was being opened: this server was never ready.
      core.end(false);
      await core.close();
      const { exitCode, code, text } = await this.closed;
      throw new ExitError(exitCode, code, text);
    }
    this.#core = core;
    core.start(core.members.seats().seats.map(({ id, birthId }) => ({ id, birthId, address: book.of(id) })));
    this.#links.membersChanged();
    logger.info('serving', { server: this.id, address: this.address });
    if (mode !== undefined) {
      logger.warn('faults-on-purpose', {
        text: 'this server harms its own links on purpose; leave --mode out to end that',
        mode,
      });
    }
  }

  stop(): Promise<ExitReason> {
    this.#ending ??= this.#stopInOrder();
    return this.#ending;
  }

  async destroy(): Promise<void> {
    this.#ending ??= this.#endAtOnce(stoppedReason);
    await this.#ending;
  }

  #missing(): string {
    if (this.#ending !== undefined) return 'this server stops';
    return this.#core?.report.missing() ?? this.#waitsFor;
  }

  #self(): Self {
    const directory = this.#directory;
    return {
      id: this.id,
      birthId: directory?.birthId ?? new Uint8Array(16),
      incarnation: directory?.incarnation ?? 0,
      address: this.#options.advertise ?? this.address,
    };
  }

  #listen(): Promise<Listener> {
    const onConnection = helloGate({
      roles: ['server', 'client', 'operator'],
      what: 'a server',
      onHello: (connection, hello) => this.#onHello(connection, hello),
      onEnded: (code) => this.#strangers.set(code, (this.#strangers.get(code) ?? 0) + 1),
      logger: this.#options.logger,
    });
    const { listen: address, logger, portFlag = '--listen', connectionsPerAddress: perAddressMax } = this.#options;
    const { connectionsMax } = limits;
    return listen({ address, portFlag, connectionsMax, perAddressMax, logger, onConnection }, this.#context);
  }

  #onHello(connection: FrameConnection, hello: Hello): void {
    if (this.#core === undefined || this.#ending !== undefined) connection.refuse('NOT_READY', this.#notReady);
    else this.#core.accept(connection, hello);
  }

  #linkBalancers(enlistment: Enlistment): BalancerLinks {
    const membership = (): Membership | undefined => this.#core?.members.membership ?? this.#directory?.seal;
    return new BalancerLinks({
      addresses: this.#options.balancers,
      context: this.#context,
      logger: this.#options.logger,
      hello: () => helloOf('registrant', this.#self(), membership()),
      join: (): Join => ({
        type: 'join',
        serverId: this.id,
        address: this.#self().address,
        members: membership()?.members ?? [],
      }),
      seats: () => this.#core?.members.changedSeats,
      report: () => this.#core?.load() ?? { clients: 0, arrivedEver: 0, leader: 0, hasMajority: false },
      onWaiting: (id, registered, servers) => enlistment.onWaiting(id, registered, servers),
      onSealed: (sealed) => enlistment.onSealed(sealed),
      onRefused: (address, code, text) => enlistment.onRefused(address, code, text),
      onUnreachable: (address, reason) => enlistment.onUnreachable(address, reason),
    });
  }

  #refusedByPeer(peer: ServerId, code: RefusalCode, text: string): void {
    // Whoever has been replaced or started twice is in order itself; an old state of a disk is damage.
    const exitCode = code === 'OLD_INCARNATION' ? exitCodes.damaged : exitCodes.refused;
    this.#fail(new ExitError(exitCode, code, `refused by server ${peer}: ${text}`));
  }

  /** Nothing may be sent after this; the caller ends the process with the reason's code. */
  #fail(error: unknown): void {
    const reason = exitReason(error);
    this.#options.logger.error('server-stops', { code: reason.code, text: reason.text });
    this.#core?.end(false);
    this.#lifetime.end(reason);
    this.#ending ??= this.#endAtOnce(reason);
  }

  async #stopInOrder(): Promise<ExitReason> {
    const deadline = nodeClock.setTimeout(() => {
      this.#options.logger.warn('stop-cut-short', { afterMs: limits.shutdownMs });
      this.#lifetime.end(stoppedReason);
    }, limits.shutdownMs);
    await this.#listener?.stop();
    this.#links?.stop();
    failpoint('stop.before-hand-over');
    await this.#core?.handOver();
    failpoint('stop.after-hand-over');
    this.#core?.end(true);
    const failure = await this.#release();
    nodeClock.clearTimeout(deadline);
    this.#lifetime.end(failure === undefined ? stoppedReason : exitReason(failure));
    return this.closed;
  }

  async #endAtOnce(reason: ExitReason): Promise<ExitReason> {
    this.#links?.abandon();
    this.#core?.end(false);
    await this.#listener?.stop();
    await this.#release();
    this.#lifetime.end(reason);
    return this.closed;
  }

  /** Gives everything back; resolves with what the disk had against it. */
  async #release(): Promise<Error | undefined> {
    const failure = await this.#core?.close().then(
      () => undefined,
      (error: Error) => error,
    );
    this.#listener?.closeAll('this server stops');
    await this.#http?.stop();
    this.#disk?.close();
    this.#lock?.release();
    return failure;
  }
}

function waitText(progress: StartProgress): string {
  if (progress.kind === 'balancer') return `starting: no balancer at ${progress.address} (${progress.reason})`;
  return `starting: ${progress.registered} of ${progress.servers} servers are there`;
}

function openDirectory(disk: Disk, serverId: ServerId): Promise<Directory> {
  return new Promise((resolve, reject) => {
    Directory.open(disk, { serverId, randomBytes }, (error, directory) => {
      if (directory === undefined) reject(error);
      else resolve(directory);
    });
  });
}
