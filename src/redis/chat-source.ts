/** The chat as the mirror reads it: pages of rooms on request, so that nothing piles up while Redis takes nothing. */
import { ExitError, exitCodes, type Logger, limits, TroubleLog } from '../base/index.js';
import {
  ChatClient,
  type ChatClientOptions,
  groupEvents,
  type ListedRoom,
  openOperator,
  type Page,
} from '../client/index.js';
import type { Post, PostPage } from './mirror-plan.js';

export type ChatSourceOptions = Omit<ChatClientOptions, 'name' | 'window'> & {
  /** For one answer. */
  readonly timeoutMs: number;
  readonly logger: Logger;
};

interface PageOptions {
  readonly fresh?: boolean;
  readonly limit?: number;
}

export class ChatSource {
  readonly #options: ChatSourceOptions;
  readonly #client: ChatClient;

  constructor(options: ChatSourceOptions) {
    this.#options = options;
    this.#client = new ChatClient(options);
    this.#log(options.logger);
  }

  /** Starts looking for a server, for ever; resolves as soon as one answers. */
  connect(): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.#client.on('connected', () => {
        stop();
        resolve();
      });
      this.#client.connect();
    });
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  /**
   * Posts from number `from` on; undefined when nobody answers. Posts that the server in use does not have any more are
   * looked for at all others.
   */
  async page(room: string, from: number, options: PageOptions = {}): Promise<PostPage | undefined> {
    const { fresh = false, limit = limits.pageEventsMax } = options;
    const query = { room, direction: 'from', by: 'post', event: from, limit, fresh } as const;
    const asked = await this.#client.history(query, this.#options.timeoutMs);
    if (!asked.ok) return undefined;
    const page = postsOf(room, asked.answer);
    const first = page.posts[0]?.n ?? page.headN + 1;
    if (first <= from) return page;
    const older = await this.#elsewhere(query, first);
    return older ?? page;
  }

  /**
   * All rooms that are open to all, as far as the server in use knows them; undefined when nobody answers, 'cannot'
   * when
   * that server is of a release that cannot tell.
   */
  async rooms(): Promise<ListedRoom[] | 'cannot' | undefined> {
    if (this.#client.canListRooms === false) return 'cannot';
    const rooms: ListedRoom[] = [];
    for (let after = ''; ; ) {
      const asked = await this.#client.rooms(after, this.#options.timeoutMs);
      if (!asked.ok) return undefined;
      rooms.push(...asked.answer.rooms);
      const last = asked.answer.rooms.at(-1);
      if (!asked.answer.more || last === undefined) return rooms;
      after = last.room;
    }
  }

  /** The page of the server that still has the oldest posts, if that is older than `first`. */
  async #elsewhere(query: Parameters<ChatClient['history']>[0], first: number): Promise<PostPage | undefined> {
    const { timeoutMs, token, environment, server } = this.#options;
    let best: PostPage | undefined;
    let bestFirst = first;
    const own = this.#client.server?.address;
    for (const address of server === undefined ? this.#client.knownServers : []) {
      if (address === own || address === '') continue;
      const opened = await openOperator({ address, timeoutMs, token, ...(environment && { environment }) });
      if (!opened.ok) continue;
      const answered = await opened.answer.page({
        direction: 'from',
        by: 'post',
        event: 1,
        limit: 1,
        fresh: false,
        ...query,
      });
      opened.answer.close();
      if (!answered.ok || answered.answer.code !== 'ok') continue;
      const page = postsOf(query.room, answered.answer);
      const n = page.posts[0]?.n ?? first;
      if (n >= bestFirst) continue;
      best = page;
      bestFirst = n;
    }
    return best;
  }

  #log(logger: Logger): void {
    const troubles = new TroubleLog({
      trouble: (fields) => logger.warn('servers-not-reached', fields),
      well: () => logger.info('servers-reached'),
    });
    this.#client.on('any', (event) => {
      switch (event.event) {
        case 'connected':
          troubles.well();
          return logger.info('mirror-connected', { server: event.server, address: event.address });
        case 'disconnected':
          return troubles.trouble('NO_SERVER', event.reason, 'looking for another one; nothing is lost');
        case 'error':
          return logger.warn('chat-refuses', { code: event.code, text: event.text });
        default:
      }
    });
  }
}

/** @throws ExitError when the server will not show the room. */
function postsOf(room: string, page: Page): PostPage {
  if (page.code !== 'ok')
    throw new ExitError(exitCodes.refused, page.code, `the servers do not show ${room}: ${page.code}`);
  const posts: Post[] = [];
  for (const group of page.groups) {
    for (const { event } of groupEvents(room, group)) {
      if (event.event !== 'message') continue;
      const { n, slot, from, text, time, action } = event;
      posts.push({ n, slot, from, text, time, kind: action === true ? 'action' : 'post' });
    }
  }
  return { posts, headN: page.headN, fresh: page.fresh };
}
