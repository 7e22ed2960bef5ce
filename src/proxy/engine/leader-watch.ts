/** Who leads, as overheard in heartbeat replies: an event each time it is another ballot than before. */
import type { Hub } from './hub.js';

export class LeaderWatch {
  readonly #hub: Hub;
  #server = 0;
  #ballot = '';
  #round = 0;

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  /** 0: nobody was heard to lead yet. */
  get server(): number {
    return this.#server;
  }

  get ballot(): string {
    return this.#ballot;
  }

  /** A server said that it leads `ballot` (`7.2`) and that a majority follows; older words change nothing. */
  heard(server: number, ballot: string): void {
    const round = Number(ballot.split('.')[0]);
    if (round < this.#round || (round === this.#round && server <= this.#server)) return;
    this.#server = server;
    this.#ballot = ballot;
    this.#round = round;
    this.#hub.emit('leader', { server, ballot });
  }
}
