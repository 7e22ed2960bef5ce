/** Opens what a server keeps, its store and log, and joins the parts to a core. */
import { randomBytes } from 'node:crypto';
import { nodeClock, Prng } from '../../base/index.js';
import { isStoreDamage } from '../../storage/index.js';
import { Core, type CoreHooks, type CoreOptions } from './core.js';
import { demandsOf } from './demands.js';
import { openDriver } from './open-driver.js';
import { settled } from './settled.js';
import { closeStore, openStoredDriver } from './stored-driver.js';

/** Opens store and log, replays, and joins the parts. Fails with an ExitError; nothing was sent then. */
export async function openCore(options: CoreOptions): Promise<Core> {
  const { directory, disk, storeHome, logger } = options;
  const hooks: CoreHooks = {
    clients: undefined,
    transport: { send: () => undefined, flush: () => undefined },
    afterDisk: () => undefined,
    members: () => undefined,
    decided: () => undefined,
    damage: undefined,
  };
  const { store, opened } = await openStoredDriver(storeHome, logger, (store, done) => {
    openDriver(
      {
        disk,
        store,
        identity: directory.walIdentity,
        wal: { ...options.wal, ...(options.segmentBytes === undefined ? {} : walSizes(options.segmentBytes)) },
        retainBytes: options.retainBytes,
        clock: nodeClock,
        random: new Prng(randomBytes(6).readUIntBE(0, 6)),
        logger,
        transport: {
          send: (to, message) => hooks.transport.send(to, message),
          flush: (to) => hooks.transport.flush(to),
        },
        listener: {
          applied: (applied) => {
            hooks.clients?.applied(applied);
            if (applied.decisions.length > 0) hooks.decided(applied.decisions);
          },
          installed: () => {
            hooks.clients?.installed();
            hooks.decided([]);
          },
          settled: (batches) => hooks.clients?.settled(batches),
          refused: (batches) => hooks.clients?.refused(batches),
          standing: (change) => {
            logger.info('standing', { leader: change.leader, up: change.up, leading: change.leading });
            hooks.clients?.standing(change);
            options.onLoad();
          },
          read: (id, fresh) => hooks.clients?.read(id, fresh),
          stopped: () => hooks.clients?.stopped(),
        },
        onMembers: () => hooks.members(),
        onFatal: (error) => {
          if (isStoreDamage(error)) hooks.damage = error;
          options.onFatal(error);
        },
        afterDisk: () => hooks.afterDisk(),
        wanted: (room) => hooks.clients?.subscriptions.wanted(room) ?? false,
        expectLog: directory.expectLog,
        origin: directory.demands.origin,
      },
      done,
    );
  });
  try {
    await settled((done) => directory.logBegun(done));
    // An earlier life may have ended between the state and the word about it.
    await settled((done) => directory.demand(demandsOf(opened.chat), done));
    return new Core(options, store, opened, hooks);
  } catch (error) {
    await closeStore(store);
    throw error;
  }
}

function walSizes(segmentBytes: number): { segmentBytes: number; firstSegmentBytes: number } {
  return { segmentBytes, firstSegmentBytes: segmentBytes };
}
