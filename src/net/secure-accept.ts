/**
 * Accepted sockets become TLS: a caller that speaks plainly is told so, one that breaks off is forgotten, and neither
 * holds more than a place among the connections.
 */
import type { Socket } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';
import { formatAddress, limits } from '../base/index.js';
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
  readonly #waitingMax: number;
  /** Sockets whose handshake is not through, by where they come from; `reason` is why they fail, once they do. */
  readonly #waiting = new Map<string, { readonly socket: Socket; reason: string }>();

  constructor(identity: TlsIdentity, events: SecureAcceptEvents, waitingMax: number = limits.handshakesMax) {
    this.#server = identity.newServer();
    this.#events = events;
    this.#waitingMax = waitingMax;
    this.#server.on('secureConnection', (socket) => {
      this.#waiting.delete(originOf(socket));
      events.onSecure(socket, uncertified(socket));
    });
    this.#server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      socket.on('error', () => undefined); // It is over; its end is told when the socket beneath it closes.
      const caller = this.#waiting.get(originOf(socket));
      if (caller !== undefined) caller.reason = error.code ?? error.message;
      socket.destroy(); // Node does so itself for some failures only: not when the time is up.
    });
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** `socket` was accepted and nothing of it read. When as many wait as may, the one that waits longest is ended. */
  take(socket: Socket): void {
    if (this.#waiting.size >= this.#waitingMax) this.#endOldest();
    const origin = originOf(socket);
    const caller = { socket, reason: 'it ended the connection' };
    this.#waiting.set(origin, caller);
    const onError = (error: Error): void => {
      caller.reason = error.message;
    };
    socket.on('error', onError);
    socket.once('close', () => {
      if (!this.#waiting.delete(origin)) return;
      this.#events.onFailed(origin, caller.reason);
    });
    socket.setTimeout(limits.helloMs, () => {
      caller.reason = 'no byte came in time';
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

  /** An honest handshake takes milliseconds, so that the oldest is the likeliest to have no end. */
  #endOldest(): void {
    const [oldest] = this.#waiting;
    if (oldest === undefined) return;
    const [origin, { socket }] = oldest;
    this.#waiting.delete(origin);
    socket.destroy();
    this.#events.onFailed(origin, 'too many handshakes at once');
  }

  /** Ends what is not secure yet; the others are their owners'. */
  end(): void {
    for (const { socket } of this.#waiting.values()) socket.destroy();
  }
}

/** Unlike any other that is connected to the same port. */
function originOf(socket: Socket): string {
  return formatAddress(socket.remoteAddress ?? '?', socket.remotePort ?? 0);
}
