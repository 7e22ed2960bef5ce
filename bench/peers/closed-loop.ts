/** The one load of every system: each client keeps a number of appends in flight; every end is counted. */

import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { Outcome, PeerClient } from './peer.js';

/** How long appends in flight may take to come home after the window, in ms (CONTRACT.md: bench). */
const drainMs = 5_000;
const drainProbeMs = 5;
/** After an append that was not acknowledged its place in the loop rests: a dead connection must not spin. */
const restMs = 10;

export interface Window {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export type Counts = Readonly<Record<Outcome, number>>;

export class ClosedLoop {
  readonly #clients: readonly PeerClient[];
  readonly #inFlight: number;
  readonly #value: Buffer;
  readonly #counts = { ok: 0, failed: 0, unknown: 0 };
  /** Of nanoseconds. */
  #histogram: RecordableHistogram = createHistogram();
  #okBefore = 0;
  #windowStartMs = 0;
  #underWay = 0;
  #isStopped = false;

  constructor(clients: readonly PeerClient[], inFlight: number, value: Buffer) {
    this.#clients = clients;
    this.#inFlight = inFlight;
    this.#value = value;
  }

  start(): void {
    for (const client of this.#clients) for (let i = 0; i < this.#inFlight; i++) this.#place(client)();
  }

  /** Forgets what was measured so far: what follows is the window. */
  openWindow(): void {
    this.#histogram = createHistogram();
    this.#okBefore = this.#counts.ok;
    this.#windowStartMs = performance.now();
  }

  /** Figures of the window so far. */
  window(): Window {
    const seconds = (performance.now() - this.#windowStartMs) / 1_000;
    return {
      perSecond: (this.#counts.ok - this.#okBefore) / seconds,
      p50Ms: this.#histogram.percentile(50) / 1e6,
      p99Ms: this.#histogram.percentile(99) / 1e6,
    };
  }

  /** Begins nothing more and lets what is in flight come home; what does not is unknown. Counts since `start`. */
  async stop(deadlineMs = drainMs): Promise<Counts> {
    this.#isStopped = true;
    const endMs = performance.now() + deadlineMs;
    while (this.#underWay > 0 && performance.now() < endMs) await pause(drainProbeMs);
    return { ...this.#counts, unknown: this.#counts.unknown + this.#underWay };
  }

  /** One place in the loop: what begins its next append. Nothing is allocated per append. */
  #place(client: PeerClient): () => void {
    let beganMs = 0;
    const begin = (): void => {
      this.#underWay += 1;
      beganMs = performance.now();
      client.append(this.#value, done);
    };
    const done = (outcome: Outcome): void => {
      this.#underWay -= 1;
      this.#counts[outcome] += 1;
      if (outcome === 'ok') this.#histogram.record(Math.max(1, Math.round((performance.now() - beganMs) * 1e6)));
      if (this.#isStopped) return;
      if (outcome === 'ok') begin();
      else setTimeout(() => !this.#isStopped && begin(), restMs);
    };
    return begin;
  }
}
