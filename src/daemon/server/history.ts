/** Reads pages of a room's history: rows of the index from the store, values from the log, events from both. */
import { limits } from '../../base/index.js';
import type { ChatState, PageReader, PageRequest } from '../../chat/index.js';
import { chatRows, type Later, type LogReader, type StateStore } from '../../storage/index.js';
import type { EventGroup, Slot } from '../../wire/index.js';

export interface HistoryPage {
  readonly groups: readonly EventGroup[];
  readonly headEvent: number;
  readonly headN: number;
}

/** `page` is undefined when there is no such room name. */
export type PageDone = (page: HistoryPage | undefined) => void;

export interface HistoryParts {
  readonly chat: Pick<ChatState, 'page'>;
  readonly store: StateStore;
  readonly reader: Pick<LogReader, 'read'>;
  /** The disk, or what stands on it, is bad: the server must stop. */
  readonly onFatal: (error: Error) => void;
  /** Calls back once the caller has returned; the simulator gives its own. */
  readonly later?: Later;
}

/** Slots between two wanted ones that are read along rather than asked for apart. */
const gapSlotsMax = 16;
const readBytes = 1 << 20;

/**
 * At most `limits.historyReadsMax` pages at once; the others wait in order. Each connection's number is bounded
 * elsewhere.
 */
export class History {
  readonly #parts: HistoryParts;
  readonly #rows: StateStore;
  readonly #later: Later;
  readonly #waiting: (() => void)[] = [];
  #reading = 0;

  constructor(parts: HistoryParts) {
    this.#parts = parts;
    this.#rows = chatRows(parts.store);
    this.#later = parts.later ?? queueMicrotask;
  }

  /** Never calls back before it returns. */
  page(room: string, request: PageRequest, done: PageDone): void {
    const start = (): void => {
      this.#reading++;
      const page = this.#parts.chat.page(room, request);
      const end = (result: HistoryPage | undefined): void => {
        this.#reading--;
        done(result);
        this.#next();
      };
      if (page === undefined) end(undefined);
      else this.#readRows(page, end);
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

  #readRows(page: PageReader, end: (result: HistoryPage) => void): void {
    const range = page.nextRange();
    if (range === undefined) {
      const slots = page.slots();
      if (slots.length === 0) this.#finish(page, end);
      else this.#readSlots(page, slots, 0, end);
      return;
    }
    this.#rows.iterate(range, (error, rows) => {
      if (error !== undefined) return this.#parts.onFatal(error);
      if (this.#guard(() => page.addRows(rows))) this.#readRows(page, end);
    });
  }

  /** Slots near each other are read in one go: what lies between costs less than another read. */
  #readSlots(page: PageReader, slots: readonly Slot[], from: number, end: (result: HistoryPage) => void): void {
    const first = slots[from] as Slot;
    let upto = from;
    while (upto + 1 < slots.length && (slots[upto + 1] as Slot) - (slots[upto] as Slot) <= gapSlotsMax) upto++;
    this.#parts.reader.read(first, slots[upto] as Slot, readBytes, (error, found) => {
      if (error !== undefined) return this.#parts.onFatal(error);
      if (found.length === 0) {
        return this.#parts.onFatal(
          new Error(`slot ${first} is in the history but not in the log: restore the data directory`),
        );
      }
      let next = from;
      let wanted = true;
      const sound = this.#guard(() => {
        for (; wanted && next <= upto; next++) {
          const slot = slots[next] as Slot;
          const value = found[slot - first];
          if (value === undefined) break;
          wanted = page.take(slot, value);
        }
      });
      if (!sound) return;
      if (wanted) this.#readSlots(page, slots, next, end);
      else this.#finish(page, end);
    });
  }

  #finish(page: PageReader, end: (result: HistoryPage) => void): void {
    let groups: EventGroup[] = [];
    const sound = this.#guard(() => {
      groups = page.finish();
    });
    if (sound) end({ groups, headEvent: page.headEvent, headN: page.headN });
  }

  /** Rows and values that don't fit together mean a damaged disk or a defect: nobody may be served from it. */
  #guard(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      this.#parts.onFatal(error as Error);
      return false;
    }
  }
}
