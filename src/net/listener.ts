/**
 * Accepting connections: a maximum with a clear answer above it, a busy port as one clear line, shedding when
 * descriptors run out.
 */
import { createServer, type Server, type Socket } from 'node:net';
import {
  assert,
  ExitError,
  exitCodes,
  formatAddress,
  hostToBind,
  type Logger,
  parseAddress,
  silentLogger,
} from '../base/index.js';
import { encode, type RefusalCode } from '../wire/index.js';
import { bindError } from './bind-error.js';
import { Connection } from './connection.js';
import { connectionsWithinLimit } from './fd-limit.js';
import type { FrameConnection } from './frame-connection.js';
import { type NetContext, strangerLimits } from './options.js';
import { SecureAccept, type SecureAcceptEvents } from './secure-accept.js';
import { listenerProofs } from './security.js';
import { WrongProofs } from './wrong-proofs.js';

/** Connections above the maximum that are still told why they are turned away; beyond, sockets are just closed. */
const TURNED_AWAY_MAX = 64;
/** How long a turned-away socket may take to read its refusal. */
const TURNED_AWAY_MS = 1_000;

export interface ListenOptions {
  /** `host:port`; port 0 picks a free one. */
  readonly address: string;
  /** Connections held at once; lowered when the open-files limit demands it. */
  readonly connectionsMax: number;
  /** Of them from one address; without it there is no such limit. */
  readonly perAddressMax?: number | undefined;
  readonly logger?: Logger;
  /** How the user sets this port, for the text of a busy one. Default `--listen`. */
  readonly portFlag?: string;
  /** A new connection with {@link strangerLimits}: attach at once, judge its hello, then `useLimits` wider limits. */
  readonly onConnection: (connection: FrameConnection) => void;
}

export class Listener implements SecureAcceptEvents {
  readonly #server: Server;
  readonly #options: ListenOptions;
  readonly #context: NetContext;
  readonly #connectionsMax: number;
  readonly #open = new Map<Socket, Connection>();
  readonly #turnedAway = new Set<Socket>();
  readonly #secure: SecureAccept | undefined;
  readonly #wrongProofs: WrongProofs;
  readonly #logger: Logger;
  readonly #hosts = new Map<string, number>();
  #address = '';
  /** One for all connections. */
  readonly #onGone = (socket: Socket): void => void this.#open.delete(socket);

  /** Use {@link listen}. */
  constructor(options: ListenOptions, context: NetContext) {
    this.#options = options;
    this.#context = context;
    this.#connectionsMax = connectionsWithinLimit(options.connectionsMax);
    const { tls } = context.security;
    this.#wrongProofs = new WrongProofs(context.clock);
    this.#logger = options.logger ?? silentLogger;
    this.#secure = tls === undefined ? undefined : new SecureAccept(tls, this);
    // TLS must read before it can say who called.
    const pauseOnConnect = this.#secure === undefined;
    this.#server = createServer({ noDelay: true, pauseOnConnect }, (socket) => this.#accept(socket));
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
    return new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException): void =>
        reject(bindError(error, host, port, this.#options.portFlag ?? '--listen'));
      this.#server.once('error', onError);
      this.#server.listen({ host: hostToBind(host), port, backlog: 1024 }, () => {
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
    this.#secure?.end();
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

  /** A TLS handshake is through. */
  onSecure(socket: Socket, guestBecause: string | undefined): void {
    this.#begin(socket, guestBecause);
  }

  /** A caller on a TLS port that does not speak TLS, and who understands a plain refusal if it is one of ours. */
  onPlain(socket: Socket): void {
    this.#logger.warn('stranger-ended', {
      from: socket.remoteAddress,
      code: 'NO_TLS',
      text: 'it does not speak TLS',
    });
    this.#turnAway(socket, 'FORBIDDEN', 'this port speaks TLS only: give --tls-ca with the CA of this cluster');
  }

  onFailed(from: string, reason: string): void {
    this.#logger.warn('tls-handshake-failed', { from, reason });
  }

  #accept(socket: Socket): void {
    if (this.#open.size + (this.#secure?.size ?? 0) >= this.#connectionsMax) {
      this.#logger.warn('connections-full', { connectionsMax: this.#connectionsMax });
      const full = `This server holds its maximum of ${this.#connectionsMax} connections`;
      this.#turnAway(socket, 'BUSY', `${full}; try again later or another server`);
      return;
    }
    if (!this.#enter(socket)) {
      this.#logger.warn('connections-of-one-address', { from: socket.remoteAddress });
      this.#turnAway(
        socket,
        'BUSY',
        'Your address holds as many connections as it may; close some, or try again later',
      );
      return;
    }
    if (this.#secure === undefined) this.#begin(socket, undefined);
    else this.#secure.take(socket);
  }

  #begin(socket: Socket, guestBecause: string | undefined): void {
    const host = socket.remoteAddress ?? '?';
    const proofs = listenerProofs(this.#context.security, guestBecause, host, this.#wrongProofs);
    const connection = new Connection(socket, strangerLimits, this.#context, proofs, this.#onGone);
    this.#open.set(socket, connection);
    this.#options.onConnection(connection);
  }

  /** Counts a connection for its address; false, and not counted, when that has as many as it may. */
  #enter(socket: Socket): boolean {
    const { perAddressMax } = this.#options;
    if (perAddressMax === undefined) return true;
    const host = socket.remoteAddress ?? '?';
    const held = this.#hosts.get(host) ?? 0;
    if (held >= perAddressMax) return false;
    this.#hosts.set(host, held + 1);
    socket.once('close', () => {
      const left = (this.#hosts.get(host) ?? 1) - 1;
      if (left === 0) this.#hosts.delete(host);
      else this.#hosts.set(host, left);
    });
    return true;
  }

  #turnAway(socket: Socket, code: RefusalCode, text: string): void {
    socket.on('error', () => undefined); // It was refused; how it takes that concerns nobody.
    // Before its handshake a TLS caller can be told nothing; one that spoke plainly is answered plainly.
    const isMute = this.#secure !== undefined && code === 'BUSY';
    if (isMute || this.#turnedAway.size >= TURNED_AWAY_MAX) {
      socket.destroy();
      return;
    }
    this.#turnedAway.add(socket);
    const timer = this.#context.clock.setTimeout(() => socket.destroy(), TURNED_AWAY_MS);
    socket.once('close', () => {
      this.#turnedAway.delete(socket);
      this.#context.clock.clearTimeout(timer);
    });
    socket.end(encode({ type: 'refuse', code, text }));
    socket.resume();
  }

  /**
   * Out of descriptors: libuv gives up its spare one to accept and close what waits, so callers see a close instead of
   * hanging; we only say so, and go on as soon as descriptors are back.
   */
  #onAcceptError(error: NodeJS.ErrnoException): void {
    this.#logger.warn('accept-failed', { error: error.message, advice: 'raise the open-files limit (ulimit -n)' });
  }
}

/** Binds and accepts. Rejects with an {@link ExitError} (exit code 3) when the port is busy or may not be used. */
export async function listen(options: ListenOptions, context: NetContext): Promise<Listener> {
  const listener = new Listener(options, context);
  await listener.start();
  return listener;
}
