/** One connection through the proxy: a caller, an upstream dialled for it, and the two directions between them. */
import { connect, type Socket } from 'node:net';
import { limits } from '../../base/index.js';
import type { Hello, Message } from '../../wire/index.js';
import type { End } from '../plan/ends.js';
import type { Rule } from '../plan/rule.js';
import { judgeFirstBytes } from './first-frame.js';
import { AddressError, dialHost, type GoAddress, splitAddress } from './go-address.js';
import { Pipe, type PipeBounds, type PipeOwner, type Traffic } from './pipe.js';
import { resetSocket } from './reset-socket.js';
import type { Toxic } from './toxic-chain.js';
import type { Translate } from './translate.js';
import type { World } from './world.js';

/** What a connection needs of the proxy that accepted it. */
export interface ConnectionHost {
  readonly name: string;
  readonly upstream: string;
  /** Who listens at the upstream, as far as it is known. */
  readonly listenerEnd: End;
  readonly toxics: readonly Toxic[];
  readonly bounds: PipeBounds;
  readonly traffic: { readonly upstream: Traffic; readonly downstream: Traffic };
  /** Callers are synod's, and have as long for their hello as a server gives them. */
  readonly expectsFrames: boolean;
  /** Rewriting for a caller of this role, per direction. */
  translations(role: Hello['role']): { readonly up: Translate; readonly down: Translate };
  /** The listener has said who it is. */
  onListener(end: End): void;
  onForeign(connection: ProxiedConnection, why: string): void;
  onClosed(connection: ProxiedConnection): void;
}

/** How long a connection that was ended may take to say goodbye before its sockets are destroyed. */
const lingerMs = 1_000;
/** Any service's caller that has sent less than the beginning of a frame is taken for another protocol after this. */
const undecidedMs = 200;
const dialTimeoutMs = 30_000;

export class ProxiedConnection implements PipeOwner {
  readonly number: number;
  readonly #world: World;
  readonly #host: ConnectionHost;
  readonly #caller: Socket;
  readonly #upstream: Socket;
  readonly up: Pipe;
  readonly down: Pipe;
  #from: End = 'unknown';
  #to: End;
  #role: Hello['role'] | undefined;
  #isFramed = false;
  /** Its host has been told that it is not, or not to its end, made of our frames. */
  #isForeign = false;
  #stalledBy: Rule | undefined;
  #isOver = false;
  readonly #unwatch: () => void;

  /** `caller` was accepted and is paused. The upstream is dialled at once; nobody waits for it but this connection. */
  constructor(world: World, host: ConnectionHost, caller: Socket, number: number) {
    this.#world = world;
    this.#host = host;
    this.number = number;
    this.#caller = caller;
    this.#to = host.listenerEnd;
    this.#upstream = this.#dial();
    const { faults } = world;
    const pipe = (source: Socket, sink: Socket, direction: 'upstream' | 'downstream', from: End, to: End): Pipe =>
      new Pipe({
        world,
        source,
        sink,
        link: faults.link(from, to),
        owner: this,
        bounds: host.bounds,
        traffic: host.traffic[direction],
        name: `${host.name} ${number} ${direction}`,
      });
    this.up = pipe(caller, this.#upstream, 'upstream', 'unknown', this.#to);
    this.down = pipe(this.#upstream, caller, 'downstream', this.#to, 'unknown');
    this.#unwatch = faults.onChange(() => this.#onRules());
    this.setToxics(host.toxics);
    this.#watchSocket(caller);
    this.#watchSocket(this.#upstream);
    faults.hub.emit('connection', { opened: number, proxy: host.name });
  }

  /** The proxy's toxics, both directions, in their order. */
  setToxics(toxics: readonly Toxic[]): void {
    this.up.chain.apply(toxics.filter(({ stream }) => stream.toLowerCase() === 'upstream'));
    this.down.chain.apply(toxics.filter(({ stream }) => stream.toLowerCase() === 'downstream'));
  }

  /** Ends both sides with FIN, behind what has passed so far. */
  close(): void {
    if (this.#isOver) return;
    this.up.flush();
    this.down.flush();
    this.#finish('closed');
    for (const socket of [this.#caller, this.#upstream]) {
      socket.end();
      // What still comes is read and dropped: closing with unread bytes would be a reset.
      socket.resume();
    }
    // By the clock itself: deadlines end with the proxy, and sockets whose other side stays silent must not outlive it.
    this.#world.clock.setTimeout(() => this.#destroy(), lingerMs).unref();
  }

  /** Ends both sides with RST. */
  reset(): void {
    if (this.#isOver) return;
    this.#finish('reset');
    resetSocket(this.#caller);
    resetSocket(this.#upstream);
  }

  onFirstBytes(pipe: Pipe, bytes: Uint8Array): void {
    if (pipe === this.down) {
      // A listener of ours never speaks first.
      pipe.setForm(this.#isFramed ? 'frames' : 'bytes');
      return;
    }
    const judged = judgeFirstBytes(bytes);
    const { expectsFrames } = this.#host;
    if (judged === 'more') {
      const ms = expectsFrames ? limits.helloMs : undecidedMs;
      this.#world.faults.deadlines.after(ms, () => this.#decideForBytes());
    }
    if (judged === 'other') this.#decideForBytes();
    if (judged === 'hello') {
      this.#isFramed = true;
      pipe.setForm('frames');
      this.down.setForm('frames');
    }
  }

  onFirstFrame(pipe: Pipe, message: Message): void {
    if (pipe === this.up && message.type === 'hello') this.#onHello(message);
    else if (pipe === this.down && message.type === 'welcome') {
      // A balancer's welcome names no server.
      this.#setEnds(this.#from, message.serverId === 0 ? 'balancer' : message.serverId);
      this.#host.onListener(this.#to);
      if (this.#role === 'server') this.up.line.link.isProven = true;
    }
  }

  onForeign(_pipe: Pipe, why: string): void {
    if (this.#isForeign) return;
    this.#isForeign = true;
    this.#host.onForeign(this, why);
  }

  onBound(pipe: Pipe): void {
    const { name } = pipe.line.link;
    const { heldBytesMax } = this.#host.bounds;
    this.#world.faults.hub.emit('bound', { link: name, proxy: this.#host.name, heldBytesMax });
    const text = 'its sender is read again when half of it has gone; shorten the delay, or take the rule away';
    this.#world.logger.warn('link-full', { link: name, heldBytesMax, text });
  }

  onLeader(server: number, ballot: string): void {
    this.#world.leader.heard(server, ballot);
  }

  #dial(): Socket {
    const { host, port } = this.#upstreamAddress();
    const socket = connect({ host: dialHost(host), port, noDelay: true, allowHalfOpen: true, timeout: dialTimeoutMs });
    socket.once('connect', () => {
      socket.setTimeout(0);
      this.up.start();
      this.down.start();
    });
    socket.once('timeout', () => this.#notReached('no answer'));
    return socket;
  }

  /** An upstream is only looked at when it is needed; one that is no address is one that nobody listens at. */
  #upstreamAddress(): GoAddress {
    try {
      return splitAddress(this.#host.upstream);
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      this.#world.logger.warn('upstream-not-an-address', { proxy: this.#host.name, text: error.message });
      return { host: '127.0.0.1', port: 0 };
    }
  }

  /** The caller has met a listener and now sees the connection end, as with Toxiproxy. */
  #notReached(reason: string): void {
    this.#world.logger.debug('upstream-not-reached', { proxy: this.#host.name, upstream: this.#host.upstream, reason });
    this.#world.faults.hub.emit('connection', { unreached: this.number, proxy: this.#host.name, reason });
    this.#upstream.destroy();
    this.close();
  }

  #watchSocket(socket: Socket): void {
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (socket === this.#upstream && socket.connecting) this.#notReached(error.message);
      else if (error.code === 'ECONNREFUSED' || error.syscall === 'connect' || error.syscall === 'getaddrinfo')
        this.#notReached(error.message);
      else this.reset();
    });
    // Nothing passes a stall, not even an end: whoever has given up leaves the other side nothing to wait for.
    socket.on('end', () => {
      if (this.#stalledBy !== undefined) this.reset();
    });
    // Closed without an error means: both of its directions have ended. What toxics still hold for the other side, and
    // the end behind it, go their way.
    socket.on('close', () => {
      if (!this.#caller.destroyed || !this.#upstream.destroyed) return;
      this.#finish('ended');
      this.#host.onClosed(this);
    });
  }

  #destroy(): void {
    this.#caller.destroy();
    this.#upstream.destroy();
  }

  #finish(how: 'closed' | 'reset' | 'ended'): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#unwatch();
    this.up.stop();
    this.down.stop();
    this.#world.faults.hub.emit('connection', { [how]: this.number, proxy: this.#host.name });
  }

  #decideForBytes(): void {
    if (this.#isOver || this.up.form !== 'unknown') return;
    this.up.setForm('bytes');
    if (this.down.form === 'unknown') this.down.setForm('bytes');
    this.onForeign(this.up, 'its first bytes are no hello');
  }

  #onHello(hello: Hello): void {
    this.#role = hello.role;
    this.#setEnds(callerEnd(hello), this.#to);
    const { faults, logger } = this.#world;
    const found = this.up.line.link.rules.opening(faults.deadlines.nowMs());
    if (found === undefined) return;
    const { opening, rule } = found;
    const { name } = this.up.line.link;
    faults.hub.emit('connection', { [opening]: this.number, link: name, rule: rule.id });
    logger.debug('connection-not-let-in', { link: name, opening, rule: rule.id });
    if (opening === 'refuse') this.reset();
    else {
      this.#stalledBy = rule;
      this.up.block();
      this.down.block();
    }
  }

  #setEnds(from: End, to: End): void {
    this.#from = from;
    this.#to = to;
    const { faults } = this.#world;
    const { up, down } = this.#host.translations(this.#role ?? 'operator');
    this.up.setLink(faults.link(from, to), up);
    this.down.setLink(faults.link(to, from), down);
  }

  #onRules(): void {
    this.up.refresh();
    this.down.refresh();
    if (this.#stalledBy === undefined || this.#world.faults.book.holds(this.#stalledBy)) return;
    this.#stalledBy = undefined;
    this.up.unblock();
    this.down.unblock();
  }
}

/** Operators count as clients. A registrant is a server that talks to its balancer, which is no link that has rules. */
function callerEnd({ role, serverId }: Hello): End {
  if (role !== 'server' && role !== 'registrant') return 'client';
  return serverId === 0 ? 'unknown' : serverId;
}
