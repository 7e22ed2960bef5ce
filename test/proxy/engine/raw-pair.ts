/** A caller and a listener that exchange bytes, not frames, through a real proxy over loopback sockets. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type Logger, nodeClock, silentLogger } from '../../../src/base/index.js';
import { Proxies } from '../../../src/proxy/engine/proxies.js';
import type { NamedProxy, ProxyOptions } from '../../../src/proxy/engine/proxy.js';
import { newWorld, type World } from '../../../src/proxy/engine/world.js';
import { until } from '../../support/until.js';

/** One end of a connection, and all that it was sent. */
export class RawEnd {
  readonly socket: Socket;
  readonly #chunks: Buffer[] = [];
  bytes = 0;
  isEnded = false;
  isClosed = false;
  error: string | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length;
      this.#chunks.push(chunk);
    });
    socket.on('end', () => {
      this.isEnded = true;
    });
    socket.on('close', () => {
      this.isClosed = true;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code ?? error.message;
    });
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

export class RawPair {
  /** What was logged, as `level event`. */
  readonly logged: string[] = [];
  readonly world: World;
  readonly proxies: Proxies;
  /** Listeners' ends, in the order in which they came. */
  readonly accepted: RawEnd[] = [];
  /** What a listener does with a connection as soon as it has it. */
  onAccept: (end: RawEnd) => void = () => undefined;
  readonly #server: Server;
  readonly #callers: RawEnd[] = [];

  constructor() {
    const log = (level: string) => (event: string) => this.logged.push(`${level} ${event}`);
    const logger: Logger = { ...silentLogger, info: log('info'), warn: log('warn'), error: log('error') };
    this.world = newWorld(nodeClock, logger, 1);
    this.proxies = new Proxies(this.world);
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const end = new RawEnd(socket);
      this.accepted.push(end);
      this.onAccept(end);
    });
  }

  /** The port of the listener itself. */
  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', () => resolve()));
    return (this.#server.address() as { port: number }).port;
  }

  proxy(options: Partial<ProxyOptions> & { readonly name: string; readonly upstream: string }): Promise<NamedProxy> {
    return this.proxies.create({ listen: '127.0.0.1:0', enabled: true, ...options });
  }

  async dial(proxy: NamedProxy): Promise<RawEnd> {
    const port = Number(proxy.listen.split(':').at(-1));
    const end = new RawEnd(connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true }));
    this.#callers.push(end);
    await new Promise((resolve) => end.socket.once('connect', resolve));
    return end;
  }

  /** Both ends of a new connection. */
  async pair(proxy: NamedProxy): Promise<{ readonly caller: RawEnd; readonly listener: RawEnd }> {
    const place = this.accepted.length;
    const caller = await this.dial(proxy);
    const listener = await until('a connection upstream', 5_000, () => this.accepted[place]);
    return { caller, listener };
  }

  async stop(): Promise<void> {
    for (const { socket } of [...this.#callers, ...this.accepted]) socket.destroy();
    await this.proxies.stop();
    this.world.faults.stop();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A pair with one proxy before its listener; it ends with the test. */
export async function rawPair(
  t: { teardown(end: () => Promise<void>): void },
  options: Partial<ProxyOptions> = {},
): Promise<{ readonly pair: RawPair; readonly proxy: NamedProxy }> {
  const pair = new RawPair();
  t.teardown(() => pair.stop());
  const port = await pair.listen();
  return { pair, proxy: await pair.proxy({ name: 'raw', upstream: `127.0.0.1:${port}`, ...options }) };
}
