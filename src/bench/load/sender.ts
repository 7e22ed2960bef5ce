/**
 * One client of the load: posts while its pace and its window allow, and times what comes back. Nothing is allocated
 * for a message here, and the clock, which costs more than all the rest, is read once for several answers of one frame.
 */
import type { Clock } from '../../base/index.js';
import type { ChatClient } from '../../client/index.js';
import type { Pace } from './pace.js';
import type { Tally } from './tally.js';

/** Answers of one slot that share a reading of the clock: some ten microseconds. */
const answersPerReading = 16;

export interface SenderOptions {
  readonly index: number;
  readonly client: ChatClient;
  readonly pace: Pace;
  readonly tally: Tally;
  readonly clock: Clock;
  readonly inFlight: number;
  readonly rooms: readonly string[];
  /** A power of two of them. */
  readonly payloads: readonly Uint8Array[];
  /** How many messages in all; infinite without a bound. */
  readonly linesMax: number;
}

export class Sender {
  readonly client: ChatClient;
  readonly #index: number;
  readonly #pace: Pace;
  readonly #tally: Tally;
  readonly #clock: Clock;
  readonly #window: number;
  readonly #rooms: readonly string[];
  readonly #payloads: readonly Uint8Array[];
  /** When each message in flight was sent, or meant to be: answers of a session come in order, so a ring is enough. */
  readonly #sinceMs: Float64Array;
  readonly #mask: number;
  #linesLeft: number;
  #lastId = 0;
  #inFlight = 0;
  #stopped = false;
  #pumping = false;
  #readSlot = 0;
  #readMs = 0;
  #readFor = 0;

  constructor(options: SenderOptions) {
    this.client = options.client;
    this.#index = options.index;
    this.#pace = options.pace;
    this.#tally = options.tally;
    this.#clock = options.clock;
    this.#window = options.inFlight;
    this.#rooms = options.rooms;
    this.#payloads = options.payloads;
    this.#linesLeft = options.linesMax;
    const ring = 2 ** Math.ceil(Math.log2(options.inFlight));
    this.#sinceMs = new Float64Array(ring);
    this.#mask = ring - 1;
  }

  /** Begins; `lastId` is that of the client's last post before the load. */
  start(lastId: number, nowMs: number): void {
    this.#lastId = lastId;
    this.pump(nowMs);
  }

  /** Sends nothing more. */
  stop(): void {
    this.#stopped = true;
  }

  /** Sends what is due and has room. */
  pump(nowMs: number): void {
    if (this.#pumping) return;
    this.#pumping = true;
    const pace = this.#pace;
    while (this.#inFlight < this.#window && !this.#stopped && this.#linesLeft > 0) {
      const sinceMs = pace.take(nowMs);
      if (sinceMs < 0) break;
      if (!this.#post(sinceMs)) break;
    }
    if (!pace.isIdle(nowMs)) pace.blocked();
    this.#pumping = false;
  }

  /** False when the client refused it at once: then the next answer, not this loop, tries again. */
  #post(sinceMs: number): boolean {
    this.#linesLeft -= 1;
    this.#inFlight += 1;
    this.#lastId += 1;
    const id = this.#lastId;
    this.#sinceMs[id & this.#mask] = sinceMs;
    const rooms = this.#rooms;
    const room = rooms.length === 1 ? rooms[0] : rooms[(id + this.#index) % rooms.length];
    const payload = this.#payloads[(id * 31 + this.#index) & (this.#payloads.length - 1)];
    const before = this.#inFlight;
    this.client.post(room as string, payload as Uint8Array, this.#onOutcome);
    return this.#inFlight === before;
  }

  readonly #onOutcome = (code: string, slot: number, _n: number, id: number): void => {
    const nowMs = this.#now(slot);
    this.#inFlight -= 1;
    const sinceMs = this.#sinceMs[id & this.#mask] as number;
    if (code === 'ok') this.#tally.onOk(sinceMs, nowMs, this.#index);
    else this.#tally.onLost(sinceMs, nowMs, code === 'UNKNOWN' ? 'unknown' : 'failed');
    if (!this.#stopped) this.pump(nowMs);
  };

  /** The answers of one slot come in one frame, one after the other. */
  #now(slot: number): number {
    if (slot === 0 || slot !== this.#readSlot || this.#readFor === 0) {
      this.#readMs = this.#clock.monotonicMs();
      this.#readSlot = slot;
      this.#readFor = answersPerReading;
    }
    this.#readFor -= 1;
    return this.#readMs;
  }
}
