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
import { otherCluster } from './other-cluster.js';

export type ChatSourceOptions = Omit<ChatClientOptions, 'name' | 'window'> & {
  /** For one answer. */
  readonly timeoutMs: number;
  readonly logger: Logger;
  /** Where the mirror keeps of which cluster its streams are: for the refusal to read another one. */
  readonly holderKey: string;
};

interface PageOptions {
  readonly fresh?: boolean;
  readonly limit?: number;
}

type Query = Parameters<ChatClient['history']>[0];
/** Asks one server; undefined when it gives no answer. */
type AskPage = (query: Query) => Promise<Page | undefined>;

export class ChatSource {
  readonly #options: ChatSourceOptions;
  readonly #client: ChatClient;
  #cluster = '';

  constructor(options: ChatSourceOptions) {
    this.#options = options;
    this.#client = new ChatClient(options);
    this.#log(options.logger);
  }

  /** The cluster that is read, and no other one: that of the first server that answered; '' before. */
  get cluster(): string {
    return this.#cluster;
  }

  /** Starts looking for a server, for ever; resolves as soon as one answers. */
  connect(): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.#client.on('connected', () => {
        stop();
        this.#cluster = this.#client.cluster;
        resolve();
      });
      this.#client.connect();
    });
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  /**
   * Posts from number `from` on, at least one if there is any; undefined when nobody answers. Posts that the server in
   * use does not have any more are looked for at all others. Rejects with an ExitError (3) when the room is not shown,
   * or another cluster answers.
   */
  async page(room: string, from: number, options: PageOptions = {}): Promise<PostPage | undefined> {
    const { fresh = false, limit = limits.pageEventsMax } = options;
    const query = { room, direction: 'from', by: 'post', event: from, limit, fresh } as const;
    const page = await firstPosts(query, async (asking) => {
      const asked = await this.#client.history(asking, this.#options.timeoutMs);
      this.#demandSameCluster();
      return asked.ok ? asked.answer : undefined;
    });
    if (page === undefined) return undefined;
    const first = page.posts[0]?.n ?? page.headN + 1;
    if (first <= from) return page;
    const older = await this.#elsewhere(query, first);
    return older ?? page;
  }

  /**
   * All rooms that are open to all, as far as the server in use knows them; undefined when nobody answers, 'cannot'
   * when that server is of a release that cannot tell.
   */
  async rooms(): Promise<ListedRoom[] | 'cannot' | undefined> {
    if (this.#client.canListRooms === false) return 'cannot';
    const rooms: ListedRoom[] = [];
    for (let after = ''; ; ) {
      const asked = await this.#client.rooms(after, this.#options.timeoutMs);
      this.#demandSameCluster();
      if (!asked.ok) return undefined;
      rooms.push(...asked.answer.rooms);
      const last = asked.answer.rooms.at(-1);
      if (!asked.answer.more || last === undefined) return rooms;
      after = last.room;
    }
  }

  #demandSameCluster(): void {
    const { cluster } = this.#client;
    if (cluster !== this.#cluster) throw otherCluster(this.#cluster, cluster, this.#options.holderKey);
  }

  /** The page of the server that still has the oldest posts, if that is older than `first`. */
  async #elsewhere(query: Query, first: number): Promise<PostPage | undefined> {
    const { timeoutMs, token, environment, server } = this.#options;
    let best: PostPage | undefined;
    let bestFirst = first;
    const own = this.#client.server?.address;
    for (const address of server === undefined ? this.#client.knownServers : []) {
      if (address === own || address === '') continue;
      const opened = await openOperator({ address, timeoutMs, token, ...(environment && { environment }) });
      if (!opened.ok) continue;
      const operator = opened.answer;
      const page =
        operator.cluster === this.#cluster
          ? await firstPosts(query, async (asking) => {
              const answered = await operator.page({ ...wholePage, ...asking });
              return answered.ok && answered.answer.code === 'ok' ? answered.answer : undefined;
            })
          : undefined;
      operator.close();
      const n = page?.posts[0]?.n ?? first;
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

/** What a query leaves out. */
const wholePage = { direction: 'from', by: 'post', event: 1, limit: 1, fresh: false } as const;

/**
 * The page with the first post that is left from there on: what a server still has may begin with any number of events
 * that are none, as joins and topics. What the first answer says of the room holds for all.
 */
async function firstPosts(query: Query, ask: AskPage): Promise<PostPage | undefined> {
  const answer = await ask(query);
  if (answer === undefined) return undefined;
  const { headN, fresh, headEvent } = answer;
  let { posts } = postsOf(query.room, answer);
  let next = behindLast(answer);
  while (posts.length === 0 && headN >= (query.event ?? 1) && next !== undefined && next <= headEvent) {
    const further = await ask({
      ...query,
      by: 'event',
      event: next,
      limit: limits.pageEventsMax,
      fresh: false,
    });
    if (further === undefined) return undefined;
    ({ posts } = postsOf(query.room, further));
    next = behindLast(further);
  }
  return { posts, headN, fresh };
}

/** The event behind a page; undefined for an empty one. */
function behindLast({ groups }: Page): number | undefined {
  const last = groups.at(-1);
  return last === undefined ? undefined : last.firstEvent + last.events.length;
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
