/** Reads pages of a room's history: rows of the index from the store, values from the log, events from both. */
import { limits } from '../../base/index.js';
import {
  type BeginningReader,
  type ChatState,
  DamagedRow,
  type Floor,
  HistoryError,
  type PageReader,
  type PageRequest,
  type RowRange,
} from '../../chat/index.js';
import {
  type Later,
  type LogReader,
  type Row,
  type RowReader,
  type SlotIndex,
  storeDamage,
} from '../../storage/index.js';
import type { EventGroup, Slot } from '../../wire/index.js';

export interface HistoryPage {
  readonly groups: readonly EventGroup[];
  readonly headEvent: number;
  readonly headN: number;
  readonly beginning: Beginning;
}

/** What can be read of a room. */
export interface Beginning {
  /** The first event that is still kept; one past the last if none is. */
  readonly firstEvent: number;
  /** The number of the first post that is still kept. */
  readonly firstN: number;
  /** The room's retention deleted what stood before. */
  readonly byRetention: boolean;
}

/** `page` is undefined when there is no such room name. */
export type PageDone = (page: HistoryPage | undefined) => void;

export interface HistoryParts {
  readonly chat: Pick<ChatState, 'page' | 'beginning' | 'floor'>;
  /** The chat's rows in the store; asked for each read. */
  readonly rows: () => RowReader;
  readonly index: Pick<SlotIndex, 'firstKept'>;
  readonly reader: Pick<LogReader, 'read'>;
  /** The disk, or what stands on it, is bad: the server must stop. */
  readonly onFatal: (error: Error) => void;
  /** Calls back once the caller has returned; the simulator gives its own. */
  readonly later?: Later;
}

/** Slots between two wanted ones that are read along rather than asked for apart. */
const gapSlotsMax = 16;
const readBytes = 1 << 20;
/** Rooms whose beginnings are remembered. */
const beginningsMax = 1024;

/** A page being read. */
interface Job {
  readonly room: string;
  readonly request: PageRequest;
  readonly end: PageDone;
  /** Of which state it reads. */
  readonly epoch: number;
}

interface OpenJob extends Job {
  readonly page: PageReader;
  readonly beginning: Beginning;
}

/** A beginning that was looked for holds as long as the log and the room's floor stand where they stood. */
interface Known {
  readonly firstKept: Slot;
  readonly floor: Floor;
  readonly beginning: Beginning;
}

const wholeRoom: Beginning = { firstEvent: 1, firstN: 1, byRetention: false };

/**
 * At most `limits.historyReadsMax` pages at once; the others wait in order. Each connection's number is bounded
 * elsewhere.
 */
export class History {
  readonly #parts: HistoryParts;
  readonly #later: Later;
  readonly #waiting: (() => void)[] = [];
  readonly #beginnings = new Map<string, Known>();
  #reading = 0;
  /** Counts the states that took the place of another. */
  #epoch = 0;

  constructor(parts: HistoryParts) {
    this.#parts = parts;
    this.#later = parts.later ?? queueMicrotask;
  }

  /** The room may no longer begin with its first event. */
  isTrimmed(room: string): boolean {
    return this.#parts.index.firstKept > 1 || !isWhole(this.#parts.chat.floor(room));
  }

  /** A peer's state took this one's place: what is being read of the old one is begun anew. */
  reset(): void {
    this.#epoch++;
    this.#beginnings.clear();
  }

  /** Never calls back before it returns. */
  page(room: string, request: PageRequest, done: PageDone): void {
    const start = (): void => {
      this.#reading++;
      const end = (result: HistoryPage | undefined): void => {
        this.#reading--;
        done(result);
        this.#next();
      };
      this.#begin({ room, request, end, epoch: this.#epoch });
    };
    this.#waiting.push(start);
    this.#later(() => this.#next());
  }

  #next(): void {
    while (this.#reading < limits.historyReadsMax) {
      const start = this.#waiting.shift();
      if (start === undefined) return;
      start();
    }
  }

  /** What retention has taken, the room's or the log's, is no part of any page. */
  #begin({ room, request, end }: Job): void {
    const job = { room, request, end, epoch: this.#epoch };
    const { chat, index } = this.#parts;
    const { firstKept } = index;
    const floor = chat.floor(job.room);
    if (firstKept === 1 && isWhole(floor)) return this.#open(job, wholeRoom);
    const known = this.#beginnings.get(job.room);
    if (known?.firstKept === firstKept && known.floor.event === floor.event && known.floor.n === floor.n)
      return this.#open(job, known.beginning);
    const reader = chat.beginning(job.room, firstKept);
    if (reader === undefined) return job.end(undefined);
    this.#readRows(job, reader, () => {
      const beginning = { firstEvent: reader.firstEvent, firstN: reader.firstN, byRetention: reader.isByRetention };
      this.#beginnings.delete(job.room);
      this.#beginnings.set(job.room, { firstKept, floor, beginning });
      if (this.#beginnings.size > beginningsMax) {
        this.#beginnings.delete(this.#beginnings.keys().next().value as string);
      }
      this.#open(job, beginning);
    });
  }

  #open(job: Job, beginning: Beginning): void {
    const page = this.#parts.chat.page(job.room, job.request, beginning.firstEvent);
    if (page === undefined) return job.end(undefined);
    const opened = { ...job, page, beginning };
    this.#readRows(job, page, () => {
      const slots = page.slots();
      if (slots.length === 0) this.#finish(opened);
      else this.#readSlots(opened, slots, 0);
    });
  }

  /** Rows until the asker has enough. */
  #readRows(job: Job, asker: PageReader | BeginningReader, done: () => void): void {
    const range: RowRange | undefined = asker.nextRange();
    if (range === undefined) return done();
    this.#parts.rows().iterate(range, (error: Error | undefined, rows: Row[]) => {
      if (job.epoch !== this.#epoch) return this.#begin(job);
      if (error !== undefined) return this.#parts.onFatal(error);
      if (this.#guard(() => asker.addRows(rows))) this.#readRows(job, asker, done);
    });
  }

  /** Slots near each other are read in one go: what lies between costs less than another read. */
  #readSlots(job: OpenJob, slots: readonly Slot[], from: number): void {
    const first = slots[from] as Slot;
    let upto = from;
    while (upto + 1 < slots.length && (slots[upto + 1] as Slot) - (slots[upto] as Slot) <= gapSlotsMax) upto++;
    this.#parts.reader.read(first, slots[upto] as Slot, readBytes, (error, found) => {
      if (job.epoch !== this.#epoch) return this.#begin(job);
      if (error !== undefined) return this.#parts.onFatal(error);
      // Retention was faster: once more, from where the room begins now.
      if (first < this.#parts.index.firstKept) return this.#begin(job);
      if (found.length === 0) {
        return this.#parts.onFatal(storeDamage('state', `it does not say where in the log slot ${first} stands`));
      }
      let next = from;
      let wanted = true;
      const sound = this.#guard(() => {
        for (; wanted && next <= upto; next++) {
          const slot = slots[next] as Slot;
          const value = found[slot - first];
          if (value === undefined) break;
          wanted = job.page.take(slot, value);
        }
      });
      if (!sound) return;
      if (wanted) this.#readSlots(job, slots, next);
      else this.#finish(job);
    });
  }

  #finish({ page, beginning, end }: OpenJob): void {
    let groups: EventGroup[] = [];
    const sound = this.#guard(() => {
      groups = page.finish();
    });
    if (sound) end({ groups, headEvent: page.headEvent, headN: page.headN, beginning });
  }

  /** Values have their own checksums: rows that don't fit them, or each other, are not all that was written. */
  #guard(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      const isMisfit = error instanceof HistoryError || error instanceof DamagedRow;
      this.#parts.onFatal(isMisfit ? storeDamage('state', error.message, error) : (error as Error));
      return false;
    }
  }
}

function isWhole({ event, n }: Floor): boolean {
  return event === 1 && n === 1;
}
