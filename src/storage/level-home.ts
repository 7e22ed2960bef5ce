/** The directory of a LevelStore: opens it, and moves a damaged one aside so that the log can fill an empty one. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { storeDamage } from './errors.js';
import { LevelStore } from './level-store.js';
import { openSealed } from './sealed-store.js';
import type { StateStore, StoreHome } from './state-store.js';

/** LevelDB's pointer to everything else. Where it is missing LevelDB would take the rest for rubbish and begin anew. */
const ROOT_NAME = 'CURRENT';

export class LevelHome implements StoreHome {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  open(done: (error: Error | undefined, store?: StateStore) => void): void {
    let names: string[];
    try {
      names = namesIn(this.#directory);
    } catch (error) {
      process.nextTick(done, storeDamage(this.#directory, (error as Error).message, error as Error));
      return;
    }
    if (names.length > 0 && !names.includes(ROOT_NAME)) {
      process.nextTick(done, storeDamage(this.#directory, `its file ${ROOT_NAME} is missing`));
      return;
    }
    LevelStore.open(this.#directory, (error, store) => {
      if (store === undefined) done(error);
      else openSealed(store, this.#directory, done);
    });
  }

  /** One is kept at most: the newest tells the most, and a disk must not fill up with rotten stores. */
  setAside(done: (error: Error | undefined, name?: string) => void): void {
    const parent = path.dirname(this.#directory);
    const prefix = `${path.basename(this.#directory)}.damaged-`;
    try {
      const kept = namesIn(parent).filter((name) => name.startsWith(prefix));
      const numbers = kept.map((name) => Number(name.slice(prefix.length))).filter(Number.isSafeInteger);
      const name = `${prefix}${Math.max(0, ...numbers) + 1}`;
      fs.renameSync(this.#directory, path.join(parent, name));
      for (const old of kept) fs.rmSync(path.join(parent, old), { recursive: true, force: true });
      process.nextTick(done, undefined, name);
    } catch (error) {
      process.nextTick(done, error as Error);
    }
  }
}

function namesIn(directory: string): string[] {
  return fs.existsSync(directory) ? fs.readdirSync(directory) : [];
}
