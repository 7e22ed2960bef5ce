/** Planted bugs in and around the state store (RELIABILITY.md, pitfall 31). */
import type { Prng } from '../../../src/base/index.js';
import { readU64 } from '../../../src/base/index.js';
import type { Row, StoreDone } from '../../../src/storage/index.js';
import type { SimDisk } from '../../support/sim-disk.js';
import { SimStore, type SimStoreParts } from '../sim-store.js';

/** A batch that a crash cuts off is there in part. */
export class TornStore extends SimStore {
  readonly #rows: SimStoreParts['rows'];
  #under: readonly Row[] = [];

  constructor(parts: SimStoreParts) {
    super(parts);
    this.#rows = parts.rows;
  }

  override batch(puts: readonly Row[], deletes: readonly Uint8Array[], done: StoreDone): void {
    this.#under = puts;
    super.batch(puts, deletes, (error) => {
      this.#under = [];
      done(error);
    });
  }

  override crash(random: Prng): boolean {
    if (this.#under.length > 0) this.#rows.apply(this.#under.slice(0, random.between(1, this.#under.length)), []);
    return super.crash(random);
  }
}

/** Where a checkpoint's meta row names the first segment that a restart reads (storage/checkpoint.ts). */
const replayFromAt = 28;

/** The log is cut when a checkpoint begins, not when it is on disk. */
export class EagerStore extends SimStore {
  readonly #disk: () => SimDisk;

  constructor(parts: SimStoreParts, disk: () => SimDisk) {
    super(parts);
    this.#disk = disk;
  }

  override batch(puts: readonly Row[], deletes: readonly Uint8Array[], done: StoreDone): void {
    const [meta] = puts;
    const disk = this.#disk();
    const replayFrom = meta === undefined ? 0 : readU64(meta.value, replayFromAt);
    for (const name of disk.list()) {
      const segment = Number(/^wal-0*(\d+)/.exec(name)?.[1] ?? replayFrom);
      if (segment < replayFrom) disk.remove(name, () => undefined);
    }
    super.batch(puts, deletes, done);
  }
}
