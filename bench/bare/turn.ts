/** What a process of the bare pipeline does once at the end of an event-loop turn: one write per socket. */
import { connect, type Server, type Socket } from 'node:net';
import { FrameReader } from './frames.js';

/** Frames that are small together are copied together; others go out as one vectored write. */
const copiedBytesMax = 64 * 1024;

/** Calls `run` once at the end of a turn in which it was asked for. */
export class TurnEnd {
  readonly #run: () => void;
  #isAsked = false;

  constructor(run: () => void) {
    this.#run = run;
  }

  ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    setImmediate(() => {
      this.#isAsked = false;
      this.#run();
    });
  }
}

/** A connection: frames that come are told at once, those that go wait for `flush`. */
export class Link {
  readonly #socket: Socket;
  #frames: Buffer[] = [];
  #bytes = 0;

  constructor(socket: Socket, onFrame: (frame: Buffer) => void) {
    this.#socket = socket;
    socket.setNoDelay(true);
    const reader = new FrameReader();
    socket.on('data', (chunk: Buffer) => reader.push(chunk, onFrame));
    // A process of the pipeline that ends takes its connections with it: whoever reads the figures ends them all.
    socket.on('error', () => socket.destroy());
  }

  push(frame: Buffer): void {
    this.#frames.push(frame);
    this.#bytes += frame.length;
  }

  flush(): void {
    const frames = this.#frames;
    const first = frames[0];
    if (first === undefined) return;
    const isSmall = this.#bytes <= copiedBytesMax;
    this.#frames = [];
    this.#bytes = 0;
    if (frames.length === 1) this.#socket.write(first);
    else if (isSmall) this.#socket.write(Buffer.concat(frames));
    else {
      this.#socket.cork();
      for (const frame of frames) this.#socket.write(frame);
      this.#socket.uncork();
    }
  }

  end(): void {
    this.#socket.destroy();
  }
}

/** A connection to a loopback port. */
export async function dialBare(port: number, onFrame: (frame: Buffer) => void): Promise<Link> {
  const socket = connect({ port, host: '127.0.0.1' });
  const link = new Link(socket, onFrame);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return link;
}

/** Listens on a free loopback port and resolves to it. */
export async function listenBare(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
