/**
 * The key spaces of a state store. There are two sets of them: one is live, the other takes the state that comes from a
 * peer, until one batch makes it the live one (docs/decisions/0010).
 */
import { prefixReader, prefixStore } from './prefix-store.js';
import { prefixRange, type RowReader, type StateStore, type StoreDone } from './state-store.js';

/** Which of the two sets is live stands in the meta row. */
export type SetNumber = 0 | 1;

/** The first byte of the meta row's key, which belongs to no set. */
export const META = 0;
const SLOTS = 1;
const CHAT = 2;
/** The second set's first bytes follow the first one's. */
const SET_PREFIXES = 2;

/** Rows deleted in one batch. */
const CLEARED_AT_ONCE = 1000;

/** One set: the slot index and the chat's rows, each on its own part of the store. */
export interface StateSet {
  readonly slots: StateStore;
  readonly chat: StateStore;
}

/** The first byte of a set's slot index or chat rows in the store. */
export function prefixOf(set: SetNumber, space: keyof StateSet): number {
  return (space === 'slots' ? SLOTS : CHAT) + set * SET_PREFIXES;
}

/** The chat's rows of a set, in the store or in a snapshot of it. */
export function chatRowsOf(rows: RowReader, set: SetNumber): RowReader {
  return prefixReader(rows, prefixOf(set, 'chat'));
}

export class StateSets {
  readonly #store: StateStore;
  readonly #sets: readonly [StateSet, StateSet];
  #live: SetNumber;

  constructor(store: StateStore, live: SetNumber) {
    this.#store = store;
    this.#live = live;
    this.#sets = [setOf(store, 0), setOf(store, 1)];
  }

  get live(): SetNumber {
    return this.#live;
  }

  /** The set that is not live. */
  get spare(): SetNumber {
    return this.#live === 0 ? 1 : 0;
  }

  /** Ask for each read: the answer changes when a state is installed. */
  get liveSet(): StateSet {
    return this.#sets[this.#live];
  }

  get spareSet(): StateSet {
    return this.#sets[this.spare];
  }

  /** The meta row names the other set now. */
  switched(): void {
    this.#live = this.spare;
  }

  /** Deletes whatever stands in the set that is not live, batch by batch; a crash leaves the rest for the next time. */
  clearSpare(done: StoreDone): void {
    const spaces = (['slots', 'chat'] as const).map((space) => prefixOf(this.spare, space));
    const next = (): void => {
      const prefix = spaces[0];
      if (prefix === undefined) return done(undefined);
      const range = { ...prefixRange(Buffer.from([prefix])), limit: CLEARED_AT_ONCE };
      this.#store.iterate(range, (error, rows) => {
        if (error !== undefined) return done(error);
        if (rows.length === 0) {
          spaces.shift();
          return next();
        }
        const keys = rows.map(({ key }) => key);
        this.#store.batch([], keys, (failure) => (failure === undefined ? next() : done(failure)));
      });
    };
    next();
  }
}

function setOf(store: StateStore, set: SetNumber): StateSet {
  return { slots: prefixStore(store, prefixOf(set, 'slots')), chat: prefixStore(store, prefixOf(set, 'chat')) };
}
