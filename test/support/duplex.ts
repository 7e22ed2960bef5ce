/** An in-memory network under the real Connection: socket pairs that can be cut at any byte, muted, or left unread. */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { asBuffer, parseAddress } from '../../src/base/index.js';
import {
  type Connection,
  type ConnectionLimits,
  type Dialling,
  type DialResult,
  dialLimits,
  type FrameConnection,
  type NetContext,
  netContext,
  Connection as RealConnection,
  strangerLimits,
} from '../../src/net/index.js';
import type { FakeClock } from './fake-clock.js';

/** What calls a socket's owner back after what runs now; in the simulator that is when a frame has crossed the wire. */
export interface SocketClock {
  immediate(callback: () => void): void;
}

/** As much of net.Socket as a Connection uses. Bytes arrive at the other end in a later turn of its clock. */
export class MemorySocket extends EventEmitter {
  readonly remoteAddress = '127.0.0.1';
  destroyed = false;
  /** Bytes written whose other end does not read. */
  writableLength = 0;
  /** Calls that reached the "operating system": what one write per turn is about. */
  writes = 0;
  bytesWritten = 0;
  /** The other end of the cable; set by `socketPair`. */
  peer: MemorySocket | undefined;
  /** When true what is written vanishes, as behind a cut cable. */
  muted = false;
  /** Cut the cable after this many more bytes written here; the rest never arrives. */
  cutAfterBytes = Number.POSITIVE_INFINITY;
  readonly #clock: SocketClock;
  #stalled = false;
  #corked = false;
  #flowing = false;
  #ended = false;
  #inbox: Buffer[] = [];
  #endReceived = false;

  constructor(
    clock: SocketClock,
    readonly localPort: number,
    readonly remotePort: number,
  ) {
    super();
    this.#clock = clock;
  }

  setNoDelay(): this {
    return this;
  }

  cork(): void {
    this.#corked = true;
    this.writes++;
  }

  uncork(): void {
    this.#corked = false;
  }

  write(bytes: Uint8Array): boolean {
    if (!this.#corked) this.writes++;
    this.bytesWritten += bytes.length;
    const peer = this.peer;
    if (this.destroyed || this.#ended || peer === undefined || this.muted) return true;
    // No copy, as with a write that the system has not finished: a sender that reuses the memory is caught.
    const kept = asBuffer(bytes.subarray(0, Math.min(bytes.length, this.cutAfterBytes)));
    this.cutAfterBytes -= kept.length;
    this.writableLength += kept.length;
    peer.#inbox.push(kept);
    peer.#clock.immediate(() => peer.#read());
    if (this.cutAfterBytes <= 0) this.#clock.immediate(() => this.reset());
    return this.writableLength === 0;
  }

  pause(): this {
    this.#flowing = false;
    return this;
  }

  resume(): this {
    this.#flowing = true;
    this.#clock.immediate(() => this.#read());
    return this;
  }

  end(): this {
    if (this.#ended || this.destroyed) return this;
    this.#ended = true;
    const peer = this.peer;
    if (peer !== undefined && !this.muted) {
      peer.#clock.immediate(() => {
        peer.#endReceived = true;
        peer.#read();
      });
    }
    return this;
  }

  destroy(): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    const peer = this.peer;
    this.#clock.immediate(() => this.emit('close'));
    if (peer === undefined || this.muted) return this;
    peer.#clock.immediate(() => {
      peer.#endReceived = true;
      peer.#read();
    });
    return this;
  }

  /** The cable breaks: what was under way is lost, both ends see a reset. */
  reset(): void {
    this.sever();
    this.peer?.sever();
  }

  /** This end sees a reset. */
  sever(): void {
    if (this.destroyed) return;
    this.#inbox = [];
    this.destroyed = true;
    this.emit('error', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
    this.emit('close');
  }

  /** While set nothing is taken out of what arrives, as by a program that does not read. */
  set stalled(stalled: boolean) {
    this.#stalled = stalled;
    if (!stalled) this.#clock.immediate(() => this.#read());
  }

  #read(): void {
    while (this.#flowing && !this.#stalled && !this.destroyed) {
      const chunk = this.#inbox.shift();
      if (chunk === undefined) break;
      const peer = this.peer;
      if (peer !== undefined) {
        peer.writableLength -= chunk.length;
        if (peer.writableLength === 0) peer.#clock.immediate(() => peer.emit('drain'));
      }
      this.emit('data', chunk);
    }
    if (!this.#endReceived || this.#inbox.length > 0 || this.destroyed || !this.#flowing || this.#stalled) return;
    this.#endReceived = false;
    this.emit('end');
    // allowHalfOpen is off on real sockets: the end of reading ends writing, and then it is over.
    this.destroyed = true;
    this.#clock.immediate(() => this.emit('close'));
  }
}

let lastPort = 40_000;

export interface SocketPair {
  readonly caller: MemorySocket;
  readonly listener: MemorySocket;
}

/** `listenerClock`: where the listener is another process. */
export function socketPair(clock: SocketClock, port = 9010, listenerClock = clock): SocketPair {
  const callerPort = ++lastPort;
  const caller = new MemorySocket(clock, callerPort, port);
  const listener = new MemorySocket(listenerClock, port, callerPort);
  caller.peer = listener;
  listener.peer = caller;
  return { caller, listener };
}

/** A real Connection on an in-memory socket. */
export function connectionOn(socket: MemorySocket, limits: ConnectionLimits, context: NetContext): Connection {
  return new RealConnection(socket as unknown as Socket, limits, context);
}

/** Listeners by address and a transport that dials them: the client's whole world. */
export class MemoryNetwork {
  readonly context: NetContext;
  /** Every pair ever made, newest last; closed ones included. */
  readonly pairs: { readonly address: string; readonly caller: MemorySocket; readonly listener: MemorySocket }[] = [];
  /** Addresses dialled, in order. */
  readonly dialled: string[] = [];
  readonly #clock: FakeClock;
  readonly #listeners = new Map<string, (connection: FrameConnection) => void>();
  readonly #swallowed = new Set<string>();

  constructor(clock: FakeClock) {
    this.#clock = clock;
    this.context = netContext(clock, clock.turn);
  }

  listen(address: string, onConnection: (connection: FrameConnection) => void): void {
    this.#listeners.set(address, onConnection);
  }

  /** The process dies: nobody listens there, its connections are reset. */
  kill(address: string): void {
    this.#listeners.delete(address);
    for (const pair of this.pairs) if (pair.address === address) pair.caller.reset();
  }

  /** Dials to this address get no answer at all. */
  swallow(address: string): void {
    this.#swallowed.add(address);
  }

  /** Dials to it are answered again. */
  heal(address: string): void {
    this.#swallowed.delete(address);
  }

  dial(address: string, timeoutMs: number, done: (result: DialResult) => void): Dialling {
    let over = false;
    this.dialled.push(address);
    const finish = (result: DialResult): void => {
      if (over) return;
      over = true;
      done(result);
    };
    if (this.#swallowed.has(address)) {
      this.#clock.setTimeout(() => finish({ ok: false, code: 'TIMEOUT', text: `${address}: no answer` }), timeoutMs);
    } else {
      this.#clock.immediate(() => {
        const accept = this.#listeners.get(address);
        if (over) return;
        if (accept === undefined) return finish({ ok: false, code: 'REFUSED', text: `${address}: connection refused` });
        const parsed = parseAddress(address);
        const { caller, listener } = socketPair(this.#clock, 'error' in parsed ? 0 : parsed.port);
        this.pairs.push({ address, caller, listener });
        accept(connectionOn(listener, strangerLimits, this.context));
        finish({ ok: true, connection: connectionOn(caller, dialLimits, this.context) });
      });
    }
    return {
      cancel: () => {
        over = true;
      },
    };
  }
}
