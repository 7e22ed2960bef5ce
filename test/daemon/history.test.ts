/** Pages of history while a peer's state takes the place of this server's own, at any moment of their reading. */
import t from 'tap';
import { History, type HistoryPage } from '../../src/daemon/server/history.js';
import { Bench, flatten, type MapStore, post } from '../chat/support.js';

const lobby = '#lobby';
const linesPerSlot = 3;

/** A server that has applied so many slots of the one log there is; most of its index is in the store. */
function server(slots: number): Bench {
  const bench = new Bench({ limits: { indexRowSpans: 4 } });
  const ann = bench.register(0, 'ann');
  for (let slot = 2, seq = 1; slot <= slots; slot++, seq += linesPerSlot) {
    const lines = Array.from({ length: linesPerSlot }, (_, i) => post(lobby, `line ${seq + i}`));
    bench.apply([bench.run(ann, 0, seq, lines)]);
    if (slot % 10 === 0) bench.checkpoint();
  }
  return bench;
}

/** A server that lags, what it is about to take over, and reads that are answered one by one. */
class Taking {
  readonly #near = server(35);
  readonly #far = server(60);
  readonly #index: { firstKept: number };
  readonly #held: (() => void)[] = [];
  readonly fatal: Error[] = [];
  #rows: MapStore;
  readonly history: History;

  constructor(firstKept: number) {
    this.#index = { firstKept };
    this.#rows = this.#near.store;
    this.history = new History({
      chat: this.#near.state,
      index: this.#index,
      rows: () => {
        const store = this.#rows;
        return {
          get: () => t.fail('a page reads ranges only'),
          iterate: ({ from = Buffer.alloc(0), to = Buffer.from([255]), reverse = false, limit = 1000 }, done) =>
            void this.#held.push(() => done(undefined, store.range({ from, to, reverse, limit }))),
        };
      },
      reader: {
        // What is below the first kept slot is gone when the answer comes.
        read: (from, upto, _limitBytes, done) =>
          void this.#held.push(() =>
            done(undefined, from < this.#index.firstKept ? [] : this.#far.log.slice(from - 1, upto)),
          ),
      },
      onFatal: (error) => this.fatal.push(error),
      later: (act) => void this.#held.push(act),
    });
  }

  /** Answers `count` of what is being read or waits; false if there was less. */
  go(count: number): boolean {
    for (let i = 0; i < count; i++) {
      const next = this.#held.shift();
      if (next === undefined) return false;
      next();
    }
    return true;
  }

  /** As the driver does it: in one turn. The rows of the replaced state are deleted. */
  install(firstKept: number): void {
    this.#near.store.rows.clear();
    this.#rows = this.#far.store;
    this.#index.firstKept = firstKept;
    this.#near.state.adopt(this.#far.state);
    this.history.reset();
  }
}

t.test(
  'a page that is being read while a state is installed is read anew, never answered "no such room"',
  async (t) => {
    for (const keptBefore of [1, 12]) {
      let moments = 0;
      for (let at = 0; ; at++) {
        const taking = new Taking(keptBefore);
        const pages: (HistoryPage | undefined)[] = [];
        taking.history.page(lobby, { direction: 'from', by: 'event', event: 1, limit: 12 }, (page) => pages.push(page));
        taking.go(at);
        if (pages.length > 0) break;
        moments++;
        taking.install(40);
        taking.go(1000);
        const what = `kept from slot ${keptBefore} on, installed after ${at} answers`;
        t.same(taking.fatal, [], what);
        t.equal(pages.length, 1, `${what}: one answer`);
        const first = 1 + linesPerSlot * (40 - 2);
        t.match(pages[0], { beginning: { firstEvent: first }, headEvent: linesPerSlot * (60 - 1) }, what);
        const texts = flatten(pages[0]?.groups ?? []).map(({ text }) => text);
        t.same(
          texts,
          Array.from({ length: 12 }, (_, i) => `line ${first + i}`),
          what,
        );
      }
      t.ok(moments >= 4, `${moments} moments, of rows and of slots`);
    }
  },
);
