/**
 * Accepted sockets become TLS: a caller that speaks plainly is told so, one that breaks off is forgotten, and neither
 * holds more than a place among the connections.
 */
import type { Socket } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';
import { limits } from '../base/index.js';
import { formatAddress } from './address.js';
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
  /** Sockets whose handshake is not through, by where they come from. */
  readonly #waiting = new Map<string, Socket>();
  /** The latest failure of a handshake: Node does not say of which socket, and closes that one next. */
  #reason = '';

  constructor(identity: TlsIdentity, events: SecureAcceptEvents) {
    this.#server = identity.newServer();
    this.#events = events;
    this.#server.on('secureConnection', (socket) => {
      this.#waiting.delete(originOf(socket));
      events.onSecure(socket, uncertified(socket));
    });
    this.#server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      socket.on('error', () => undefined); // It is over; its end is told when the socket beneath it closes.
      this.#reason = error.code ?? error.message;
    });
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** `socket` was accepted and nothing of it read. */
  take(socket: Socket): void {
    const origin = originOf(socket);
    this.#waiting.set(origin, socket);
    const onError = (error: Error): void => {
      this.#reason = error.message;
    };
    socket.on('error', onError);
    socket.once('close', () => {
      if (!this.#waiting.delete(origin)) return;
      this.#events.onFailed(origin, this.#reason === '' ? 'it ended the connection' : this.#reason);
      this.#reason = '';
    });
    socket.setTimeout(limits.helloMs, () => {
      this.#reason = 'no byte came in time';
      socket.destroy();
    });
    socket.once('readable', () => {
      const first = socket.read() as Buffer | null;
      if (first === null) {
        socket.destroy();
        return;
      }
      socket.setTimeout(0);
      socket.off('error', onError);
      if (first[0] === tlsHandshake) {
        socket.unshift(first);
        this.#server.emit('connection', socket);
        return;
      }
      this.#waiting.delete(origin);
      this.#events.onPlain(socket);
    });
  }

  /** Ends what is not secure yet; the others are their owners'. */
  end(): void {
    for (const socket of this.#waiting.values()) socket.destroy();
  }
}

/** Unlike any other that is connected to the same port. */
function originOf(socket: Socket): string {
  return formatAddress(socket.remoteAddress ?? '?', socket.remotePort ?? 0);
}
