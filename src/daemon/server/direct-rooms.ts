/**
 * Tells clients of the direct rooms that are theirs, so that a message to somebody reaches whoever never opened its
 * room.
 */
import { limits, SmallSet, toHex } from '../../base/index.js';
import type { ChatState } from '../../chat/index.js';
import type { DirectRoom } from '../../wire/index.js';
import type { ClientLink } from './client-link.js';

export class DirectRoomNews {
  readonly #chat: Pick<ChatState, 'room' | 'directRooms' | 'directOwners'>;
  /** Connections that proved a token, by its hash. */
  readonly #links = new Map<string, SmallSet<ClientLink>>();

  constructor(chat: Pick<ChatState, 'room' | 'directRooms' | 'directOwners'>) {
    this.#chat = chat;
  }

  opened(link: ClientLink): void {
    if (link.tokenHash === undefined) return;
    const key = toHex(link.tokenHash);
    const links = this.#links.get(key) ?? new SmallSet<ClientLink>();
    this.#links.set(key, links.add(link));
    this.tellAll(link);
  }

  closed(link: ClientLink): void {
    if (link.tokenHash === undefined) return;
    const key = toHex(link.tokenHash);
    const links = this.#links.get(key);
    links?.delete(link);
    if (links?.size === 0) this.#links.delete(key);
  }

  /** After hello, and after a registration, which may have claimed a name that was written to before. */
  tellAll(link: ClientLink): void {
    if (link.tokenHash === undefined) return;
    const rooms = this.#chat.directRooms(link.tokenHash);
    if (rooms.length > 0) tell(link, false, rooms.slice(-limits.directRoomsMax));
  }

  /** Something happened in these rooms: owners who are here and do not follow theirs hear of it. */
  applied(touchedRooms: readonly string[]): void {
    for (const room of touchedRooms) {
      if (!room.startsWith('@')) continue;
      const headEvent = this.#chat.room(room)?.events ?? 0;
      for (const owner of this.#chat.directOwners(room)) {
        for (const link of this.#links.get(toHex(owner)) ?? []) {
          if (!link.subscriptions.has(room)) tell(link, true, [{ room, headEvent }]);
        }
      }
    }
  }
}

function tell(link: ClientLink, news: boolean, rooms: readonly DirectRoom[]): void {
  link.connection.send({ type: 'directRooms', news, rooms });
}
