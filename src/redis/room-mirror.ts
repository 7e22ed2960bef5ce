/** One room on its way into its stream: a page at a time, from wherever Redis says that the stream stands. */
import { ExitError, exitCodes, type Logger } from '../base/index.js';
import type { ChatSource } from './chat-source.js';
import { isBehind, matchOf, nextOf, placeOf } from './mirror-plan.js';
import type { RoomStreams } from './stream.js';

/**
 * What came of one step: there is more to do now, nothing new, Redis has lost what it had, the server in use does not
 * know enough yet, or none gave an answer; 'unclaimed': nobody knows whose the streams are, this room cannot tell, and
 * nothing is written unless another room does.
 */
export type Step = 'more' | 'rest' | 'lost' | 'later' | 'unanswered' | 'unclaimed';

type MirroredStreams = Pick<RoomStreams, 'keyOf' | 'top' | 'claim' | 'append'>;

export class RoomMirror {
  readonly room: string;
  readonly #source: Pick<ChatSource, 'page' | 'cluster'>;
  readonly #streams: MirroredStreams;
  readonly #logger: Logger;
  /** The number of the last post in the stream; undefined: Redis has to be asked. */
  #place: number | undefined;

  constructor(room: string, source: Pick<ChatSource, 'page' | 'cluster'>, streams: MirroredStreams, logger: Logger) {
    this.room = room;
    this.#source = source;
    this.#streams = streams;
    this.#logger = logger;
  }

  /** Redis may not have any more what it had: the next step asks. */
  forget(): void {
    this.#place = undefined;
  }

  /** The stream is known to hold this post. */
  holds(n: number): boolean {
    return this.#place !== undefined && this.#place >= n;
  }

  /**
   * At most one page. Rejects with a RedisTrouble, after which the next step asks Redis anew, or with an ExitError when
   * the room or its stream is not what it must be.
   */
  async step(): Promise<Step> {
    const place = this.#place ?? (await this.#findPlace());
    if (typeof place === 'string') return place;
    // Whatever fails below leaves open whether Redis has written it.
    this.#place = undefined;
    const page = await this.#source.page(this.room, place + 1);
    if (page === undefined) {
      this.#place = place;
      return 'unanswered';
    }
    const { posts, missing, more } = nextOf(place, page);
    const last = posts.at(-1);
    if (last === undefined) {
      this.#place = place;
      return 'rest';
    }
    if (missing > 0) this.#tellMissing(place, missing);
    const top = await this.#streams.append(this.room, this.#source.cluster, place, posts);
    if (top === 'unclaimed') return top;
    if (top !== `${last.n}-0`) {
      if (isBehind(top, place)) return 'lost';
      this.#logger.info('stream-shared', {
        room: this.room,
        expected: `${place}-0`,
        found: top,
      });
      return 'more';
    }
    this.#place = last.n;
    this.#logger.debug('mirrored', { room: this.room, upTo: last.n });
    return more ? 'more' : 'rest';
  }

  /** Where the stream stands, once it is sure that it is this room's. */
  async #findPlace(): Promise<number | 'later' | 'unanswered' | 'unclaimed'> {
    const top = await this.#streams.top(this.room);
    const place = placeOf(top);
    if ('foreign' in place) throw this.#foreign(place.foreign);
    const { n } = place;
    if (n === 0) return 0;
    const compared = Number(top.entry?.fields.get('n') ?? n);
    // A majority is asked only when the server in use knows less than the stream, which hardly ever happens.
    for (const fresh of [false, true]) {
      const page = await this.#source.page(this.room, compared, { fresh, limit: 1 });
      if (page === undefined) return 'unanswered';
      const match = matchOf(n, top, page);
      if (match === 'unknown') return top.isClaimed ? n : 'unclaimed';
      if (match === 'same') {
        if (!top.isClaimed) await this.#streams.claim(this.#source.cluster);
        return n;
      }
      if (match !== 'later') throw this.#foreign(match.foreign);
    }
    return 'later';
  }

  #tellMissing(after: number, missing: number): void {
    this.#logger.warn('messages-missing', {
      room: this.room,
      from: after + 1,
      upTo: after + missing,
      text: 'no server has them any more: nothing to do now; let the servers keep more than the mirror may be away for (--retain)',
    });
  }

  #foreign(why: string): ExitError {
    const text =
      `the stream '${this.#streams.keyOf(this.room)}' does not belong to this room: ${why}. ` +
      'Use another --prefix or database, or remove it: redis-cli DEL';
    return new ExitError(exitCodes.refused, 'FOREIGN_STREAM', text);
  }
}
