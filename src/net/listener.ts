/**
 * Accepting connections: a maximum with a clear answer above it, a busy port as one clear line, shedding when
 * descriptors run out.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { assert, ExitError, exitCodes, type Logger, silentLogger } from '../base/index.js';
import { encode } from '../wire/index.js';
import { formatAddress, parseAddress } from './address.js';
import { bindError } from './bind-error.js';
import { Connection } from './connection.js';
import { connectionsWithinLimit } from './fd-limit.js';
import type { FrameConnection } from './frame-connection.js';
import { type NetContext, strangerLimits } from './options.js';

/** Connections above the maximum that are still told why they are turned away; beyond, sockets are just closed. */
const TURNED_AWAY_MAX = 64;
/** How long a turned-away socket may take to read its refusal. */
const TURNED_AWAY_MS = 1_000;
/** A full house is logged at most this often. */
const LOG_EVERY_MS = 60_000;

export interface ListenOptions {
  /** `host:port`; port 0 picks a free one. */
  readonly address: string;
  /** Connections held at once; lowered when the open-files limit demands it. */
  readonly connectionsMax: number;
  readonly logger?: Logger;
  /** How the user sets this port, for the text of a busy one. Default `--listen`. */
  readonly portFlag?: string;
  /** A new connection with {@link strangerLimits}: attach at once, judge its hello, then `useLimits` wider limits. */
  readonly onConnection: (connection: FrameConnection) => void;
}

export class Listener {
  readonly #server: Server;
  readonly #options: ListenOptions;
  readonly #context: NetContext;
  readonly #connectionsMax: number;
  readonly #open = new Map<Socket, Connection>();
  readonly #turnedAway = new Set<Socket>();
  #address = '';
  #lastLogMs = Number.NEGATIVE_INFINITY;

  /** Use {@link listen}. */
  constructor(options: ListenOptions, context: NetContext) {
    this.#options = options;
    this.#context = context;
    this.#connectionsMax = connectionsWithinLimit(options.connectionsMax);
    this.#server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => this.#accept(socket));
  }

  /** The address bound, with the real port. */
  get address(): string {
    return this.#address;
  }

  /** Connections held now. */
  get connections(): number {
    return this.#open.size;
  }

  get connectionsMax(): number {
    return this.#connectionsMax;
  }

  /** Binds; called by {@link listen}. */
  start(): Promise<void> {
    const parsed = parseAddress(this.#options.address);
    if ('error' in parsed) return Promise.reject(new ExitError(exitCodes.usage, 'BAD_ADDRESS', parsed.error));
    const { host, port } = parsed;
    // As in dial: localhost means IPv4, whichever the system's resolver prefers.
    const bindHost = host.toLowerCase() === 'localhost' ? '127.0.0.1' : host;
    return new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException): void =>
        reject(bindError(error, host, port, this.#options.portFlag ?? '--listen'));
      this.#server.once('error', onError);
      this.#server.listen({ host: bindHost, port, backlog: 1024 }, () => {
        this.#server.off('error', onError);
        this.#server.on('error', (error: NodeJS.ErrnoException) => this.#onAcceptError(error));
        const bound = this.#server.address();
        assert(bound !== null && typeof bound === 'object', 'a TCP listener has an address');
        this.#address = formatAddress(host, bound.port);
        resolve();
      });
    });
  }

  /** Stops accepting; open connections stay. Resolves when the port is free. */
  stop(): Promise<void> {
    for (const socket of this.#turnedAway) socket.destroy();
    return new Promise((resolve) => {
      if (!this.#server.listening) return resolve();
      this.#server.close();
      // `close` reports only once all connections have ended; the port itself is free at the next turn.
      setImmediate(resolve);
    });
  }

  /** Says goodbye to every open connection. */
  closeAll(text: string): void {
    for (const connection of this.#open.values()) connection.goodbye('SHUTTING_DOWN', text);
  }

  #accept(socket: Socket): void {
    if (this.#open.size >= this.#connectionsMax) {
      this.#turnAway(socket);
      return;
    }
    const connection = new Connection(socket, strangerLimits, this.#context);
    this.#open.set(socket, connection);
    socket.once('close', () => this.#open.delete(socket));
    this.#options.onConnection(connection);
  }

  #turnAway(socket: Socket): void {
    this.#logSometimes('connections-full', { connectionsMax: this.#connectionsMax });
    socket.on('error', () => undefined); // It was refused; how it takes that concerns nobody.
    if (this.#turnedAway.size >= TURNED_AWAY_MAX) {
      socket.destroy();
      return;
    }
    this.#turnedAway.add(socket);
    const timer = this.#context.clock.setTimeout(() => socket.destroy(), TURNED_AWAY_MS);
    socket.once('close', () => {
      this.#turnedAway.delete(socket);
      this.#context.clock.clearTimeout(timer);
    });
    const text = `This server holds its maximum of ${this.#connectionsMax} connections; try again later or another server`;
    socket.end(encode({ type: 'refuse', code: 'BUSY', text }));
    socket.resume();
  }

  /**
   * Out of descriptors: libuv gives up its spare one to accept and close what waits, so callers see a close instead of
   * hanging; we only say so, and go on as soon as descriptors are back.
   */
  #onAcceptError(error: NodeJS.ErrnoException): void {
    this.#logSometimes('accept-failed', { error: error.message, advice: 'raise the open-files limit (ulimit -n)' });
  }

  #logSometimes(event: string, fields: Readonly<Record<string, unknown>>): void {
    const nowMs = this.#context.clock.monotonicMs();
    if (nowMs - this.#lastLogMs < LOG_EVERY_MS) return;
    this.#lastLogMs = nowMs;
    (this.#options.logger ?? silentLogger).warn(event, fields);
  }
}

/** Binds and accepts. Rejects with an {@link ExitError} (exit code 3) when the port is busy or may not be used. */
export async function listen(options: ListenOptions, context: NetContext): Promise<Listener> {
  const listener = new Listener(options, context);
  await listener.start();
  return listener;
}
