/** Which delivered events are this client's own lines: seq → local id, for as long as a delivery may still come. */
import type { RoomEvent, SessionId } from '../wire/index.js';
import { OWN_IDS_MAX } from './options.js';

export class OwnLines {
  readonly #ids = new Map<number, number>();

  /** A line got its seq. The oldest is forgotten when too many wait for their delivery (a room not subscribed to). */
  sent(seq: number, id: number): void {
    this.#ids.set(seq, id);
    if (this.#ids.size <= OWN_IDS_MAX) return;
    for (const oldest of this.#ids.keys()) {
      this.#ids.delete(oldest);
      return;
    }
  }

  /** The id of the line behind this event, if it is one of `session`'s and still known. */
  delivered(event: RoomEvent, session: SessionId | undefined): number | undefined {
    if (session === undefined || event.session.slot !== session.slot || event.session.index !== session.index) {
      return undefined;
    }
    const id = this.#ids.get(event.seq);
    if (id !== undefined) this.#ids.delete(event.seq);
    return id;
  }

  /** The session is gone: its seqs mean nothing any more. */
  clear(): void {
    this.#ids.clear();
  }
}
