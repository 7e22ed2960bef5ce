/** Looks at every server's pages as a Prometheus would, every few seconds, and keeps what matters of them. */

const everyMs = 5_000;
const timeoutMs = 2_000;

export interface Scrapes {
  readonly answered: number;
  readonly failed: number;
}

export class Scraper {
  readonly #pages: readonly string[];
  readonly #timer: NodeJS.Timeout;
  /** The newest answer of each page. */
  readonly #newest = new Map<string, string>();
  #answered = 0;
  #failed = 0;
  #busy = false;

  /** `pages` are addresses of `/metrics`. */
  constructor(pages: readonly string[]) {
    this.#pages = pages;
    this.#timer = setInterval(() => void this.#round(), everyMs);
  }

  get scrapes(): Scrapes {
    return { answered: this.#answered, failed: this.#failed };
  }

  /** The sum of a metric's samples over the newest answers of all pages. */
  sum(metric: string): number {
    let sum = 0;
    for (const text of this.#newest.values()) {
      for (const line of text.split('\n')) {
        const found = /^([a-z0-9_]+)(?:\{.*\})? (\S+)/.exec(line);
        if (found?.[1] === metric) sum += Number(found[2]);
      }
    }
    return sum;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** One look at all pages; a server that is down at the moment is counted and no error. */
  async #round(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    await Promise.all(
      this.#pages.map(async (page) => {
        const text = await read(page);
        if (text === undefined) this.#failed += 1;
        else {
          this.#answered += 1;
          this.#newest.set(page, text);
        }
      }),
    );
    this.#busy = false;
  }
}

async function read(page: string): Promise<string | undefined> {
  try {
    const answer = await fetch(page, { signal: AbortSignal.timeout(timeoutMs) });
    return answer.ok ? await answer.text() : undefined;
  } catch {
    return undefined; // The part is down, as this run wants it now and then.
  }
}
