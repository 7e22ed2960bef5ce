/** A first-in first-out queue that has a maximum in items and in bytes, and says when it is full. */
import { assert } from './assert.js';

const INITIAL_CAPACITY = 16;

/**
 * `push` answers false when the item does not fit: the caller decides what that means (busy, drop, close). Items leave
 * in order; both ends cost constant time. An item larger than `bytesMax` is let into an empty queue, so that nothing
 * lawful can be stuck for ever.
 */
export class BoundedQueue<T> {
  readonly itemsMax: number;
  readonly bytesMax: number;
  readonly #bytesOf: (item: T) => number;
  #ring: (T | undefined)[] = new Array<T | undefined>(INITIAL_CAPACITY);
  #head = 0;
  #length = 0;
  #bytes = 0;

  /** `bytesOf` must give the same number for an item at push and at shift. */
  constructor(itemsMax: number, bytesMax = Number.MAX_SAFE_INTEGER, bytesOf: (item: T) => number = () => 0) {
    assert(Number.isSafeInteger(itemsMax) && itemsMax > 0, `queue of ${itemsMax} items`);
    assert(bytesMax > 0, `queue of ${bytesMax} bytes`);
    this.itemsMax = itemsMax;
    this.bytesMax = bytesMax;
    this.#bytesOf = bytesOf;
  }

  get length(): number {
    return this.#length;
  }

  /** The sum of `bytesOf` over what is queued. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** True if an item of `bytes` would be taken. */
  hasRoom(bytes = 0): boolean {
    if (this.#length >= this.itemsMax) return false;
    return this.#length === 0 || this.#bytes + bytes <= this.bytesMax;
  }

  /** Appends the item, or answers false and keeps nothing. */
  push(item: T): boolean {
    const bytes = this.#bytesOf(item);
    if (!this.hasRoom(bytes)) return false;
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#length) & (this.#ring.length - 1)] = item;
    this.#length++;
    this.#bytes += bytes;
    return true;
  }

  /** The first item, or undefined if there is none. */
  peek(): T | undefined {
    return this.#ring[this.#head];
  }

  /** Removes and gives the first item, or undefined if there is none. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#ring[this.#head] as T;
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#length--;
    this.#bytes -= this.#bytesOf(item);
    assert(this.#bytes >= 0 && (this.#length > 0 || this.#bytes === 0), 'queue bytes do not add up');
    return item;
  }

  clear(): void {
    this.#ring = new Array<T | undefined>(INITIAL_CAPACITY);
    this.#head = 0;
    this.#length = 0;
    this.#bytes = 0;
  }

  /** From first to last; the queue must not change meanwhile. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = 0; i < this.#length; i++) yield this.#ring[(this.#head + i) & (this.#ring.length - 1)] as T;
  }

  #grow(): void {
    const wider = new Array<T | undefined>(this.#ring.length * 2);
    for (let i = 0; i < this.#length; i++) wider[i] = this.#ring[(this.#head + i) & (this.#ring.length - 1)];
    this.#ring = wider;
    this.#head = 0;
  }
}
