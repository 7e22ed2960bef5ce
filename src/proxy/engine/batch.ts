/** Joins writes: everything that one event of the loop brings about leaves in one write per socket. */

/** Something that collects until it is flushed. */
export interface Flushable {
  flush(): void;
}

export class Batch {
  #waiting: Flushable[] = [];
  #depth = 0;

  /** Runs `work`, then flushes whatever joined meanwhile. Calls may nest; only the outermost flushes. */
  readonly run = (work: () => void): void => {
    this.begin();
    try {
      work();
    } finally {
      this.end();
    }
  };

  /** What {@link run} does before and after; each `begin` needs its `end`. */
  begin(): void {
    this.#depth++;
  }

  end(): void {
    if (this.#depth === 1) this.#flush();
    this.#depth--;
  }

  /** `writer` is flushed at the end of the batch, or at once when none is running. */
  join(writer: Flushable): void {
    if (this.#depth === 0) writer.flush();
    else this.#waiting.push(writer);
  }

  #flush(): void {
    while (this.#waiting.length > 0) {
      const writers = this.#waiting;
      this.#waiting = [];
      for (const writer of writers) writer.flush();
    }
  }
}
