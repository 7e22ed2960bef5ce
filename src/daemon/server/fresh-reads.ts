/** Reads of this server that must see all that was decided before: who waits for the replica's read index. */
import { limits } from '../../base/index.js';
import type { Driver } from './driver.js';

/** `fresh` is false when no majority confirmed in time that this server knows the newest. */
export type FreshDone = (fresh: boolean) => void;

export class FreshReads {
  readonly #driver: Pick<Driver, 'read'>;
  readonly #waiting = new Map<number, FreshDone>();
  #nextId = 1;

  constructor(driver: Pick<Driver, 'read'>) {
    this.#driver = driver;
  }

  /** Calls back once all that was decided before is applied here; at once, with false, when too many wait already. */
  begin(done: FreshDone): void {
    if (this.#waiting.size >= limits.readsWaitingMax) return done(false);
    const id = this.#nextId++;
    this.#waiting.set(id, done);
    this.#driver.read(id);
  }

  /** The driver's answer to `read(id)`. */
  answered(id: number, fresh: boolean): void {
    const done = this.#waiting.get(id);
    this.#waiting.delete(id);
    done?.(fresh);
  }
}
