/**
 * Silence, counted in sweeps: when to ping a quiet peer and when to give it up (RELIABILITY.md, pitfalls 35 and 37).
 */

export type LivenessVerdict = 'fine' | 'ping' | 'silent';

/**
 * Pure: `heard` at every byte, `sweep` at every tick. Time counts only while sweeps run, so our own stall blames
 * nobody.
 */
export class Liveness {
  readonly #pingEveryMs: number;
  readonly #silentMs: number;
  #quietMs = 0;
  #sincePingMs = 0;
  #heard = true;

  /** 0 switches a rule off. */
  constructor(pingEveryMs: number, silentMs: number) {
    this.#pingEveryMs = pingEveryMs;
    this.#silentMs = silentMs;
  }

  heard(): void {
    this.#heard = true;
  }

  sweep(elapsedMs: number): LivenessVerdict {
    if (this.#heard) {
      this.#heard = false;
      this.#quietMs = 0;
      this.#sincePingMs = 0;
      return 'fine';
    }
    this.#quietMs += elapsedMs;
    this.#sincePingMs += elapsedMs;
    if (this.#silentMs > 0 && this.#quietMs >= this.#silentMs) return 'silent';
    if (this.#pingEveryMs > 0 && this.#sincePingMs >= this.#pingEveryMs) {
      this.#sincePingMs = 0;
      return 'ping';
    }
    return 'fine';
  }
}
