/**
 * Accepted sockets become TLS: a caller that speaks plainly is told so, one that breaks off is forgotten, and neither
 * holds more than a place among the connections.
 */
import type { Socket } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';
import { limits } from '../base/index.js';
import { type TlsIdentity, uncertified } from './tls-identity.js';

/** The first byte of a TLS handshake; a frame of ours begins with 0. */
const tlsHandshake = 0x16;

export interface SecureAcceptEvents {
  /** The handshake is through; `guestBecause` as in {@link uncertified}. */
  onSecure(socket: TLSSocket, guestBecause: string | undefined): void;
  /** A caller that does not speak TLS; its socket is the receiver's to end. */
  onPlain(socket: Socket): void;
  /** A handshake failed; the socket is closed already. */
  onFailed(from: string, reason: string): void;
}

export class SecureAccept {
  readonly #server: Server;
  readonly #events: SecureAcceptEvents;
  readonly #waiting = new Set<Socket>();

  constructor(identity: TlsIdentity, events: SecureAcceptEvents) {
    this.#server = identity.newServer();
    this.#events = events;
    this.#server.on('secureConnection', (socket) => events.onSecure(socket, uncertified(socket)));
    this.#server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      socket.on('error', () => undefined); // It is over, and was told once.
      events.onFailed(socket.remoteAddress ?? '?', error.code ?? error.message);
    });
  }

  /** Sockets whose handshake is not through. */
  get size(): number {
    return this.#waiting.size;
  }

  /** `socket` was accepted and nothing of it read. */
  take(socket: Socket): void {
    this.#waiting.add(socket);
    const forget = (): void => void this.#waiting.delete(socket);
    const onEarly = (error?: Error): void => {
      socket.destroy();
      if (error !== undefined) this.#events.onFailed(socket.remoteAddress ?? '?', error.message);
    };
    socket.once('close', forget);
    socket.on('error', onEarly);
    socket.setTimeout(limits.helloMs, () => onEarly(new Error('no byte of a TLS handshake came in time')));
    socket.once('readable', () => {
      const first = socket.read() as Buffer | null;
      if (first === null) return onEarly();
      socket.setTimeout(0);
      socket.off('error', onEarly);
      if (first[0] !== tlsHandshake) {
        forget();
        this.#events.onPlain(socket);
        return;
      }
      socket.unshift(first);
      this.#server.emit('connection', socket);
    });
  }

  /** From the moment it is secure it is somebody else's. */
  end(): void {
    for (const socket of this.#waiting) socket.destroy();
  }
}
