/** Planted bugs between the log and its disk, and in what is made of a damaged log. */
import type { DamagedLog, Disk, Done } from '../../../src/storage/index.js';
import type { SimDisk } from '../../support/sim-disk.js';

/** `disk` with some operations replaced. */
function changed(disk: SimDisk, changes: Partial<Disk>): Disk {
  return {
    list: () => disk.list(),
    size: (name) => disk.size(name),
    readSync: (name, offset, target) => disk.readSync(name, offset, target),
    read: (name, offset, length, done) => disk.read(name, offset, length, done),
    write: (name, offset, buffers, done) => disk.write(name, offset, buffers, done),
    sync: (name, done) => disk.sync(name, done),
    truncate: (name, length, done) => disk.truncate(name, length, done),
    rename: (from, to, done) => disk.rename(from, to, done),
    remove: (name, done) => disk.remove(name, done),
    syncDirectory: (done) => disk.syncDirectory(done),
    close: () => disk.close(),
    ...changes,
  };
}

/** A sync that failed is tried again; the second one "succeeds", without the pages (RELIABILITY.md, pitfall 6). */
export function syncErrorRetried(disk: SimDisk): Disk {
  return changed(disk, {
    sync: (name, done) => disk.sync(name, (error) => (error === undefined ? done(undefined) : disk.sync(name, done))),
  });
}

/** A write that failed counts as done. */
export function writeErrorIgnored(disk: SimDisk): Disk {
  return changed(disk, {
    write: (name, offset, buffers, done) => disk.write(name, offset, buffers, () => done(undefined)),
  });
}

/** Every third sync of the log is left out: it only reads the file (pitfall 2, one layer below the gate). */
export function syncLeftOut(disk: SimDisk): Disk {
  let syncs = 0;
  return changed(disk, {
    sync: (name, done) => {
      syncs++;
      if (syncs % 3 === 0) disk.read(name, 0, 1, (error) => done(error));
      else disk.sync(name, done);
    },
  });
}

/** The name of a new segment is never synced (pitfall 8). */
export function directoryNotSynced(disk: SimDisk): Disk {
  const [some] = disk.list();
  return changed(disk, {
    syncDirectory: (done: Done) => (some === undefined ? disk.syncDirectory(done) : disk.read(some, 0, 1, done)),
  });
}

/** What the file shows already is not written: after a failed sync that is in no place but the cache (pitfall 6). */
export function sameBytesNotWritten(disk: SimDisk): Disk {
  return changed(disk, {
    write: (name, offset, buffers, done) => {
      const bytes = Buffer.concat(buffers);
      const held = Buffer.alloc(bytes.length);
      const same = disk.size(name) !== undefined && disk.readSync(name, offset, held) === bytes.length;
      if (same && held.equals(bytes)) disk.read(name, offset, 1, (error) => done(error));
      else disk.write(name, offset, buffers, done);
    },
  });
}

/** Damage is taken for a torn tail: the log is cut there, and the server votes on with the rest (pitfall 4). */
export function damageCutOff(disk: SimDisk, { segment, offset }: DamagedLog): boolean {
  for (const name of disk.list()) {
    const number = Number(/^wal-0*(\d+)/.exec(name)?.[1] ?? 0);
    if (number < segment) continue;
    const content = disk.content(name);
    disk.put(name, number > segment ? Buffer.alloc(content.length) : Buffer.from(content.fill(0, offset)));
  }
  return true;
}
