/**
 * A driver on its state store. The store is a cache of what the log says, but for a state that a cluster began with: a
 * damaged one is set aside, and the log is
 * replayed into an empty one, without anybody's help. Where the log does not lead there (its beginning was deleted, or
 * the cluster began with a snapshot), that fails, and nothing but the store was touched.
 */
import { failpoint, type Logger } from '../../base/index.js';
import { isStoreDamage, type StateStore, type StoreHome } from '../../storage/index.js';
import type { OpenDriverDone, OpenedDriver } from './open-driver.js';

export interface StoredDriver {
  readonly store: StateStore;
  readonly opened: OpenedDriver;
}

/** `openOn` is called a second time, with an empty store, when the first one turns out to be damaged. */
export async function openStoredDriver(
  home: StoreHome,
  logger: Logger,
  openOn: (store: StateStore, done: OpenDriverDone) => void,
): Promise<StoredDriver> {
  try {
    return await openOnce(home, openOn);
  } catch (error) {
    if (!isStoreDamage(error)) throw error;
    await setStoreAside(home, logger, (error as Error).message);
    return await openOnce(home, openOn);
  }
}

/** Says so at level error: somebody should look at the disk. */
export async function setStoreAside(home: StoreHome, logger: Logger, why: string): Promise<void> {
  failpoint('store.before-set-aside');
  const name = await new Promise<string>((resolve, reject) => {
    home.setAside((error, given) => (error === undefined ? resolve(given ?? '') : reject(error)));
  });
  failpoint('store.after-set-aside');
  logger.error('state-store-damaged', {
    text: 'the state store is damaged: it is kept aside for inspection, and made anew if the log leads there',
    name,
    why,
  });
}

async function openOnce(
  home: StoreHome,
  openOn: (store: StateStore, done: OpenDriverDone) => void,
): Promise<StoredDriver> {
  const store = await new Promise<StateStore>((resolve, reject) => {
    home.open((error, opened) => (opened === undefined ? reject(error) : resolve(opened)));
  });
  try {
    const opened = await new Promise<OpenedDriver>((resolve, reject) => {
      openOn(store, (error, result) => (result === undefined ? reject(error) : resolve(result)));
    });
    return { store, opened };
  } catch (error) {
    await closeStore(store);
    throw error;
  }
}

/** Resolves when it is closed, or cannot be. */
export function closeStore(store: StateStore): Promise<void> {
  return new Promise((resolve) => store.close(() => resolve()));
}
