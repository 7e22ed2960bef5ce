/** One client that posts by a rule, with a number of lines in flight, and counts how each ended. */
import type { RecordableHistogram } from 'node:perf_hooks';
import type { ChatClient } from '../src/client/index.js';

export interface PumpRule {
  readonly inFlight: number;
  /** Where and what the nth line is, counted from 1. */
  readonly room: (n: number) => string;
  readonly text: (n: number) => string | Uint8Array;
  /** Ends by itself after so many; without it `stop` ends it. */
  readonly linesMax?: number;
}

export interface Pumped {
  readonly ok: number;
  /** Failed, or of an unknown end. */
  readonly lost: number;
}

/** Posts from its construction on. */
export class Pump {
  /** Resolves once the last line has come to its end. */
  readonly ended: Promise<Pumped>;
  readonly #client: ChatClient;
  readonly #rule: PumpRule;
  readonly #startMs: Float64Array;
  #histogram: RecordableHistogram | undefined;
  #sent = 0;
  #open = 0;
  #ok = 0;
  #lost = 0;
  #isStopped = false;
  #end: (pumped: Pumped) => void = () => undefined;

  constructor(client: ChatClient, rule: PumpRule) {
    this.#client = client;
    this.#rule = rule;
    this.#startMs = new Float64Array(rule.inFlight);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    for (let i = 0; i < rule.inFlight; i++) this.#next();
  }

  /** Records the latencies of lines that end from now on, in microseconds; several pumps may share a histogram. */
  recordInto(histogram: RecordableHistogram): void {
    this.#histogram = histogram;
  }

  /** Posts nothing more. */
  stop(): void {
    this.#isStopped = true;
    if (this.#open === 0) this.#end({ ok: this.#ok, lost: this.#lost });
  }

  #next(): void {
    const { linesMax = Number.POSITIVE_INFINITY, room, text } = this.#rule;
    if (this.#isStopped || this.#sent >= linesMax) {
      if (this.#open === 0) this.#end({ ok: this.#ok, lost: this.#lost });
      return;
    }
    this.#sent += 1;
    this.#open += 1;
    const nowMs = performance.now();
    const id = this.#client.post(room(this.#sent), text(this.#sent), this.#onEnd);
    this.#startMs[id % this.#startMs.length] = nowMs;
  }

  readonly #onEnd = (code: string, _slot: number, _n: number, id: number): void => {
    this.#open -= 1;
    if (code === 'ok') this.#ok += 1;
    else this.#lost += 1;
    const tookMs = performance.now() - (this.#startMs[id % this.#startMs.length] ?? 0);
    this.#histogram?.record(Math.max(1, Math.round(tookMs * 1000)));
    this.#next();
  };
}
