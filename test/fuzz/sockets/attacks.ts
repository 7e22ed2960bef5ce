/** What hostile callers do to open ports, each with as many sockets as it is told; counts what it did. */
import { connect, type Socket } from 'node:net';
import { Prng } from '../../../src/base/index.js';
import { encode, type MessageType, registry } from '../../../src/wire/index.js';
import { hello } from '../../support/raw-peer.js';
import { mutate, randomBytes } from '../mutate.js';
import { framesOf, recordedFrames, sealed } from '../targets/wire.js';

export const attackNames = ['traffic', 'drip', 'hoard', 'half-open'] as const;
export type AttackName = (typeof attackNames)[number];

/** Where the attack goes, and how hard. */
export interface AttackOrder {
  readonly attack: AttackName;
  readonly servers: readonly string[];
  readonly balancer: string;
  readonly sockets: number;
  /** Opened in a second: an enemy has a line of his own, and a flood is another attack. */
  readonly socketsPerSecond: number;
  readonly seconds: number;
  readonly seed: number;
  /** The bytes of a real server's hello to its peer, honest clients' and operators' streams: what is mutated. */
  readonly recorded: readonly string[];
}

export interface AttackCounts {
  opened: number;
  refused: number;
  closedByThem: number;
  bytesSent: number;
  /** The most sockets that were open at once. */
  openMost: number;
}

/** Small, so that a thousand a second come one after the other and not fifty at a time. */
const stepMs = 10;

export class Attack {
  readonly counts: AttackCounts = { opened: 0, refused: 0, closedByThem: 0, bytesSent: 0, openMost: 0 };
  readonly #order: AttackOrder;
  readonly #random: Prng;
  readonly #open = new Set<Socket>();
  readonly #recorded: readonly Buffer[];
  #isOver = false;

  constructor(order: AttackOrder) {
    this.#order = order;
    this.#random = new Prng(order.seed);
    this.#recorded = order.recorded.map((hex) => Buffer.from(hex, 'hex'));
  }

  /** Resolves when the time is over and every socket is closed. */
  async run(): Promise<AttackCounts> {
    const endMs = performance.now() + this.#order.seconds * 1000;
    const left = (): number => endMs - performance.now();
    while (left() > 0) {
      // Sockets that are only held are opened once; those that talk are followed by others.
      const missing = this.#order.sockets - (this.#talks ? this.#open.size : this.counts.opened);
      const wanted = Math.min(missing, Math.ceil((this.#order.socketsPerSecond * stepMs) / 1000));
      await Promise.all(Array.from({ length: Math.max(0, wanted) }, () => this.#openOne()));
      await pause(Math.min(stepMs, Math.max(0, left())));
    }
    this.#isOver = true;
    for (const socket of this.#open) socket.destroy();
    return this.counts;
  }

  get #talks(): boolean {
    return this.#order.attack === 'traffic';
  }

  async #openOne(): Promise<void> {
    const { servers, balancer } = this.#order;
    const targets = this.#order.attack === 'half-open' ? servers.slice(0, 1) : [...servers, balancer];
    const [host = '', port = ''] = this.#random.pick(targets).split(':');
    const socket = connect({ host, port: Number(port) });
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    if (!isOpen) {
      this.counts.refused++;
      return;
    }
    this.counts.opened++;
    this.#open.add(socket);
    this.counts.openMost = Math.max(this.counts.openMost, this.#open.size);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (!this.#isOver) this.counts.closedByThem++;
      this.#open.delete(socket);
    });
    // What they say is read and dropped, as a stupid peer does.
    socket.resume();
    this.#act(socket);
  }

  #act(socket: Socket): void {
    switch (this.#order.attack) {
      case 'traffic':
        this.#sendPieces(socket, this.#stream());
        return;
      case 'drip':
        this.#drip(socket);
        return;
      case 'hoard':
        this.#hoard(socket);
        return;
      case 'half-open':
        this.#halfOpen(socket);
    }
  }

  /** A recorded stream with some frames changed; now and then nothing but chance. */
  #stream(): Buffer {
    const random = this.#random;
    const recorded = random.pick(this.#recorded);
    if (random.chance(1, 20)) return randomBytes(random, random.below(4_000));
    const frames = framesOf(recorded);
    const first = frames[0];
    const isServer = first !== undefined && isServersHello(first);
    return Buffer.concat(frames.map((frame, place) => this.#changed(frame, place, isServer)));
  }

  /** Frames of a server are never forged: with right checksums and a real server's hello they would be its word. */
  #changed(frame: Buffer, place: number, isServer: boolean): Buffer {
    const random = this.#random;
    if (place === 0 && random.chance(9, 10)) return frame;
    const fate = random.below(8);
    if (fate === 0) return Buffer.concat([frame, frame]);
    if (fate === 1) return Buffer.alloc(0);
    if (fate > 4) return frame;
    const material = { pool: [frame], words: [] };
    if (isServer && place > 0) return mutate(random, frame, material);
    const body = mutate(random, frame.subarray(12), material);
    const other = fate === 2 ? random.pick(strangers) : undefined;
    return other ?? sealed(Buffer.concat([frame.subarray(0, 12), body]));
  }

  /** In pieces of a few bytes, or whole; then the socket ends in one of the ways in which sockets end. */
  #sendPieces(socket: Socket, stream: Buffer): void {
    const random = this.#random;
    const pieceBytes = random.pick([1, 7, 100, 65_536]);
    const send = (at: number): void => {
      if (socket.destroyed) return;
      if (at < stream.length) {
        const piece = stream.subarray(at, at + pieceBytes);
        this.counts.bytesSent += piece.length;
        socket.write(piece);
        setTimeout(() => send(at + pieceBytes), pieceBytes < 100 ? 1 : 5);
        return;
      }
      const ending = random.below(3);
      if (ending === 0) socket.end();
      else if (ending === 1) socket.resetAndDestroy();
      else setTimeout(() => socket.destroy(), random.below(500));
    };
    send(0);
  }

  /** A frame of which a byte comes each second: of hello, or behind a hello. */
  #drip(socket: Socket): void {
    const greeting = encode(hello());
    const bytes = this.#random.chance(1, 2) ? greeting : Buffer.alloc(4_000);
    if (bytes !== greeting) {
      bytes.writeUInt32BE(1 << 19, 0);
      this.#write(socket, greeting);
    }
    let at = 0;
    const timer = setInterval(() => {
      if (socket.destroyed || at >= bytes.length) clearInterval(timer);
      else this.#write(socket, bytes.subarray(at, ++at));
    }, 1_000);
  }

  /** Hello, then nearly all of the largest frame a client may send: as much of a server's memory as one can get. */
  #hoard(socket: Socket): void {
    const frame = Buffer.alloc(1 << 20);
    frame.writeUInt32BE(frame.length - 8, 0);
    this.#write(socket, encode(hello()));
    this.#write(socket, frame.subarray(0, frame.length - 1));
  }

  /** Silence, half a hello, or a hello and then silence. */
  #halfOpen(socket: Socket): void {
    const greeting = encode(hello());
    const kind = this.counts.opened % 3;
    if (kind === 1) this.#write(socket, greeting.subarray(0, greeting.length >> 1));
    if (kind === 2) this.#write(socket, greeting);
  }

  #write(socket: Socket, bytes: Buffer): void {
    this.counts.bytesSent += bytes.length;
    socket.write(bytes);
  }
}

/** Frames that a client or a server might be sent by somebody. */
const strangers = recordedFrames().filter((frame) => frame.length < 500 && isForClientsOrServers(frame));

function isForClientsOrServers(frame: Buffer): boolean {
  const spec = Object.values(registry).find(({ code }) => code === frame[9]);
  return spec !== undefined && !spec.from.includes('server' as const);
}

function isServersHello(frame: Buffer): boolean {
  const helloType: MessageType = 'hello';
  return frame[9] === registry[helloType].code && frame[12] === 2;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
