/** Reads pages of a room's history: rows of the index from the store, values from the log, events from both. */
import { limits } from '../../base/index.js';
import type { ChatState, PageReader, PageRequest } from '../../chat/index.js';
import { chatRows, type LogReader, type StateStore } from '../../storage/index.js';
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
  readonly #waiting: (() => void)[] = [];
  #reading = 0;

  constructor(parts: HistoryParts) {
    this.#parts = parts;
    this.#rows = chatRows(parts.store);
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
    queueMicrotask(() => this.#next());
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
      this.#readSlots(page, page.slots(), 0, new Map(), end);
      return;
    }
    this.#rows.iterate(range, (error, rows) => {
      if (error !== undefined) return this.#parts.onFatal(error);
      this.#guard(() => page.addRows(rows));
      this.#readRows(page, end);
    });
  }

  /** Slots near each other are read in one go: what lies between costs less than another read. */
  #readSlots(
    page: PageReader,
    slots: readonly Slot[],
    from: number,
    values: Map<Slot, Uint8Array>,
    end: (result: HistoryPage) => void,
  ): void {
    const first = slots[from];
    if (first === undefined) {
      this.#guard(() => {
        const groups = page.render((slot) => values.get(slot));
        end({ groups, headEvent: page.headEvent, headN: page.headN });
      });
      return;
    }
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
      for (; next <= upto; next++) {
        const slot = slots[next] as Slot;
        const value = found[slot - first];
        if (value === undefined) break;
        values.set(slot, value);
      }
      this.#readSlots(page, slots, next, values, end);
    });
  }

  /** Rows and values that don't fit together mean a damaged disk or a defect: nobody may be served from it. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#parts.onFatal(error as Error);
    }
  }
}
