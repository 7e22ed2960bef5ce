/** A connection that speaks frames by hand, for tests that must send what no honest program sends. */
import { createConnection, type Socket } from 'node:net';
import { nodeClock } from '../../src/base/index.js';
import {
  type CloseReason,
  dial,
  dialLimits,
  type FrameConnection,
  netContext,
  peerLimits,
  processTurn,
  type Security,
} from '../../src/net/index.js';
import type { Hello, Message, MessageOf, MessageType } from '../../src/wire/index.js';

const zero = new Uint8Array(16);

export function hello(more: Partial<Hello> = {}): Hello {
  return {
    type: 'hello',
    role: 'client',
    versionMin: 1,
    versionMax: 1,
    features: 0,
    clusterId: zero,
    membershipHash: zero,
    epoch: 0,
    serverId: 0,
    incarnation: 0,
    birthId: zero,
    authMethod: 'none',
    auth: new Uint8Array(0),
    address: '',
    ...more,
  };
}

type Awaitable<T> = T | Promise<T>;

/** Waits until `condition` gives something, or fails after `deadlineMs` naming what was waited for. */
export async function until<T>(
  what: string,
  condition: () => Awaitable<T | undefined | false>,
  deadlineMs = 10_000,
): Promise<T> {
  const end = nodeClock.monotonicMs() + deadlineMs;
  for (;;) {
    const found = await condition();
    if (found !== undefined && found !== false) return found;
    if (nodeClock.monotonicMs() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Everything received is kept in order; `take` waits for the next message of a type and removes it. */
export class Raw {
  readonly received: Message[] = [];
  closed: CloseReason | undefined;

  static readonly #open = new Set<Raw>();

  private constructor(readonly connection: FrameConnection) {
    Raw.#open.add(this);
    connection.attach({
      onMessage: (message) => void this.received.push(structuredClone(message)),
      onClose: (reason) => {
        this.closed = reason;
      },
    });
  }

  static async open(address: string, first?: Message, security?: Security): Promise<Raw> {
    const context = netContext(nodeClock, processTurn, security);
    const connection = await new Promise<FrameConnection>((resolve, reject) => {
      const limits = { ...peerLimits, pingEveryMs: dialLimits.pingEveryMs, silentMs: 0 };
      dial(address, { timeoutMs: 5_000, limits }, context, (result) => {
        if (result.ok) resolve(result.connection);
        else reject(new Error(result.text));
      });
    });
    const raw = new Raw(connection);
    if (first !== undefined) raw.send(first);
    return raw;
  }

  /** Opens a connection and waits for its welcome. */
  static async welcomed(address: string, more: Partial<Hello> = {}, security?: Security): Promise<Raw> {
    const raw = await Raw.open(address, hello(more), security);
    await raw.take('welcome');
    return raw;
  }

  send(message: Message): void {
    this.connection.send(message);
  }

  /** The first message of this type (that fits) not taken yet. */
  async take<T extends MessageType>(
    type: T,
    fits: (message: MessageOf<T>) => boolean = () => true,
    deadlineMs = 10_000,
  ): Promise<MessageOf<T>> {
    return until(
      `${type} (closed: ${this.closed?.text ?? 'no'}; have ${this.received.map((message) => message.type).join(' ')})`,
      () => {
        const at = this.received.findIndex((message) => message.type === type && fits(message as MessageOf<T>));
        return at < 0 ? undefined : (this.received.splice(at, 1)[0] as MessageOf<T>);
      },
      deadlineMs,
    );
  }

  /** Waits for the end of the connection. */
  ended(deadlineMs = 10_000): Promise<CloseReason> {
    return until('the end of a connection', () => this.closed, deadlineMs);
  }

  end(): void {
    this.connection.abandon('test over');
    Raw.#open.delete(this);
  }

  /** Ends whatever the tests of this file have left open. */
  static endAll(): void {
    for (const raw of Raw.#open) raw.end();
  }
}

/** A socket without any framing; gives all bytes received and whether it was closed. */
export function openSocket(address: string): Promise<{ socket: Socket; bytes: () => Buffer; closed: () => boolean }> {
  const [host, port] = address.split(':') as [string, string];
  const chunks: Buffer[] = [];
  let closed = false;
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port: Number(port) });
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('close', () => {
      closed = true;
    });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => undefined);
      resolve({ socket, bytes: () => Buffer.concat(chunks), closed: () => closed });
    });
  });
}
