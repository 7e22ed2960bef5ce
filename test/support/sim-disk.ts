/**
 * A disk for tests and the simulator: finishes operations through a scheduler, and after `crash()` looks as a real one
 * does when the power failed: what was synced is there; of what was not, any part may be, in any order and torn
 * anywhere.
 */
import { assert, type Prng } from '../../src/base/index.js';
import type { Disk, Done, ReadDone } from '../../src/storage/index.js';

/** Runs `act`, the end of an `operation`, after `delayUs` of simulated time. Never before it returns. */
export type Schedule = (delayUs: number, act: () => void, operation: SimOperation) => void;

export type LatencyRange = readonly [lowUs: number, highUs: number];

export interface SimDiskOptions {
  readonly schedule: Schedule;
  readonly random: Prng;
  readonly writeUs?: LatencyRange;
  readonly syncUs?: LatencyRange;
  readonly readUs?: LatencyRange;
  readonly directoryUs?: LatencyRange;
  /** All files together may not grow beyond this; writes that would are cut short and answered with ENOSPC. */
  readonly capacityBytes?: number;
}

/** What a failing operation is answered with. */
export type SimFault = 'EIO' | 'ENOSPC';
export type SimOperation = 'write' | 'sync' | 'read' | 'truncate' | 'rename' | 'remove' | 'syncDirectory';

const SECTOR_BYTES = 512;

/** A change of a file that no sync has covered yet. */
type Change =
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly length: number };

class SimFile {
  /** What programs see, and what would be left if only synced changes survived. */
  current: Bytes;
  durable: Bytes;
  unsynced: Change[] = [];
  /** Where the newest synced write begins: in a log it proves that everything before it had been durable. */
  provenBytes = 0;

  constructor(content = new Bytes(Buffer.alloc(0))) {
    this.current = content;
    this.durable = content.fork();
  }
}

/** A growing array of bytes, zero where nothing was written; copies share their memory until one of them changes. */
class Bytes {
  #held: Buffer;
  #isShared = false;
  length: number;

  /** Takes `held` over. */
  constructor(held: Buffer) {
    this.#held = held;
    this.length = held.length;
  }

  /** A copy. */
  fork(): Bytes {
    const copy = new Bytes(this.#held);
    copy.length = this.length;
    copy.#isShared = true;
    this.#isShared = true;
    return copy;
  }

  /** To be read only. */
  get content(): Buffer {
    return this.#held.subarray(0, this.length);
  }

  /** To be changed. */
  own(): Buffer {
    if (this.#isShared) {
      this.#held = Buffer.from(this.#held);
      this.#isShared = false;
    }
    return this.content;
  }

  apply(change: Change): void {
    this.own();
    if (change.kind === 'truncate') {
      this.#resize(change.length);
      return;
    }
    const end = change.offset + change.bytes.length;
    if (end > this.length) this.#resize(end);
    change.bytes.copy(this.#held, change.offset);
  }

  #resize(length: number): void {
    if (length > this.#held.length) {
      const grown = Buffer.alloc(Math.max(length, 2 * this.#held.length));
      this.content.copy(grown);
      this.#held = grown;
    } else if (length < this.length) {
      this.#held.fill(0, length, this.length);
    }
    this.length = length;
  }
}

/** A change of the directory that no syncDirectory has covered yet. */
type NameChange =
  | { readonly kind: 'create'; readonly name: string; readonly file: SimFile }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'remove'; readonly name: string };

function applyName(names: Map<string, SimFile>, change: NameChange): void {
  if (change.kind === 'create') names.set(change.name, change.file);
  else if (change.kind === 'remove') names.delete(change.name);
  else {
    const file = names.get(change.from);
    if (file === undefined) return;
    names.delete(change.from);
    names.set(change.to, file);
  }
}

export class SimDisk implements Disk {
  readonly #options: SimDiskOptions;
  readonly #random: Prng;
  #names = new Map<string, SimFile>();
  #durableNames = new Map<string, SimFile>();
  #nameChanges: NameChange[] = [];
  #dead = false;
  #faults: { operation: SimOperation; fault: SimFault; name: RegExp; times: number }[] = [];
  /** How often each operation was asked for. */
  readonly counts: Record<SimOperation, number> = {
    write: 0,
    sync: 0,
    read: 0,
    truncate: 0,
    rename: 0,
    remove: 0,
    syncDirectory: 0,
  };
  /** Change it to let a full disk have space again; undefined: endless. */
  capacityBytes: number | undefined;
  /** Sees every operation when it is asked for, before it does anything. */
  onOperation: ((operation: SimOperation, name: string) => void) | undefined;

  constructor(options: SimDiskOptions) {
    this.#options = options;
    this.#random = options.random;
    this.capacityBytes = options.capacityBytes;
  }

  // --- what tests do to it ---------------------------------------------------------------------------------------

  /** The next `times` operations on names that match are answered with `fault` and do nothing (a write: a part). */
  inject(operation: SimOperation, fault: SimFault, name = /./, times = 1): void {
    this.#faults.push({ operation, fault, name, times });
  }

  /** Inverts one bit of a file, on the platter and in the cache. */
  flipBit(name: string, offset: number, bit: number): void {
    const file = this.#file(name);
    for (const bytes of [file.current, file.durable]) {
      if (offset < bytes.length) bytes.own()[offset] = (bytes.content[offset] as number) ^ (1 << bit);
    }
  }

  /**
   * Damages something that is durable, in a file that matches, and that a later synced write proves to have been: no
   * local rule could tell other damage from a torn write. `bit`: one bit is inverted; `stray`: a sector was written to
   * the place of another one, its own holds nothing. `place` chooses where; false if there is nothing to damage.
   */
  damage(way: 'bit' | 'stray', name: RegExp, place: number): boolean {
    const files = [...this.#names].filter(([known]) => name.test(known)).sort(([a], [b]) => (a < b ? -1 : 1));
    const unit = way === 'bit' ? 1 : SECTOR_BYTES;
    const counts = files.map(([, file]) => Math.floor(file.provenBytes / unit));
    const sum = counts.reduce((total, count) => total + count, 0);
    if (sum === 0) return false;
    let at = place % sum;
    let which = 0;
    for (; at >= (counts[which] as number); which++) at -= counts[which] as number;
    const [chosen, { current, durable, provenBytes }] = files[which] as [string, SimFile];
    if (way === 'bit') {
      this.flipBit(chosen, at, place % 8);
      return true;
    }
    const from = at * SECTOR_BYTES;
    const to = ((at + 1) * SECTOR_BYTES) % (Math.floor(provenBytes / SECTOR_BYTES) * SECTOR_BYTES);
    const sector = Buffer.from(current.content.subarray(from, from + SECTOR_BYTES));
    if (isZero(sector) && isZero(current.content.subarray(to, to + SECTOR_BYTES))) return false;
    for (const bytes of [current, durable]) {
      bytes.own().fill(0, from, from + SECTOR_BYTES);
      if (to !== from) sector.copy(bytes.own(), to);
    }
    return true;
  }

  /** Sets a file's content, all of it synced. */
  put(name: string, content: Buffer): void {
    this.#keep(name, new Bytes(Buffer.from(content)), 0);
  }

  #keep(name: string, content: Bytes, provenBytes: number): void {
    const file = new SimFile(content);
    file.provenBytes = provenBytes;
    this.#names.set(name, file);
    this.#durableNames.set(name, file);
  }

  /** What programs see in a file now; a copy. */
  content(name: string): Buffer {
    return Buffer.from(this.#file(name).current.content);
  }

  /** Bytes that a crash now might drop: written since the last sync of their file. */
  get unsyncedBytes(): number {
    let bytes = 0;
    for (const { unsynced } of this.#names.values()) {
      for (const change of unsynced) if (change.kind === 'write') bytes += change.bytes.length;
    }
    return bytes;
  }

  /** A disk of its own with the same content, all of it synced: the state after an orderly stop. */
  copy(options: SimDiskOptions = this.#options): SimDisk {
    const next = new SimDisk(options);
    for (const [name, file] of this.#names) next.put(name, file.current.content);
    return next;
  }

  /** The power fails: nothing under way is answered any more. Returns the disk as the next start finds it. */
  crash(options: SimDiskOptions = this.#options): SimDisk {
    this.#dead = true;
    const names = new Map(this.#durableNames);
    // A journal commits names in order, so a part from the front survives.
    const kept = this.#random.below(this.#nameChanges.length + 1);
    for (const change of this.#nameChanges.slice(0, kept)) applyName(names, change);
    const next = new SimDisk(options);
    next.capacityBytes = this.capacityBytes;
    for (const [name, file] of names) next.#keep(name, this.#afterPowerLoss(file), file.provenBytes);
    return next;
  }

  /**
   * The process dies, the machine goes on: everything written is there, but what no sync covered is still in the page
   * cache only and may be lost by a later crash. Nothing is answered any more.
   */
  kill(options: SimDiskOptions = this.#options): SimDisk {
    this.#dead = true;
    const next = new SimDisk(options);
    next.capacityBytes = this.capacityBytes;
    next.#names = this.#names;
    next.#durableNames = this.#durableNames;
    next.#nameChanges = this.#nameChanges;
    return next;
  }

  #afterPowerLoss(file: SimFile): Bytes {
    const bytes = file.durable.fork();
    const mode = this.#random.below(4);
    for (const change of file.unsynced) {
      if (mode === 0) continue;
      if (mode === 1 || change.kind === 'truncate') {
        if (this.#random.chance(1, 2)) bytes.apply(change);
      } else if (mode === 2) {
        const length = this.#random.below(change.bytes.length + 1);
        bytes.apply({ ...change, bytes: change.bytes.subarray(0, length) });
      } else {
        this.#someSectors(bytes, change.offset, change.bytes);
      }
    }
    return bytes;
  }

  #someSectors(bytes: Bytes, offset: number, written: Buffer): void {
    for (let at = offset; at < offset + written.length; ) {
      const end = Math.min(offset + written.length, (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES);
      const part = written.subarray(at - offset, end - offset);
      if (this.#random.chance(1, 2)) bytes.apply({ kind: 'write', offset: at, bytes: part });
      at = end;
    }
  }

  // --- Disk ------------------------------------------------------------------------------------------------------

  list(): string[] {
    this.#alive();
    return [...this.#names.keys()];
  }

  size(name: string): number | undefined {
    return this.#names.get(name)?.current.length;
  }

  readSync(name: string, offset: number, target: Buffer): number {
    this.#alive();
    return this.#file(name).current.content.copy(target, 0, offset);
  }

  read(name: string, offset: number, length: number, done: ReadDone): void {
    const fault = this.#begin('read', name);
    const missing = this.#names.get(name) === undefined ? systemError('ENOENT', name) : undefined;
    const error = fault ?? missing;
    const bytes =
      error === undefined
        ? Buffer.from(this.#file(name).current.content.subarray(offset, offset + length))
        : Buffer.alloc(0);
    this.#later('read', this.#options.readUs, () => done(error, bytes));
  }

  write(name: string, offset: number, buffers: readonly Uint8Array[], done: Done): void {
    const fault = this.#begin('write', name);
    const file = this.#names.get(name) ?? this.#create(name);
    const bytes = Buffer.concat(buffers);
    const room = this.#room(file, offset + bytes.length);
    const error = fault ?? (room < 0 ? systemError('ENOSPC', name) : undefined);
    const taken =
      error === undefined ? bytes.length : Math.max(0, Math.min(bytes.length - 1, bytes.length + Math.min(room, 0)));
    const part = fault === undefined ? taken : this.#random.below(bytes.length + 1);
    if (part > 0) this.#change(file, { kind: 'write', offset, bytes: bytes.subarray(0, part) });
    this.#later('write', this.#options.writeUs, () => done(error));
  }

  sync(name: string, done: Done): void {
    const error = this.#begin('sync', name);
    const file = this.#file(name);
    const covered = file.unsynced.length;
    // After a failed sync the pages are marked clean and gone: a later sync "succeeds" without them.
    const finish = (): void => {
      const changes = file.unsynced.splice(0, covered);
      if (error === undefined) for (const change of changes) sync(file, change);
      done(error);
    };
    this.#later('sync', this.#options.syncUs, finish);
  }

  truncate(name: string, length: number, done: Done): void {
    const error = this.#begin('truncate', name);
    if (error === undefined) this.#change(this.#file(name), { kind: 'truncate', length });
    this.#later('truncate', this.#options.writeUs, () => done(error));
  }

  rename(from: string, to: string, done: Done): void {
    const error = this.#begin('rename', from);
    if (error === undefined) {
      this.#file(from);
      this.#changeName({ kind: 'rename', from, to });
    }
    this.#later('rename', this.#options.directoryUs, () => done(error));
  }

  remove(name: string, done: Done): void {
    const error = this.#begin('remove', name);
    if (error === undefined) {
      this.#file(name);
      this.#changeName({ kind: 'remove', name });
    }
    this.#later('remove', this.#options.directoryUs, () => done(error));
  }

  syncDirectory(done: Done): void {
    const error = this.#begin('syncDirectory', '.');
    const covered = this.#nameChanges.length;
    this.#later('syncDirectory', this.#options.directoryUs ?? this.#options.syncUs, () => {
      const changes = this.#nameChanges.splice(0, covered);
      if (error === undefined) for (const change of changes) applyName(this.#durableNames, change);
      done(error);
    });
  }

  close(): void {
    this.#dead = true;
  }

  #alive(): void {
    assert(!this.#dead, 'the disk is gone');
  }

  #begin(operation: SimOperation, name: string): Error | undefined {
    this.#alive();
    this.counts[operation]++;
    this.onOperation?.(operation, name);
    this.#alive();
    const fault = this.#faults.find((f) => f.operation === operation && f.times > 0 && f.name.test(name));
    if (fault === undefined) return undefined;
    fault.times--;
    return systemError(fault.fault, name);
  }

  #create(name: string): SimFile {
    const file = new SimFile();
    this.#changeName({ kind: 'create', name, file });
    return file;
  }

  #file(name: string): SimFile {
    const file = this.#names.get(name);
    if (file === undefined) throw systemError('ENOENT', name);
    return file;
  }

  #change(file: SimFile, change: Change): void {
    file.current.apply(change);
    file.unsynced.push(change);
  }

  #changeName(change: NameChange): void {
    applyName(this.#names, change);
    this.#nameChanges.push(change);
  }

  /** Bytes left on the disk if `file` grew to `length`; negative: that many too few. */
  #room(file: SimFile, length: number): number {
    if (this.capacityBytes === undefined || length <= file.current.length) return Number.POSITIVE_INFINITY;
    let used = length - file.current.length;
    for (const other of this.#names.values()) used += other.current.length;
    return this.capacityBytes - used;
  }

  #later(operation: SimOperation, [low, high]: LatencyRange = [0, 0], act: () => void): void {
    const alive = (): void => {
      if (!this.#dead) act();
    };
    this.#options.schedule(this.#random.between(low, high), alive, operation);
  }
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

function sync(file: SimFile, change: Change): void {
  file.durable.apply(change);
  file.provenBytes = change.kind === 'write' ? change.offset : Math.min(file.provenBytes, change.length);
}

function systemError(code: SimFault | 'ENOENT', name: string): Error {
  return Object.assign(new Error(`${code}: simulated, ${name}`), { code });
}
