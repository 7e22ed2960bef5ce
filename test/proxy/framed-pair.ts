/** A caller and a listener that speak frames to each other through a real proxy over loopback sockets. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { nodeClock, silentLogger } from '../../src/base/index.js';
import { Proxies } from '../../src/proxy/engine/proxies.js';
import type { NamedProxy, ProxyOptions } from '../../src/proxy/engine/proxy.js';
import { newWorld, type World } from '../../src/proxy/engine/world.js';
import { readRule } from '../../src/proxy/plan/rule.js';
import { decode, encode, FrameSplitter, type Hello, type Message, ProtocolError } from '../../src/wire/index.js';
import { nowMs, until } from '../support/until.js';

const zero16 = new Uint8Array(16);

export const ballot = { round: 3, server: 1, incarnation: 1 };

export function helloOf(role: Hello['role'], serverId: number, address = ''): Hello {
  return {
    type: 'hello',
    role,
    versionMin: 1,
    versionMax: 1,
    features: 0,
    clusterId: zero16,
    membershipHash: zero16,
    epoch: 0,
    serverId,
    incarnation: serverId === 0 ? 0 : 1,
    birthId: zero16,
    authMethod: 'none',
    auth: new Uint8Array(0),
    address,
  };
}

export function welcomeOf(serverId: number): Message {
  return {
    type: 'welcome',
    version: 1,
    features: 0,
    clusterId: zero16,
    membershipHash: zero16,
    epoch: 0,
    serverId,
    incarnation: 1,
    authMethod: 'none',
    auth: new Uint8Array(0),
  };
}

export function accept(slot: number, valueBytes = 20): Message {
  return { type: 'accept', ballot, slot, value: Buffer.alloc(valueBytes, slot) };
}

export function commit(upto: number): Message {
  return { type: 'commit', ballot, upto };
}

/** One end of a connection: what it was sent, frame by frame, and how it ended. */
export class FrameEnd {
  readonly socket: Socket;
  readonly received: { readonly message: Message; readonly atMs: number }[] = [];
  /** Why the stream could not be read on. */
  broken: string | undefined;
  ended = false;
  error: string | undefined;
  bytes = 0;
  readonly #splitter = new FrameSplitter(16 << 20);

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code ?? error.message;
    });
  }

  send(...messages: readonly Message[]): void {
    this.socket.write(Buffer.concat(messages.map((message) => encode(message))));
  }

  /** The slots of accepts and the upto of commits, in order of arrival. */
  slots(): number[] {
    return this.received.flatMap(({ message }) => {
      if (message.type === 'accept') return [message.slot];
      return message.type === 'commit' ? [message.upto] : [];
    });
  }

  kinds(): string[] {
    return this.received.map(({ message }) => message.type);
  }

  #onData(chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.broken !== undefined) return;
    this.#splitter.push(chunk);
    try {
      for (let frame = this.#splitter.next(); frame !== undefined; frame = this.#splitter.next()) {
        this.received.push({ message: decode(Uint8Array.from(frame)), atMs: nowMs() });
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.broken = error.message;
    }
  }
}

export class FramedPair {
  readonly world: World;
  readonly proxies: Proxies;
  readonly proxy: NamedProxy;
  /** Listeners' ends of connections, in the order in which they came. */
  readonly accepted: readonly FrameEnd[];
  readonly #server: Server;
  readonly #callers: FrameEnd[] = [];

  private constructor(world: World, proxies: Proxies, proxy: NamedProxy, server: Server, accepted: FrameEnd[]) {
    this.world = world;
    this.proxies = proxies;
    this.proxy = proxy;
    this.#server = server;
    this.accepted = accepted;
  }

  /** A listener that answers its caller's first bytes with the welcome of server 2, behind a proxy. */
  static async start(options: Partial<ProxyOptions> = {}, seed = 1): Promise<FramedPair> {
    const world = newWorld(nodeClock, silentLogger, seed);
    const proxies = new Proxies(world);
    const accepted: FrameEnd[] = [];
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const end = new FrameEnd(socket);
      accepted.push(end);
      socket.once('data', () => end.send(welcomeOf(2)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    const { port } = server.address() as { port: number };
    const proxy = await proxies.create({
      name: 'pair',
      listen: '127.0.0.1:0',
      upstream: `127.0.0.1:${port}`,
      enabled: true,
      ...options,
    });
    return new FramedPair(world, proxies, proxy, server, accepted);
  }

  get faults() {
    return this.world.faults;
  }

  /** Sets a rule, as the API takes it. */
  rule(value: Record<string, unknown>): void {
    this.faults.setRules([readRule(value, this.faults.book.nextId())]);
  }

  /** Frames held now, in all directions together. */
  get heldFrames(): number {
    return [...this.faults.lines].reduce((sum, line) => sum + line.heldFrames, 0);
  }

  /** A bare connection to the proxy. */
  async dial(): Promise<FrameEnd> {
    const port = Number(this.proxy.listen.split(':').at(-1));
    const end = new FrameEnd(connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true }));
    this.#callers.push(end);
    await new Promise((resolve) => end.socket.once('connect', resolve));
    return end;
  }

  /** A caller that has been welcomed, and the listener's end of its connection. */
  async greet(hello: Hello = helloOf('server', 1)): Promise<{ caller: FrameEnd; listener: FrameEnd }> {
    const place = this.accepted.length;
    const caller = await this.dial();
    caller.send(hello);
    const listener = await until('a connection upstream', 5_000, () => this.accepted[place]);
    await until('a welcome', 5_000, () => caller.kinds().includes('welcome'));
    await until('the hello', 5_000, () => listener.kinds().includes('hello'));
    return { caller, listener };
  }

  async stop(): Promise<void> {
    for (const { socket } of [...this.#callers, ...this.accepted]) socket.destroy();
    await this.proxies.stop();
    this.world.faults.stop();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
