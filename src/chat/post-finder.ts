/** Finds which event a post is, by the room's index: in memory, or in two rows of the store. */
import { assert } from '../base/index.js';
import { ByteReader } from './bytes.js';
import { indexKey, postKey } from './keys.js';
import { HistoryError } from './render.js';
import { type IndexRow, readIndexRow, type Span } from './spans.js';
import type { Row, RowRange } from './types.js';

export class PostFinder {
  readonly #room: string;
  readonly #post: number;
  /** The first event of the row that holds the post, once a row of the store has said it. */
  #rowEvent: number | undefined;
  #event: number | undefined;

  /** `memory`: the newest rows of the index. The post must be there: 1 to the room's last. */
  constructor(room: string, post: number, memory: readonly IndexRow[]) {
    this.#room = room;
    this.#post = post;
    const row = memory.find(({ firstN, posts }) => firstN <= post && post < firstN + posts);
    if (row !== undefined) this.#find(readIndexRow(row.bytes));
  }

  /** The post's event, once no more rows are needed. */
  get event(): number | undefined {
    return this.#event;
  }

  nextRange(): RowRange | undefined {
    if (this.#event !== undefined) return undefined;
    const room = this.#room;
    const first = this.#rowEvent;
    if (first !== undefined)
      return { from: indexKey(room, first), to: indexKey(room, first + 1), reverse: false, limit: 1 };
    return { from: postKey(room, 0), to: postKey(room, this.#post + 1), reverse: true, limit: 1 };
  }

  addRows(rows: readonly Row[]): void {
    assert(this.#event === undefined, 'rows are added only after a range was given');
    const row = rows[0];
    if (row === undefined) throw new HistoryError(`the store lacks a row of the index of ${this.#room}`);
    if (this.#rowEvent === undefined) this.#rowEvent = new ByteReader(row.value).varint();
    else this.#find(readIndexRow(row.value));
  }

  #find(spans: readonly Span[]): void {
    for (const span of spans) {
      const place = this.#post - span.firstN;
      if (span.kind === 'posts' && place >= 0 && place < span.count) {
        this.#event = span.firstEvent + place;
        return;
      }
    }
    throw new HistoryError(`the index of ${this.#room} lacks post ${this.#post}`);
  }
}
