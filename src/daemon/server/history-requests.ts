/** Pages of history that clients ask for: who may read them is asked again at each step, for names change hands. */
import type { ChatState } from '../../chat/index.js';
import type { History as HistoryRequest, OutcomeCode } from '../../wire/index.js';
import { beginAsking, type ClientLink, endAsking } from './client-link.js';
import type { FreshReads } from './fresh-reads.js';
import type { History, HistoryPage } from './history.js';
import { tellKept } from './subscriptions.js';

export interface HistoryRequestsParts {
  readonly chat: Pick<ChatState, 'room' | 'mayRead'>;
  readonly history: History;
  readonly freshReads: FreshReads;
}

export class HistoryRequests {
  readonly #parts: HistoryRequestsParts;

  constructor(parts: HistoryRequestsParts) {
    this.#parts = parts;
  }

  /** Answers with one `page`, after the `kept` that belongs to it. */
  request(link: ClientLink, message: HistoryRequest): void {
    const { chat, freshReads } = this.#parts;
    if (chat.room(message.room) === undefined) return refuse(link, message, 'BAD_ROOM');
    if (!this.#mayRead(link, message)) return;
    beginAsking(link);
    if (message.fresh) freshReads.begin((fresh) => this.#page(link, message, fresh));
    else this.#page(link, message, false);
  }

  /** A name may change hands while the read waits, and again while the page is read. */
  #page(link: ClientLink, message: HistoryRequest, fresh: boolean): void {
    if (!this.#mayRead(link, message)) return endAsking(link);
    const { request, room, direction, by, event, limit } = message;
    this.#parts.history.page(room, { direction, by, event, limit }, (page) => {
      endAsking(link);
      if (!this.#mayRead(link, message)) return;
      if (page === undefined) return refuse(link, message, 'BAD_ROOM');
      const { groups, headEvent, headN } = page;
      if (reachesBeginning(page)) tellKept(link, request, room, page);
      link.connection.send({ type: 'page', request, code: 'ok', room, fresh, headEvent, headN, groups });
    });
  }

  /** Answers the request if not. */
  #mayRead(link: ClientLink, message: HistoryRequest): boolean {
    if (this.#parts.chat.mayRead(message.room, link.tokenHash)) return true;
    refuse(link, message, 'NOT_ALLOWED');
    return false;
  }
}

function refuse(link: ClientLink, { request, room }: HistoryRequest, code: OutcomeCode): void {
  link.connection.send({ type: 'page', request, code, room, fresh: false, headEvent: 0, headN: 0, groups: [] });
}

/** Something stood before this page, and is gone: it begins where the room does, or has nothing at all. */
function reachesBeginning({ groups, beginning }: HistoryPage): boolean {
  const { firstEvent } = beginning;
  return firstEvent > 1 && (groups[0]?.firstEvent ?? firstEvent) === firstEvent;
}
