/**
 * A framed connection over a socket: limits, one write per turn, back-pressure, liveness, and one honest close reason.
 */
import type { Socket } from 'node:net';
import { assert, formatAddress } from '../base/index.js';
import {
  decode,
  encode,
  FrameSplitter,
  type Goodbye,
  type Message,
  ProtocolError,
  type RefusalCode,
  type Refuse,
} from '../wire/index.js';
import { type CloseCode, type CloseReason, closedHere, closedThere } from './close-reason.js';
import type { ConnectionHandlers, ConnectionStats, FrameConnection, SendResult } from './frame-connection.js';
import { Liveness } from './liveness.js';
import type { ConnectionLimits, NetContext } from './options.js';
import { Outbound } from './outbound.js';
import type { Prover } from './prover.js';
import { Stage } from './turn.js';

/** How long a closed connection waits for the other side's end of stream before the socket is destroyed. */
const LINGER_MS = 2_000;

let lastId = 0;

/** What a connection has to prove, and what is known of the other side before it has said anything. */
export interface Proofs {
  readonly prover?: Prover;
  /** Whether a wrong proof is answered: whoever sends many is not. */
  readonly isAnswered?: () => boolean;
  readonly guestBecause?: string;
}

const noProofs: Proofs = {};

const always = (): boolean => true;

export class Connection implements FrameConnection {
  readonly id: number;
  readonly remoteAddress: string;
  readonly stats: ConnectionStats = { framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0, writes: 0 };

  readonly #socket: Socket;
  readonly #context: NetContext;
  #limits: ConnectionLimits;
  readonly #splitter: FrameSplitter;
  readonly #outbound: Outbound;
  #liveness: Liveness;
  #handlers: ConnectionHandlers | undefined;
  #closed: CloseReason | undefined;
  #abandoned = false;
  #paused = false;
  #splitting = false;
  #flushDeferred = false;
  #drainWanted = false;
  /** How many unfinished bytes the budget shared with all connections knows of. */
  #budgetedBytes = 0;
  #unfinishedForMs = 0;
  /** A message for the owner has come: pings before hello do not count, or a stranger could stay for ever. */
  #spoken = false;
  #beforeFirstFrameMs = 0;
  #lingeredMs = 0;
  #pingToken = 0;
  #heardAtMs: number;
  /** Until the proofs are through; undefined where there is nothing to prove. */
  #prover: Prover | undefined;
  readonly #isAnswered: () => boolean;
  #guestBecause: string | undefined;

  /** `socket` is connected. Nothing is read until `attach`. `onGone` is told once the socket is closed. */
  constructor(
    socket: Socket,
    limits: ConnectionLimits,
    context: NetContext,
    proofs: Proofs = noProofs,
    onGone?: (socket: Socket) => void,
  ) {
    this.id = ++lastId;
    this.#prover = proofs.prover;
    this.#isAnswered = proofs.isAnswered ?? always;
    this.#guestBecause = proofs.guestBecause;
    this.#socket = socket;
    this.#limits = limits;
    this.#context = context;
    this.#heardAtMs = context.clock.monotonicMs();
    this.#splitter = new FrameSplitter(limits.frameBytesMax);
    this.#outbound = new Outbound(socket);
    this.#liveness = new Liveness(limits.pingEveryMs, limits.silentMs);
    this.remoteAddress = formatAddress(socket.remoteAddress ?? '?', socket.remotePort ?? 0);
    socket.setNoDelay(true);
    socket.pause();
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('drain', () => this.#checkDrain());
    socket.on('end', () => this.#finish(closedThere('ENDED', `${this.remoteAddress} closed the connection`), true));
    socket.on('error', (error: Error) =>
      this.#finish(closedHere('RESET', `${this.remoteAddress}: ${error.message}`), false),
    );
    socket.on('close', () => {
      this.#finish(closedThere('ENDED', `${this.remoteAddress} closed the connection`), false);
      context.sweeper.remove(this);
      onGone?.(socket);
    });
    context.sweeper.add(this);
  }

  get closed(): CloseReason | undefined {
    return this.#closed;
  }

  get guestBecause(): string | undefined {
    return this.#guestBecause;
  }

  get queuedBytes(): number {
    return this.#outbound.queuedBytes;
  }

  get writable(): boolean {
    return this.#closed === undefined && this.#outbound.queuedBytes < this.#limits.highWaterBytes;
  }

  get silentForMs(): number {
    return this.#context.clock.monotonicMs() - this.#heardAtMs;
  }

  attach(handlers: ConnectionHandlers): void {
    const first = this.#handlers === undefined;
    this.#handlers = handlers;
    if (!first) return;
    if (this.#closed !== undefined) this.#reportClosed();
    else if (!this.#paused) this.#socket.resume();
  }

  useLimits(limits: ConnectionLimits): void {
    this.#limits = limits;
    this.#splitter.setLimit(limits.frameBytesMax);
    this.#liveness = new Liveness(limits.pingEveryMs, limits.silentMs);
  }

  send(message: Message): SendResult {
    if (this.#closed !== undefined) return 'closed';
    const proved = message.type === 'hello' ? (this.#prover?.outgoing(message) ?? message) : message;
    return this.sendFrame(encode(proved));
  }

  sendFrame(frame: Uint8Array): SendResult {
    if (this.#closed !== undefined) return 'closed';
    const queued = this.#outbound.queuedBytes + frame.length;
    if (queued > this.#limits.outboundBytesMax) {
      this.#finish(closedHere('TOO_SLOW', `${this.remoteAddress} does not read: ${queued} bytes wait for it`), false);
      return 'tooSlow';
    }
    if (queued >= this.#limits.highWaterBytes) this.#drainWanted = true;
    this.#push(frame);
    return 'queued';
  }

  flush(): void {
    if (this.#closed === undefined) this.#write();
  }

  pause(): void {
    this.#paused = true;
    if (this.#closed === undefined) this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#closed !== undefined || this.#handlers === undefined) return;
    this.#socket.resume();
    // What was split but not given out comes first, at the end of this turn, so that resume never re-enters the owner.
    this.#context.turn.defer(() => this.#split(), Stage.submit);
  }

  close(code: CloseCode, text: string): void {
    this.#finish(closedHere(code, text), true);
  }

  refuse(code: RefusalCode, text: string): void {
    this.#farewell({ type: 'refuse', code, text });
  }

  goodbye(code: RefusalCode, text: string): void {
    this.#farewell({ type: 'goodbye', code, text });
  }

  abandon(text: string): void {
    this.#abandoned = true;
    this.#finish(closedHere('LOCAL', text), true);
  }

  /** Called by the sweeper only. */
  onSweep(elapsedMs: number): void {
    if (this.#closed !== undefined) {
      this.#lingeredMs += elapsedMs;
      if (this.#lingeredMs >= LINGER_MS) this.#socket.destroy();
      return;
    }
    if (this.#paused || this.#handlers === undefined) return;
    const { firstFrameMs, halfFrameMs } = this.#limits;
    if (firstFrameMs > 0 && !this.#spoken) {
      this.#beforeFirstFrameMs += elapsedMs;
      if (this.#beforeFirstFrameMs >= firstFrameMs) {
        this.#end('NO_HELLO', 'BAD_HELLO', `No hello within ${firstFrameMs / 1000} s; send one as the first frame`);
        return;
      }
    }
    if (this.#splitter.midFrame) {
      this.#unfinishedForMs += elapsedMs;
      if (this.#unfinishedForMs >= halfFrameMs) {
        this.#end(
          'HALF_FRAME',
          'PROTOCOL_ERROR',
          `A frame stayed incomplete for ${halfFrameMs / 1000} s; send whole frames`,
        );
        return;
      }
    }
    const verdict = this.#liveness.sweep(elapsedMs);
    if (verdict === 'silent') {
      this.#finish(
        closedHere('SILENT', `${this.remoteAddress} stopped answering ${this.#limits.silentMs / 1000} s ago`),
        false,
      );
    } else if (verdict === 'ping') {
      this.#pingToken = (this.#pingToken + 1) >>> 0;
      this.send({ type: 'ping', token: this.#pingToken });
    }
  }

  #onData(chunk: Buffer): void {
    this.stats.bytesIn += chunk.length;
    this.#liveness.heard();
    this.#heardAtMs = this.#context.clock.monotonicMs();
    // After a close the rest is read and dropped, so that the socket ends with our last frame and not with a reset.
    if (this.#closed !== undefined) return;
    this.#splitter.push(chunk);
    this.#split();
  }

  #split(): void {
    // A handler may pause, resume, attach or close: the outermost loop goes on with whatever holds then.
    if (this.#splitting) return;
    this.#splitting = true;
    try {
      while (this.#closed === undefined && !this.#paused) {
        const next = this.#nextMessage();
        if (next === undefined) break;
        this.#dispatch(next.message, next.frame);
      }
    } finally {
      this.#splitting = false;
    }
    this.#settleBudget();
  }

  #nextMessage(): { readonly message: Message; readonly frame: Uint8Array } | undefined {
    try {
      const frame = this.#splitter.next();
      if (frame === undefined) return undefined;
      this.#unfinishedForMs = 0;
      this.stats.framesIn++;
      return { message: decode(frame), frame };
    } catch (error) {
      this.#protocolError(error);
      return undefined;
    }
  }

  #dispatch(message: Message, frame: Uint8Array): void {
    switch (message.type) {
      case 'ping':
        this.send({ type: 'pong', token: message.token });
        return;
      case 'pong':
        return;
      case 'refuse':
      case 'goodbye':
        this.#finish(closedThere(message.code, message.text), true);
        return;
      default:
        if (this.#prover === undefined) this.#deliver(message, frame);
        else this.#prove(this.#prover, message, frame);
    }
  }

  #deliver(message: Message, frame: Uint8Array): void {
    assert(this.#handlers !== undefined, 'a message before attach');
    this.#spoken = true;
    this.#handlers.onMessage(message, frame);
  }

  /** The owner hears of nothing before the other side has proved what it must. */
  #prove(prover: Prover, message: Message, frame: Uint8Array): void {
    const step = prover.incoming(message);
    switch (step.next) {
      case 'send':
        this.send(step.message);
        return;
      case 'deliver':
        this.#endProofs();
        this.#guestBecause ??= step.guestBecause;
        this.#deliver(step.message, frame);
        return;
      case 'end':
        if (step.isGuess !== true || this.#isAnswered()) this.#end('FORBIDDEN', 'FORBIDDEN', step.text);
        else this.#finish(closedHere('FORBIDDEN', `${this.remoteAddress}: ${step.text}`), true);
    }
  }

  #endProofs(): void {
    this.#prover?.end();
    this.#prover = undefined;
  }

  #settleBudget(): void {
    if (this.#closed !== undefined) return;
    const unfinishedBytes = this.#limits.sharesInbound ? this.#splitter.bufferedBytes : 0;
    if (this.#context.inbound.change(this.#budgetedBytes, unfinishedBytes)) {
      this.#budgetedBytes = unfinishedBytes;
      return;
    }
    this.#end('OVER_BUDGET', 'BUSY', 'Too many unfinished frames on all connections together; try again later');
  }

  #protocolError(error: unknown): void {
    if (!(error instanceof ProtocolError)) throw error;
    this.#end('PROTOCOL_ERROR', 'PROTOCOL_ERROR', `Not a frame of this protocol: ${error.message}`);
  }

  /** Ends for `code` and tells the other side why in a refuse frame. */
  #end(code: CloseCode, refusal: RefusalCode, text: string): void {
    if (this.#closed !== undefined) return;
    this.#push(encode({ type: 'refuse', code: refusal, text }));
    this.#finish(closedHere(code, `${this.remoteAddress}: ${text}`), true);
  }

  #farewell(message: Refuse | Goodbye): void {
    if (this.#closed !== undefined) return;
    this.#push(encode(message));
    this.#finish(closedHere(message.code, message.text), true);
  }

  #push(frame: Uint8Array): void {
    this.stats.framesOut++;
    this.stats.bytesOut += frame.length;
    this.#outbound.push(frame);
    if (this.#flushDeferred) return;
    this.#flushDeferred = true;
    this.#context.turn.defer(this.#flush, Stage.socket);
  }

  readonly #flush = (): void => {
    this.#flushDeferred = false;
    if (this.#socket.destroyed) return;
    this.#write();
    if (this.#closed !== undefined) this.#socket.end();
    else this.#checkDrain();
  };

  #write(): void {
    if (this.#socket.destroyed || this.#outbound.empty) return;
    this.stats.writes++;
    this.#outbound.flush();
  }

  #checkDrain(): void {
    if (!this.#drainWanted || this.#closed !== undefined) return;
    if (this.#outbound.queuedBytes > this.#limits.highWaterBytes / 2) return;
    this.#drainWanted = false;
    this.#handlers?.onDrain?.();
  }

  #finish(reason: CloseReason, orderly: boolean): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#endProofs();
    this.#context.inbound.change(this.#budgetedBytes, 0);
    this.#budgetedBytes = 0;
    if (orderly) {
      if (!this.#flushDeferred) this.#socket.end();
      this.#socket.resume();
    } else {
      this.#outbound.drop();
      this.#socket.destroy();
    }
    if (this.#handlers !== undefined) this.#reportClosed();
  }

  #reportClosed(): void {
    this.#context.turn.defer(() => {
      const handlers = this.#handlers;
      assert(handlers !== undefined && this.#closed !== undefined, 'a close is reported to an owner');
      if (!this.#abandoned) handlers.onClose(this.#closed);
    }, Stage.closed);
  }
}
