/** What becomes of every message: the window's own are counted and timed, all acknowledgements keep the rate. */
import { type End, Series } from '../plan/series.js';

/** The window: times by the clock of the load; messages sent, or meant to be sent, within [start, end) are measured. */
export interface Window {
  readonly startMs: number;
  readonly endMs: number;
  readonly binMs: number;
}

/** The longest time without any acknowledgement. */
export interface Silence {
  /** When it began, by the clock of the load. */
  readonly atMs: number;
  readonly ms: number;
}

const closed: Window = { startMs: Number.POSITIVE_INFINITY, endMs: Number.NEGATIVE_INFINITY, binMs: 1_000 };

export class Tally {
  /** Of all messages since the load began, warm-up and drain included. */
  readonly all = { ok: 0, failed: 0, unknown: 0 };
  #window = closed;
  #series = new Series(0, closed.binMs);
  /** Acknowledgements that arrived within the window, whenever their messages were sent. */
  #arrived = 0;
  #lastOkMs = 0;
  #silenceMs = 0;
  #silenceAtMs = 0;
  /** Told of every acknowledgement. */
  onAck: ((nowMs: number, client: number) => void) | undefined;

  /** Forgets what was measured so far. */
  open(window: Window): void {
    this.#window = window;
    this.#series = new Series(window.startMs, window.binMs);
    this.#arrived = 0;
    this.#lastOkMs = window.startMs;
    this.#silenceMs = 0;
    this.#silenceAtMs = window.startMs;
  }

  get window(): Window {
    return this.#window;
  }

  /** What is sent from now on is not measured. */
  cut(endMs: number): void {
    this.#window = { ...this.#window, endMs };
  }

  get series(): Series {
    return this.#series;
  }

  get arrived(): number {
    return this.#arrived;
  }

  onOk(sentMs: number, nowMs: number, client: number): void {
    this.all.ok += 1;
    const { startMs, endMs } = this.#window;
    if (nowMs >= startMs && nowMs < endMs) {
      this.#arrived += 1;
      if (nowMs - this.#lastOkMs > this.#silenceMs) this.#silence(nowMs);
      this.#lastOkMs = nowMs;
    }
    if (sentMs >= startMs && sentMs < endMs) this.#series.recordOk(nowMs, nowMs - sentMs);
    this.onAck?.(nowMs, client);
  }

  onLost(sentMs: number, nowMs: number, end: Exclude<End, 'ok'>): void {
    this.all[end] += 1;
    const { startMs, endMs } = this.#window;
    if (sentMs >= startMs && sentMs < endMs) this.#series.recordLost(Math.max(nowMs, startMs), end);
  }

  /** The longest silence within the window, which ends at `nowMs` at the latest. */
  silence(nowMs: number): Silence {
    const endMs = Math.min(nowMs, this.#window.endMs);
    if (endMs - this.#lastOkMs > this.#silenceMs) this.#silence(endMs);
    return { atMs: this.#silenceAtMs, ms: this.#silenceMs };
  }

  #silence(untilMs: number): void {
    this.#silenceMs = untilMs - this.#lastOkMs;
    this.#silenceAtMs = this.#lastOkMs;
  }
}
