/** A set and a map that hold one thing or nothing almost always, and cost a quarter of a Set or Map then. */

/**
 * As a Set: in the order of insertion. An empty Set takes 150 bytes, this takes 40 with nothing or one member, and a
 * Set more from the second on. It must not change while it is gone through.
 */
export class SmallSet<T extends object> {
  #only: T | undefined;
  /** All members, once there were two at a time. */
  #all: Set<T> | undefined;

  get size(): number {
    if (this.#all !== undefined) return this.#all.size;
    return this.#only === undefined ? 0 : 1;
  }

  has(member: T): boolean {
    return this.#all === undefined ? this.#only === member : this.#all.has(member);
  }

  add(member: T): this {
    if (this.#all !== undefined) this.#all.add(member);
    else if (this.#only === undefined || this.#only === member) this.#only = member;
    else {
      this.#all = new Set([this.#only, member]);
      this.#only = undefined;
    }
    return this;
  }

  /** True if it was a member. */
  delete(member: T): boolean {
    if (this.#all !== undefined) {
      const isMember = this.#all.delete(member);
      if (this.#all.size === 0) this.#all = undefined;
      return isMember;
    }
    if (this.#only !== member) return false;
    this.#only = undefined;
    return true;
  }

  [Symbol.iterator](): Iterator<T> {
    return (this.#all ?? oneOrNone(this.#only))[Symbol.iterator]();
  }
}

/** As a Map, and otherwise as {@link SmallSet}: 48 bytes in place of 180 with nothing or one key. */
export class SmallMap<V extends object> {
  #key = '';
  #only: V | undefined;
  /** Everything, once there were two keys at a time. */
  #all: Map<string, V> | undefined;

  get size(): number {
    if (this.#all !== undefined) return this.#all.size;
    return this.#only === undefined ? 0 : 1;
  }

  get(key: string): V | undefined {
    if (this.#all !== undefined) return this.#all.get(key);
    return this.#key === key ? this.#only : undefined;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  set(key: string, value: V): this {
    if (this.#all !== undefined) this.#all.set(key, value);
    else if (this.#only === undefined || this.#key === key) this.#hold(key, value);
    else {
      this.#all = new Map([
        [this.#key, this.#only],
        [key, value],
      ]);
      this.#hold('', undefined);
    }
    return this;
  }

  /** True if the key was there. */
  delete(key: string): boolean {
    if (this.#all !== undefined) {
      const isKey = this.#all.delete(key);
      if (this.#all.size === 0) this.#all = undefined;
      return isKey;
    }
    if (this.get(key) === undefined) return false;
    this.#hold('', undefined);
    return true;
  }

  keys(): Iterable<string> {
    return this.#all?.keys() ?? oneOrNone(this.#only && this.#key);
  }

  values(): Iterable<V> {
    return this.#all?.values() ?? oneOrNone(this.#only);
  }

  [Symbol.iterator](): Iterator<[string, V]> {
    const only: [string, V] | undefined = this.#only && [this.#key, this.#only];
    return (this.#all ?? oneOrNone(only))[Symbol.iterator]();
  }

  #hold(key: string, value: V | undefined): void {
    this.#key = key;
    this.#only = value;
  }
}

function oneOrNone<T>(only: T | undefined): readonly T[] {
  return only === undefined ? [] : [only];
}
