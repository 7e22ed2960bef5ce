/** A bare TCP connection to a daemon: sends whatever bytes a test likes, and records what comes back until it ends. */
import { connect, type Socket } from 'node:net';
import { crc32 } from '../../src/base/index.js';
import { decode, encode, FrameSplitter, type Hello, type Message } from '../../src/wire/index.js';
import { busyMs, until } from './until.js';

export class RawPeer {
  readonly messages: Message[] = [];
  bytesRead = 0;
  closed = false;
  readonly #socket: Socket;
  readonly #splitter = new FrameSplitter(1024 * 1024);

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.bytesRead += chunk.length;
      this.#splitter.push(chunk);
      for (let frame = this.#splitter.next(); frame !== undefined; frame = this.#splitter.next()) {
        // A decoded message is a view of its frame, which nobody writes to again.
        this.messages.push(decode(frame));
      }
    });
    // A reset is one of the ways in which a daemon may end the connection; `close` follows it.
    socket.on('error', () => this.#socket.destroy());
    socket.on('close', () => {
      this.closed = true;
    });
  }

  /** `address` is host:port. */
  static async open(address: string): Promise<RawPeer> {
    const [host, port] = address.split(':');
    const socket = connect({ host: host ?? '', port: Number(port), noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve());
      socket.once('error', reject);
    });
    return new RawPeer(socket);
  }

  send(...parts: readonly Uint8Array[]): void {
    for (const part of parts) this.#socket.write(part);
  }

  /** Stops taking bytes from the kernel, as a reader that hangs does. */
  stopReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#socket.resume();
  }

  async waitForMessage<T extends Message['type']>(type: T, deadlineMs = busyMs): Promise<Message & { type: T }> {
    const isWanted = (message: Message): message is Message & { type: T } => message.type === type;
    return await until(
      `a ${type} frame`,
      deadlineMs,
      () => this.messages.find(isWanted),
      () => `got ${this.messages.map((message) => message.type).join(', ')}; closed: ${this.closed}`,
    );
  }

  /** Waits until the other side has ended the connection; returns the farewell's code, "" if there was none. */
  async waitForEnd(deadlineMs: number): Promise<string> {
    await until('the other side to end the connection', deadlineMs, () => this.closed);
    const refusal = this.messages.find((message) => message.type === 'refuse');
    return refusal?.type === 'refuse' ? refusal.code : '';
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** A client's hello; `change` makes it lie. */
export function hello(change: Partial<Hello> = {}): Hello {
  return {
    type: 'hello',
    role: 'client',
    versionMin: 1,
    versionMax: 1,
    features: 0,
    clusterId: new Uint8Array(16),
    membershipHash: new Uint8Array(16),
    epoch: 0,
    serverId: 0,
    incarnation: 0,
    birthId: new Uint8Array(16),
    authMethod: 'token',
    auth: new Uint8Array(32).fill(7),
    address: '',
    ...change,
  };
}

/** A frame with a right length and a right checksum around any content (version … body). */
export function frameAround(content: Uint8Array): Buffer {
  const frame = Buffer.alloc(8 + content.length);
  frame.writeUInt32BE(content.length, 0);
  frame.writeUInt32BE(crc32(content), 4);
  frame.set(content, 8);
  return frame;
}

/** The frame of `message` after `change` was made to its content, with the checksum made right again. */
export function alteredFrame(message: Message, change: (content: Buffer) => void): Buffer {
  const content = Buffer.from(encode(message).subarray(8));
  change(content);
  return frameAround(content);
}
