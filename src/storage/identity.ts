/**
 * Who this data directory belongs to: birth id, incarnation counter, own id and the seal, in one small file that is
 * replaced as a whole (write new, sync, rename, sync the directory). What it says is durable before anybody is told.
 */
import { asBuffer, assert, crc32, equalBytes, failStep, fromHex, toHex } from '../base/index.js';
import type { Incarnation, Member, ServerId, Slot } from '../wire/index.js';
import type { Disk, Done } from './disk.js';
import { diskError, StorageError, waysOn } from './errors.js';
import { segmentNumber, type WalIdentity } from './segment.js';
import { runSteps } from './steps.js';

export const IDENTITY_NAME = 'identity';
const NEW_NAME = 'identity.new';
const FORMAT = 1;
/** With what programs of format 1 cannot read, {@link Demands}: they must not start on such a directory. */
const FORMAT_DEMANDS = 2;
const COUNTER_MAX = 2 ** 21 - 1;

/** The cluster this directory belongs to, once it is sealed. */
export interface Seal {
  /** 16 bytes. */
  readonly clusterId: Uint8Array;
  readonly epoch: number;
  readonly members: readonly Member[];
}

export interface DirectoryOptions {
  /** The id asked for; 0 takes what the directory says (which may be 0 as well). */
  readonly serverId: ServerId;
  /** Cryptographically strong random bytes (node:crypto), or seeded ones in a simulator. */
  readonly randomBytes: (count: number) => Uint8Array;
  /**
   * Makes a new directory for a cluster that begins with the state of this slot. Until {@link Directory.complete} it
   * does not open a second time, whoever finds it and whatever it holds by then.
   */
  readonly origin?: Slot;
}

export type DirectoryDone = (error: Error | undefined, directory?: Directory) => void;

/** What a program must know of before it starts on a directory: 0.6.0 does not, refuses, and leaves it as it is. */
export interface Demands {
  /**
   * The slot with whose state the cluster began, 0 if it began with nothing. No log leads to that state: without one in
   * its store the directory must not be started.
   */
  readonly origin: Slot;
  /** Operators have decided something: whoever applies their items otherwise comes to another state. */
  readonly decisions: boolean;
}

interface Contents extends Demands {
  readonly serverId: ServerId;
  readonly birthId: Uint8Array;
  readonly counter: number;
  /** A log was begun here: one that is missing was lost. */
  readonly logBegun: boolean;
  readonly seal: Seal | undefined;
  /** A restore is making it, or was. */
  readonly unfinished: boolean;
}

export class Directory {
  readonly #disk: Disk;
  #contents: Contents;
  readonly incarnation: Incarnation;
  #writing = false;

  private constructor(disk: Disk, contents: Contents, incarnation: Incarnation) {
    this.#disk = disk;
    this.#contents = contents;
    this.incarnation = incarnation;
  }

  /**
   * Reads the identity, or makes one in a directory that has none, and counts this life: when `done` is called the
   * birth id and the counter are on disk. The caller holds the directory's lock.
   */
  static open(disk: Disk, options: DirectoryOptions, done: DirectoryDone): void {
    let old: Contents | undefined;
    try {
      old = readContents(disk);
      if (old?.unfinished === true) throw unfinishedRestore();
      checkId(old, options.serverId);
    } catch (error) {
      done(error as Error);
      return;
    }
    assert(options.origin === undefined || old === undefined, 'only a new directory is given an origin');
    const counter = (old?.counter ?? 0) + 1;
    assert(counter <= COUNTER_MAX, 'a directory has two million lives');
    const contents: Contents = {
      serverId: options.serverId !== 0 ? options.serverId : (old?.serverId ?? 0),
      birthId: old?.birthId ?? Buffer.from(options.randomBytes(16)),
      counter,
      logBegun: old?.logBegun ?? false,
      seal: old?.seal,
      origin: old?.origin ?? options.origin ?? 0,
      decisions: old?.decisions ?? false,
      unfinished: options.origin !== undefined,
    };
    const incarnation = counter * 0x1_0000_0000 + asBuffer(options.randomBytes(4)).readUInt32BE(0);
    const directory = new Directory(disk, contents, incarnation);
    directory.#write(contents, (error) => (error === undefined ? done(undefined, directory) : done(error)));
  }

  /** A restore made this and did not come to its end: nothing has ever started here. Throws what reading throws. */
  static isUnfinished(disk: Disk): boolean {
    return readContents(disk)?.unfinished === true;
  }

  /** 0 until the balancer or the command line has given one. */
  get serverId(): ServerId {
    return this.#contents.serverId;
  }

  /** 16 bytes, made with the directory. */
  get birthId(): Uint8Array {
    return this.#contents.birthId;
  }

  get seal(): Seal | undefined {
    return this.#contents.seal;
  }

  /** As far as this directory knows. */
  get demands(): Demands {
    const { origin, decisions } = this.#contents;
    return { origin, decisions };
  }

  /** True once {@link logBegun} was called in any life: `Wal.open` must then find a log. */
  get expectLog(): boolean {
    return this.#contents.logBegun;
  }

  /** What the log's segments carry. Only for a sealed directory with an id. */
  get walIdentity(): WalIdentity {
    const { seal, serverId, birthId } = this.#contents;
    assert(seal !== undefined && serverId !== 0, 'the log is opened after the seal');
    return { ...seal, serverId, birthId, incarnation: this.incarnation };
  }

  /** Keeps the id that the balancer gave to a server started without one. */
  setServerId(serverId: ServerId, done: Done): void {
    const held = this.#contents.serverId;
    if (held === serverId) done(undefined);
    else if (held === 0) this.#write({ ...this.#contents, serverId }, done);
    else done(wrongId(held, serverId));
  }

  /**
   * Keeps the seal. A directory that is sealed already keeps its own: members of another epoch are what the log makes
   * of them. Another cluster, or other members at the same epoch, give FOREIGN_CLUSTER.
   */
  setSeal(seal: Seal, done: Done): void {
    const held = this.#contents.seal;
    if (held === undefined) {
      const members = seal.members.map(({ id, birthId }) => ({ id, birthId: Buffer.from(birthId) }));
      this.#write({ ...this.#contents, seal: { ...seal, clusterId: Buffer.from(seal.clusterId), members } }, done);
      return;
    }
    const same = equalBytes(held.clusterId, seal.clusterId);
    if (same && (held.epoch !== seal.epoch || sameMembers(held, seal))) done(undefined);
    else done(foreignCluster(held.clusterId, seal.clusterId));
  }

  /** All that a directory with an origin begins with is on disk: from now on it opens as any other. */
  complete(done: Done): void {
    const held = this.#contents;
    assert(
      held.unfinished && held.seal !== undefined && held.logBegun,
      'a restored directory is completed once, whole',
    );
    this.#write({ ...held, unfinished: false }, done);
  }

  /**
   * Keeps what the state here demands: its origin, once that is in the store, and that there are decisions. That was
   * said for good: after a kill the log may not know yet that the first one is chosen, but holds it.
   */
  demand({ origin, decisions }: Demands, done: Done): void {
    const held = this.#contents;
    assert(held.origin === origin || held.origin === 0, 'a cluster begins once');
    if (held.origin === origin && (held.decisions || !decisions)) done(undefined);
    else this.#write({ ...held, origin, decisions: held.decisions || decisions }, done);
  }

  /** The log's first segment is on disk; to be durable before the first vote leaves. */
  logBegun(done: Done): void {
    if (this.#contents.logBegun) done(undefined);
    else this.#write({ ...this.#contents, logBegun: true }, done);
  }

  #write(contents: Contents, done: Done): void {
    assert(!this.#writing, 'the identity is written once at a time');
    this.#writing = true;
    const disk = this.#disk;
    const bytes = encodeContents(contents);
    const steps = [
      (next: Done) => (disk.size(NEW_NAME) === undefined ? next(undefined) : disk.remove(NEW_NAME, next)),
      failStep('identity.before-write'),
      (next: Done) => disk.write(NEW_NAME, 0, [bytes], next),
      failStep('identity.after-write'),
      (next: Done) => disk.sync(NEW_NAME, next),
      failStep('identity.after-sync'),
      (next: Done) => disk.rename(NEW_NAME, IDENTITY_NAME, next),
      failStep('identity.after-rename'),
      (next: Done) => disk.syncDirectory(next),
      failStep('identity.after-directory-sync'),
    ];
    runSteps(steps, (error) => {
      this.#writing = false;
      if (error === undefined) this.#contents = contents;
      done(error === undefined ? undefined : diskError(`writing ${IDENTITY_NAME}`, error));
    });
  }
}

/** `clusterId` is shown by its first 8 digits, as everywhere. */
function foreignCluster(held: Uint8Array, met: Uint8Array): StorageError {
  return new StorageError(
    'FOREIGN_CLUSTER',
    `this data directory belongs to cluster ${toHex(held).slice(0, 8)}, the balancer speaks for ` +
      `${toHex(met).slice(0, 8)} or for other members: start with the data directory of that cluster, or with another balancer`,
  );
}

function wrongId(held: ServerId, asked: ServerId): StorageError {
  return new StorageError(
    'WRONG_ID',
    `this data directory belongs to server ${held}, not ${asked}: start with --id ${held}, or with another --data-dir`,
  );
}

function unfinishedRestore(): StorageError {
  return new StorageError(
    'RESTORE_UNFINISHED',
    'this data directory is of a restore that was interrupted: give `synod snapshot restore` again, with a new --data-dir ' +
      'if this directory was moved, and start what that makes',
  );
}

function checkId(old: Contents | undefined, asked: ServerId): void {
  if (old !== undefined && old.serverId !== 0 && asked !== 0 && old.serverId !== asked)
    throw wrongId(old.serverId, asked);
}

function sameMembers(a: Seal, b: Seal): boolean {
  if (a.members.length !== b.members.length) return false;
  return a.members.every(({ id, birthId }) => b.members.some((m) => m.id === id && equalBytes(m.birthId, birthId)));
}

/** One line of JSON that people can read, and a line with its checksum. */
function encodeContents(contents: Contents): Buffer {
  const { seal, origin, decisions, unfinished } = contents;
  const text = JSON.stringify({
    format: origin === 0 && !decisions ? FORMAT : FORMAT_DEMANDS,
    serverId: contents.serverId,
    birthId: toHex(contents.birthId),
    counter: contents.counter,
    logBegun: contents.logBegun,
    ...(seal !== undefined && {
      clusterId: toHex(seal.clusterId),
      epoch: seal.epoch,
      members: seal.members.map(({ id, birthId }) => ({ id, birthId: toHex(birthId) })),
    }),
    ...(origin !== 0 && { origin }),
    ...(decisions && { decisions }),
    ...(unfinished && { unfinished }),
  });
  return Buffer.from(`${text}\n${checksum(text)}\n`);
}

function checksum(text: string): string {
  return crc32(Buffer.from(text)).toString(16).padStart(8, '0');
}

function damaged(what: string): StorageError {
  return new StorageError(
    'IDENTITY_DAMAGED',
    `the file ${IDENTITY_NAME} in the data directory ${what}: put a copy of its latest version back, never an older one ` +
      `(it would reuse ballots), and ${waysOn('that')}`,
  );
}

function readContents(disk: Disk): Contents | undefined {
  const size = disk.size(IDENTITY_NAME);
  if (size === undefined) {
    if (!disk.list().some((name) => segmentNumber(name) !== undefined)) return undefined;
    throw new StorageError(
      'IDENTITY_MISSING',
      `the data directory holds a log but no file ${IDENTITY_NAME}: without it this server cannot know which lives it has ` +
        `lived and must not vote; put its latest copy back and ${waysOn('that')}`,
    );
  }
  const bytes = Buffer.alloc(size);
  const text = bytes.toString('utf8', 0, disk.readSync(IDENTITY_NAME, 0, bytes));
  const [json = '', sum = '', ...rest] = text.split('\n');
  if (sum !== checksum(json) || rest.join('') !== '') throw damaged('fails its checksum');
  return decodeContents(json);
}

/** A checksum that holds proves who wrote the line, not that its fields are what they are named. */
function decodeContents(json: string): Contents {
  const raw = parseObject(json);
  if (raw.format !== FORMAT && raw.format !== FORMAT_DEMANDS)
    throw damaged(`has format ${raw.format}, which this program does not know`);
  const { clusterId, logBegun } = raw;
  if (typeof logBegun !== 'boolean') throw damaged('does not say whether a log was begun');
  const serverId = integer(raw.serverId, 0, 0xffff);
  const birthId = bytes16(raw.birthId);
  // The life that is about to begin needs a number, too.
  const counter = integer(raw.counter, 1, COUNTER_MAX - 1);
  const demands = raw.format === FORMAT ? { origin: 0, decisions: false, unfinished: false } : decodeDemands(raw);
  if (clusterId === undefined) return { serverId, birthId, counter, logBegun, seal: undefined, ...demands };
  const epoch = integer(raw.epoch, 0, Number.MAX_SAFE_INTEGER);
  if (!Array.isArray(raw.members)) throw damaged('holds no list of members');
  const members = (raw.members as unknown[]).map((member): Member => {
    if (typeof member !== 'object' || member === null) throw damaged('holds a member that is none');
    const { id, birthId } = member as Record<string, unknown>;
    return { id: integer(id, 1, 0xffff), birthId: bytes16(birthId) };
  });
  return { serverId, birthId, counter, logBegun, seal: { clusterId: bytes16(clusterId), epoch, members }, ...demands };
}

function decodeDemands(raw: Record<string, unknown>): Demands & Pick<Contents, 'unfinished'> {
  const { decisions = false, unfinished = false } = raw;
  if (typeof unfinished !== 'boolean') throw damaged('does not say whether it is finished');
  if (typeof decisions !== 'boolean') throw damaged('does not say whether there are decisions');
  const origin = raw.origin === undefined ? 0 : integer(raw.origin, 1, Number.MAX_SAFE_INTEGER);
  if (origin === 0 && !decisions) throw damaged('demands nothing that is known');
  return { origin, decisions, unfinished };
}

function parseObject(json: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    if (error instanceof SyntaxError) throw damaged('is not JSON');
    throw error;
  }
  if (typeof value !== 'object' || value === null) throw damaged('holds no fields');
  return value as Record<string, unknown>;
}

function integer(value: unknown, low: number, high: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < low || value > high)
    throw damaged('holds a number that is none');
  return value;
}

function bytes16(hex: unknown): Buffer {
  const bytes = typeof hex === 'string' ? fromHex(hex) : undefined;
  if (bytes?.length !== 16) throw damaged('holds an id that is none');
  return Buffer.from(bytes);
}
