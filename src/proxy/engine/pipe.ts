/**
 * One direction of a proxied connection: from its source through rules and toxics to its sink, within bounds; and what
 * waits while it is blocked.
 */
import type { Socket } from 'node:net';
import type { Message } from '../../wire/index.js';
import { damaged } from './damage.js';
import type { Faults, LinkState } from './faults.js';
import { FrameLine } from './frame-line.js';
import { FrameWalk } from './frame-walk.js';
import { ToxicChain } from './toxic-chain.js';
import type { Translate } from './translate.js';
import { Waiting } from './waiting.js';
import type { World } from './world.js';
import { Writer } from './writer.js';

/** What a direction holds and queues at most; beyond it its source is not read until half of that is gone. */
export interface PipeBounds {
  /** Frames and chunks that rules and toxics hold. */
  readonly heldBytesMax: number;
  /** Bytes that the receiving socket has not taken. */
  readonly queuedBytesMax: number;
}

/** `unknown` until the first bytes tell; `bytes`: not our protocol, or not any more. */
export type PipeForm = 'unknown' | 'frames' | 'bytes';

/** Bytes of one direction of a proxy, over all its connections. */
export interface Traffic {
  received: number;
  sent: number;
}

export interface PipeOwner {
  /** The first bytes of a caller, or of a listener that speaks before its caller was understood. */
  onFirstBytes(pipe: Pipe, bytes: Uint8Array): void;
  /** The first frame of this direction: hello from a caller, challenge, welcome or refuse from a listener. */
  onFirstFrame(pipe: Pipe, message: Message): void;
  /** The stream stopped being made of frames. */
  onForeign(pipe: Pipe, why: string): void;
  /** It holds as much as it may, and its source is not read for now. */
  onBound(pipe: Pipe): void;
  onLeader(server: number, ballot: string): void;
  close(): void;
  reset(): void;
}

/** Between half a frame and the reset behind it. */
const halfFrameMs = 5;

export class Pipe {
  readonly line: FrameLine;
  readonly chain: ToxicChain;
  readonly #world: World;
  readonly #faults: Faults;
  readonly #source: Socket;
  readonly #writer: Writer;
  readonly #owner: PipeOwner;
  readonly #bounds: PipeBounds;
  readonly #traffic: Traffic;
  readonly #walk: FrameWalk;
  #form: PipeForm = 'unknown';
  /** Chunks that came while a translation is awaited or the connection is stalled; the end waits, too. */
  readonly #waiting = new Waiting();
  #isEnded = false;
  #isPaused = true;
  #tellBound = true;
  #isDone = false;

  constructor(options: {
    world: World;
    source: Socket;
    sink: Socket;
    link: LinkState;
    owner: PipeOwner;
    bounds: PipeBounds;
    traffic: Traffic;
    /** For the toxics' draws. */
    name: string;
  }) {
    const { world, source, sink, link, owner } = options;
    this.#world = world;
    this.#faults = world.faults;
    this.#source = source;
    this.#writer = new Writer(sink, world.batch, options.traffic);
    this.#owner = owner;
    this.#bounds = options.bounds;
    this.#traffic = options.traffic;
    this.line = new FrameLine(world.faults, link, {
      emit: (frame) => this.#out(frame),
      damage: damaged,
      breakOff: (how, frame) => this.#breakOff(how, frame),
      onReleased: () => this.#checkBounds(),
    });
    this.chain = new ToxicChain({
      deadlines: world.faults.deadlines,
      seed: world.faults.book.seed,
      name: options.name,
      isFramed: () => this.#form === 'frames',
      output: {
        data: (chunk) => {
          this.#writer.write(chunk);
          this.#checkBounds();
        },
        end: () => this.#writer.end(),
        close: () => owner.close(),
        reset: () => owner.reset(),
        released: () => this.#checkBounds(),
      },
    });
    this.#walk = this.#newWalk();
    link.connections++;
    source.pause();
    source.on('data', (chunk: Buffer) => {
      world.batch.begin();
      try {
        this.#receive(chunk);
      } finally {
        world.batch.end();
      }
    });
    source.on('end', () => world.batch.run(() => this.#onEnd()));
    sink.on('drain', () => this.#checkBounds());
  }

  get form(): PipeForm {
    return this.#form;
  }

  /** What this direction is made of, once its owner knows. */
  setForm(form: Exclude<PipeForm, 'unknown'>): void {
    this.#form = form;
    // What was kept because it could have been the beginning of a hello.
    if (form === 'bytes') this.#world.batch.run(() => this.#walk.passBegun());
  }

  /** Now it is known between whom it runs, and what is to be rewritten on it. */
  setLink(link: LinkState, translate: Translate): void {
    this.line.link.connections--;
    link.connections++;
    this.line.setLink(link);
    this.#walk.refresh(translate);
  }

  /** Rules, or what is watched, have changed. */
  refresh(): void {
    this.#walk.refresh();
  }

  /** Reads from its source from now on. */
  start(): void {
    this.#checkBounds();
  }

  /** Nothing passes until {@link unblock}; a little of what arrives meanwhile is kept, the rest waits in the kernel. */
  block(): void {
    this.#waiting.begin();
  }

  unblock(): void {
    this.#world.batch.run(() => {
      for (const chunk of this.#waiting.end()) this.#onData(chunk);
      if (this.#isEnded && !this.#waiting.isOn) this.#passEnd();
      this.#checkBounds();
    });
  }

  /** Hands what has been written to the operating system, before the end of the batch. */
  flush(): void {
    this.#writer.flush();
  }

  /** The connection is over. */
  stop(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.line.link.connections--;
    this.#walk.stop();
    this.line.close();
    this.chain.stop();
  }

  #newWalk(): FrameWalk {
    const { line } = this;
    const waiting = this.#waiting;
    const owner = this.#owner;
    return new FrameWalk(this.#faults, {
      line,
      waiting,
      out: (bytes) => this.#out(bytes),
      outLater: (frame, code) => this.#outLater(frame, code),
      onFirstFrame: (message) => owner.onFirstFrame(this, message),
      onForeign: (why) => {
        if (this.#walk.isForeign) this.#form = 'bytes';
        owner.onForeign(this, why);
      },
      onLeader: (server, ballot) => owner.onLeader(server, ballot),
    });
  }

  #receive(chunk: Uint8Array): void {
    this.#traffic.received += chunk.length;
    this.#onData(chunk);
  }

  #onData(chunk: Uint8Array): void {
    if (this.#isDone) return;
    if (this.#waiting.isOn) {
      this.#waiting.push(chunk);
      this.#checkBounds();
      return;
    }
    if (this.#form === 'unknown') this.#owner.onFirstBytes(this, this.#walk.begunWith(chunk));
    if (this.#form === 'unknown') {
      this.#walk.keep(chunk);
      return;
    }
    if (this.#form === 'bytes') {
      this.#walk.passBegun();
      this.#out(chunk);
    } else this.#walk.walk(chunk);
    this.#checkBounds();
  }

  #onEnd(): void {
    this.#isEnded = true;
    if (!this.#waiting.isOn) this.#passEnd();
  }

  #passEnd(): void {
    if (this.#isDone) return;
    this.#walk.passBegun();
    this.line.ended();
    if (this.chain.isEmpty) this.#writer.end();
    else this.chain.end();
  }

  /** A translation needs time: nothing behind it passes before it. */
  #outLater(changed: Promise<Uint8Array>, code: number): void {
    this.block();
    changed.then(
      (frame) => {
        if (this.#isDone) return;
        this.#faults.tell(this.line.link, code, frame, undefined);
        this.#world.batch.run(() => this.#out(frame));
        this.unblock();
      },
      (error: unknown) => {
        this.#world.logger.error('addresses-not-replaced', { error: String(error) });
        this.#owner.reset();
      },
    );
  }

  #breakOff(how: 'midFrame' | 'reset', frame: Uint8Array): void {
    if (how === 'reset') {
      this.#owner.reset();
      return;
    }
    // What is held must not come out behind half a frame.
    this.line.close();
    this.#out(Buffer.from(frame.subarray(0, Math.max(1, frame.length >> 1))));
    this.block();
    // A reset that arrives together with the last bytes makes many receivers forget them, or see an orderly end.
    this.#faults.deadlines.after(halfFrameMs, () => this.#owner.reset());
  }

  #out(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.chain.isEmpty) this.#writer.write(bytes);
    else this.chain.data(bytes);
  }

  #checkBounds(): void {
    if (this.#isDone) return;
    const heldBytes = this.line.heldBytes + this.chain.heldBytes;
    const { heldBytesMax, queuedBytesMax } = this.#bounds;
    const share = this.#isPaused ? 2 : 1;
    const isHeldFull = heldBytes * share > heldBytesMax;
    const isFull = isHeldFull || this.#writer.queuedBytes * share > queuedBytesMax || this.#waiting.isFull;
    if (isHeldFull && !this.#isPaused && this.#tellBound) {
      this.#tellBound = false;
      this.#owner.onBound(this);
    }
    if (isFull === this.#isPaused) return;
    this.#isPaused = isFull;
    if (isFull) this.#source.pause();
    else this.#source.resume();
  }
}
