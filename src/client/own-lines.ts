/** Which delivered events are this client's own lines: seq → local id, for as long as a delivery may still come. */
import type { EventGroup, SessionId } from '../wire/index.js';
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

  /**
   * The ids of the lines of `session` behind the events of `group` from `skip` on, by the event's index; undefined if
   * there is none. Each id is given once. Allocates nothing for other people's events.
   */
  delivered(group: EventGroup, skip: number, session: SessionId | undefined): ReadonlyMap<number, number> | undefined {
    if (session === undefined || this.#ids.size === 0) return undefined;
    let found: Map<number, number> | undefined;
    for (let index = skip; index < group.events.length; index++) {
      const event = group.events[index];
      if (event?.session.slot !== session.slot || event.session.index !== session.index) continue;
      const id = this.#ids.get(event.seq);
      if (id === undefined) continue;
      this.#ids.delete(event.seq);
      found ??= new Map();
      found.set(index, id);
    }
    return found;
  }

  /** The session is gone: its seqs mean nothing any more. */
  clear(): void {
    this.#ids.clear();
  }
}
