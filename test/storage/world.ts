/** One thread, one queue of events, simulated time: what storage tests run the log in. Holds no tests. */
import { assert, type Clock, Prng } from '../../src/base/index.js';
import {
  type LogRecord,
  type ReadRecord,
  type Recovered,
  scanLog,
  Wal,
  type WalIdentity,
  type WalOptions,
} from '../../src/storage/index.js';
import { SimDisk, type SimDiskOptions } from '../support/sim-disk.js';

interface Event {
  readonly atUs: number;
  readonly order: number;
  act: (() => void) | undefined;
}

export class World {
  readonly random: Prng;
  #events: Event[] = [];
  #nowUs = 0;
  #order = 0;

  constructor(seed = 1) {
    this.random = new Prng(seed);
  }

  get nowUs(): number {
    return this.#nowUs;
  }

  readonly schedule = (delayUs: number, act: () => void): Event => {
    const event: Event = { atUs: this.#nowUs + delayUs, order: this.#order++, act };
    this.#events.push(event);
    return event;
  };

  readonly clock: Clock = {
    monotonicMs: () => this.#nowUs / 1000,
    wallMs: () => Math.floor(this.#nowUs / 1000),
    setTimeout: (callback, delayMs) => ({ unref() {}, event: this.schedule(delayMs * 1000, callback) }),
    clearTimeout: (timer) => {
      (timer as unknown as { event: Event }).event.act = undefined;
    },
  };

  /** Runs the next event; false if there is none. */
  step(): boolean {
    let next: Event | undefined;
    for (const event of this.#events) {
      if (next === undefined || event.atUs < next.atUs || (event.atUs === next.atUs && event.order < next.order))
        next = event;
    }
    if (next === undefined) return false;
    this.#events = this.#events.filter((event) => event !== next);
    this.#nowUs = Math.max(this.#nowUs, next.atUs);
    next.act?.();
    return true;
  }

  /** Runs events until `enough`; throws if they run out or a million were not enough. */
  until(enough: () => boolean, what: string): void {
    for (let i = 0; i < 1_000_000; i++) {
      if (enough()) return;
      assert(this.step(), `${what}: nothing left to happen`);
    }
    assert(false, `${what}: not within a million events`);
  }

  /** Runs events for `us` of simulated time. */
  run(us: number): void {
    const end = this.#nowUs + us;
    while (this.#events.some((event) => event.act !== undefined && event.atUs <= end)) this.step();
    this.#nowUs = end;
  }

  /** All pending events are forgotten, as when the process dies. */
  forget(): void {
    this.#events = [];
  }

  diskOptions(): SimDiskOptions {
    return {
      schedule: this.schedule,
      random: this.random,
      writeUs: [1, 30],
      syncUs: [50, 400],
      readUs: [5, 100],
      directoryUs: [20, 200],
    };
  }

  disk(): SimDisk {
    return new SimDisk(this.diskOptions());
  }
}

export function testIdentity(counter = 1, overrides: Partial<WalIdentity> = {}): WalIdentity {
  const birthId = Buffer.alloc(16, 7);
  return {
    clusterId: Buffer.alloc(16, 3),
    serverId: 2,
    birthId,
    epoch: 1,
    incarnation: counter * 0x1_0000_0000 + 17,
    members: [
      { id: 1, birthId: Buffer.alloc(16, 6) },
      { id: 2, birthId },
      { id: 3, birthId: Buffer.alloc(16, 8) },
    ],
    ...overrides,
  };
}

/** An open log with everything it told. */
export interface OpenLog {
  readonly wal: Wal;
  readonly recovered: Recovered;
  readonly durable: number[];
  readonly full: boolean[];
  readonly fatal: Error[];
}

export type TestWalOptions = Partial<WalOptions> & { readonly identity?: WalIdentity };

/** Begins to open a log; `opened` is called when that is over. */
export function beginOpen(
  world: World,
  disk: SimDisk,
  options: TestWalOptions,
  opened: (error: Error | undefined, log?: OpenLog) => void,
): void {
  const durable: number[] = [];
  const full: boolean[] = [];
  const fatal: Error[] = [];
  const { identity = testIdentity(), ...rest } = options;
  Wal.open(
    disk,
    identity,
    {
      clock: world.clock,
      segmentBytes: 8192,
      firstSegmentBytes: 8192,
      onDurable: (records) => durable.push(records),
      onFull: (value) => full.push(value),
      onFatal: (error) => fatal.push(error),
      ...rest,
    },
    (error, result) => opened(error, result && { ...result, durable, full, fatal }),
  );
}

/** Opens a log and runs the world until it is open. Throws what `Wal.open` says. */
export function openLog(world: World, disk: SimDisk, options: TestWalOptions = {}): OpenLog {
  let failure: Error | undefined;
  let log: OpenLog | undefined;
  beginOpen(world, disk, options, (error, result) => {
    failure = error;
    log = result;
  });
  world.until(() => failure !== undefined || log !== undefined, 'opening the log');
  if (failure !== undefined) throw failure;
  assert(log !== undefined, 'opened');
  return log;
}

/** Appends the records as one turn and waits until they are durable. */
export function appendDurably(world: World, log: OpenLog, records: readonly LogRecord[]): void {
  for (const record of records) log.wal.append(record);
  const want = log.wal.appendedRecords;
  log.wal.flush();
  world.until(() => log.wal.durableRecords >= want, `${want} records durable`);
}

export function closeLog(world: World, log: OpenLog): void {
  let closed = false;
  log.wal.close(() => {
    closed = true;
  });
  world.until(() => closed, 'closing the log');
}

const PREAMBLE_END = 4096 + 50 + 40;

/** Every appended record that the log holds, in order: marks and what each segment begins with are left out. */
export function recordsIn(disk: SimDisk, identity: WalIdentity | undefined = testIdentity(1000)): LogRecord[] {
  const records: LogRecord[] = [];
  scanLog(disk, {
    ...(identity && { identity }),
    visit: (_segment, { place, record }) => {
      if (record.kind === 'mark' || record.kind === 'history' || place.offset < PREAMBLE_END) return;
      records.push('value' in record ? { ...record, value: Buffer.from(record.value) } : record);
    },
  });
  return records;
}

/** A record in a form that can be compared at a glance. */
export function show(record: ReadRecord['record']): string {
  switch (record.kind) {
    case 'promise':
      return `promise ${record.ballot.round}.${record.ballot.server}.${record.ballot.incarnation}`;
    case 'commit':
      return `commit ${record.upto}`;
    case 'history':
      return `history ${record.slot} ${Buffer.from(record.value).toString('hex')}`;
    case 'mark':
      return 'mark';
    default: {
      const { ballot, slot, value } = record;
      return `${record.kind} ${slot} at ${ballot.round}.${ballot.server}.${ballot.incarnation} ${Buffer.from(value).toString('hex')}`;
    }
  }
}

/** A plausible stream of records: votes for rising slots, promises, hints, now and then a learned value. */
export class RecordStream {
  readonly #random: Prng;
  readonly #bytesMax: number;
  #slot = 0;
  #round = 1;

  constructor(random: Prng, bytesMax = 300) {
    this.#random = random;
    this.#bytesMax = bytesMax;
  }

  next(): LogRecord {
    const ballot = { round: this.#round, server: 1 + (this.#round % 3), incarnation: 0x1_0000_0000 * 3 + this.#round };
    const pick = this.#random.below(10);
    if (pick === 0) {
      this.#round++;
      return { kind: 'promise', ballot: { ...ballot, round: this.#round } };
    }
    if (pick === 1) return { kind: 'commit', upto: this.#slot };
    this.#slot++;
    const value = Buffer.alloc(this.#random.below(this.#bytesMax + 1));
    for (let i = 0; i < value.length; i++) value[i] = this.#random.below(256);
    return { kind: pick === 2 ? 'chosen' : 'accept', ballot, slot: this.#slot, value };
  }

  some(count: number): LogRecord[] {
    return Array.from({ length: count }, () => this.next());
  }
}
