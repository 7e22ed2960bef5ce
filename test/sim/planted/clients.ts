/** Planted bugs on the clients' side: where streams begin, what becomes of lines. */
import { ChatClient, type OnOutcome } from '../../../src/client/index.js';
import type { ServerId } from '../../../src/wire/index.js';
import type { ClientSideEvents } from '../client-side.js';
import type { Connection, ToServer } from '../connection.js';
import { Front } from '../front.js';

/** A stream that goes on at another server begins `events` too late, or too early (RELIABILITY.md, pitfall 28). */
export class ShiftedFront extends Front {
  readonly #events: number;

  constructor(id: ServerId, sink: ClientSideEvents, events: number) {
    super(id, sink);
    this.#events = events;
  }

  override received(connection: Connection, frame: ToServer): void {
    const isLater = frame.type === 'subscribe' && frame.fromEvent > 1;
    super.received(connection, isLater ? { ...frame, fromEvent: frame.fromEvent + this.#events } : frame);
  }
}

/** "Nobody can tell" is reported as "certainly not" (pitfall 49). */
export class DenyingClient extends ChatClient {
  override post(room: string, text: string, onOutcome?: OnOutcome): number {
    return super.post(room, text, (code, ...rest) => onOutcome?.(code === 'UNKNOWN' ? 'NOT_SENT' : code, ...rest));
  }
}

/** What went down with an expired session is said again under the next one (pitfall 26). */
export class RepeatingClient extends ChatClient {
  override post(room: string, text: string, onOutcome?: OnOutcome): number {
    return super.post(room, text, (code, ...rest) => {
      if (code === 'UNKNOWN') this.post(room, text, onOutcome);
      else onOutcome?.(code, ...rest);
    });
  }
}
