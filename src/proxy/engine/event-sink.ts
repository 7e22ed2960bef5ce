/** Pours events into a stream, a JSON object a line; a reader that is too slow misses some and is told how many. */
import type { Writable } from 'node:stream';
import type { EventName, Hub, Listener, ProxyEvent } from './hub.js';

/** What may wait for a slow reader, in bytes. */
const waitingBytesMax = 4 << 20;
/** Lines are joined until the end of a turn of the event loop, or until they are so many bytes. */
const joinedBytesMax = 64 << 10;
/** A reader that has taken nothing for so long, while events went by, has gone. */
const patienceMs = 30_000;

/** Begins at once; the returned function ends it. */
export function pourEvents(hub: Hub, names: readonly EventName[], into: Writable): () => void {
  return hub.listen(names, new EventSink(into));
}

class EventSink implements Listener {
  readonly #into: Writable;
  #lines: string[] = [];
  #bytes = 0;
  #missed = 0;
  /** When it became full, on the hub's time. */
  #fullSince = 0;

  constructor(into: Writable) {
    this.#into = into;
  }

  get isFull(): boolean {
    return this.#into.writableLength + this.#bytes > waitingBytesMax;
  }

  take(event: ProxyEvent, line: () => string): void {
    if (this.#missed > 0) this.#push(`${JSON.stringify({ t: event.t, event: 'missed', count: this.#missed })}\n`);
    this.#missed = 0;
    this.#push(line());
  }

  miss(t: number): void {
    if (this.#missed === 0) this.#fullSince = t;
    this.#missed++;
    if (t - this.#fullSince > patienceMs) this.#into.destroy();
  }

  #push(line: string): void {
    if (this.#lines.length === 0) setImmediate(() => this.#flush());
    this.#lines.push(line);
    // Nearly all of it is ASCII.
    this.#bytes += line.length;
    if (this.#bytes >= joinedBytesMax) this.#flush();
  }

  #flush(): void {
    if (this.#lines.length === 0) return;
    const text = this.#lines.join('');
    this.#lines = [];
    this.#bytes = 0;
    if (!this.#into.destroyed) this.#into.write(text);
  }
}
