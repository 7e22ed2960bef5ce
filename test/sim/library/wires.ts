/**
 * Connections between simulated processes: real Connections on memory sockets, bytes that take their time, processes
 * that die.
 */
import type { Clock, Prng } from '../../../src/base/index.js';
import {
  type Dialling,
  type DialResult,
  dialLimits,
  type FrameConnection,
  type NetContext,
  netContext,
  strangerLimits,
  type Turn,
} from '../../../src/net/index.js';
import { connectionOn, type SocketClock, type SocketPair, socketPair } from '../../support/duplex.js';
import { type Kernel, tags } from '../kernel.js';

const latencyUs: readonly [number, number] = [50, 1500];

interface Wire extends SocketPair {
  readonly from: Host;
  readonly to: Host;
}

/** Everything that listens, and every connection. */
export class Wires {
  readonly kernel: Kernel;
  readonly listeners = new Map<string, { readonly host: Host; accept(connection: FrameConnection): void }>();
  readonly #wires = new Set<Wire>();

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  connect(from: Host, to: Host): Wire {
    for (const wire of this.#wires) if (wire.caller.destroyed && wire.listener.destroyed) this.#wires.delete(wire);
    const wire = { ...socketPair(from, 9010, to), from, to };
    this.#wires.add(wire);
    return wire;
  }

  /** The open connections of a process. */
  *of(host: Host): Iterable<Wire> {
    for (const wire of this.#wires) if (wire.from === host || wire.to === host) yield wire;
  }

  forget(wire: Wire): void {
    this.#wires.delete(wire);
  }
}

export interface HostParts {
  readonly clock: Clock;
  readonly turn: Turn;
  readonly random: Prng;
  /** Runs one turn of the process, later if it stands still, never if it is dead. */
  readonly run: (act: () => void) => void;
}

/** One process on the wires: what the client library takes for its transport. */
export class Host implements SocketClock {
  readonly context: NetContext;
  readonly #wires: Wires;
  readonly #parts: HostParts;
  #cut = false;
  #stalled = false;

  constructor(wires: Wires, parts: HostParts) {
    this.#wires = wires;
    this.#parts = parts;
    this.context = netContext(parts.clock, parts.turn);
  }

  /** When something has crossed the wire. */
  immediate(callback: () => void): void {
    const { random, run } = this.#parts;
    this.#wires.kernel.after(random.between(...latencyUs), tags.client, () => run(callback));
  }

  /** As setImmediate: once the caller has returned. */
  later(callback: () => void): void {
    this.#wires.kernel.after(0, tags.client, () => this.#parts.run(callback));
  }

  listen(address: string, accept: (connection: FrameConnection) => void): void {
    this.#wires.listeners.set(address, { host: this, accept });
  }

  dial(address: string, timeoutMs: number, done: (result: DialResult) => void): Dialling {
    let over = false;
    const finish = (result: DialResult): void => {
      if (over) return;
      over = true;
      this.#parts.clock.clearTimeout(timer);
      done(result);
    };
    const timer = this.#parts.clock.setTimeout(
      () => finish({ ok: false, code: 'TIMEOUT', text: `${address}: no answer` }),
      timeoutMs,
    );
    this.immediate(() => {
      const there = this.#wires.listeners.get(address);
      if (over || this.#cut) return;
      if (there === undefined) return finish({ ok: false, code: 'REFUSED', text: `${address}: connection refused` });
      const { caller, listener } = this.#wires.connect(this, there.host);
      caller.stalled = this.#stalled;
      const accepted = connectionOn(listener, strangerLimits, there.host.context);
      there.host.immediate(() => there.accept(accepted));
      finish({ ok: true, connection: connectionOn(caller, dialLimits, this.context) });
    });
    return {
      cancel: () => {
        over = true;
        this.#parts.clock.clearTimeout(timer);
      },
    };
  }

  /** The process is gone: the other ends see a reset, or (a machine without power) nothing at all. */
  die(isTold: boolean): void {
    for (const [address, { host }] of this.#wires.listeners) {
      if (host === this) this.#wires.listeners.delete(address);
    }
    for (const wire of [...this.#wires.of(this)]) {
      const other = wire.from === this ? wire.caller.peer : wire.caller;
      const host = wire.from === this ? wire.to : wire.from;
      this.#wires.forget(wire);
      if (other === undefined) continue;
      other.muted = true;
      if (isTold) host.immediate(() => other.sever());
    }
  }

  /** A cut cable swallows everything; what was connected is reset when it is mended. */
  cut(isCut: boolean): void {
    this.#cut = isCut;
    for (const wire of [...this.#wires.of(this)]) {
      for (const socket of [wire.caller, wire.listener]) socket.muted = true;
      if (!isCut) this.#reset(wire);
    }
  }

  /** The process reads nothing of what arrives, or reads on. */
  stall(isStalled: boolean): void {
    this.#stalled = isStalled;
    for (const { from, caller, listener } of this.#wires.of(this)) {
      (from === this ? caller : listener).stalled = isStalled;
    }
  }

  #reset(wire: Wire): void {
    this.#wires.forget(wire);
    wire.from.immediate(() => wire.caller.sever());
    wire.to.immediate(() => wire.listener.sever());
  }
}
