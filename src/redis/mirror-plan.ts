/** What the mirror makes of what Redis and the chat say about one room. Pure. */

/** One committed message, as it stands in the stream. */
export interface Post {
  /** 1, 2, 3… per room without gaps; the entry's id is `n-0`. */
  readonly n: number;
  readonly slot: number;
  readonly from: string;
  readonly text: string;
  /** ISO 8601, the leader's wall clock. */
  readonly time: string;
  readonly kind: 'post' | 'action';
}

/** Where a stream stands. */
export interface StreamTop {
  /** The id that it gave last; `0-0` if it never had an entry. */
  readonly id: string;
  /** It is known of which cluster the streams of its prefix are. */
  readonly isClaimed: boolean;
  /** Its last entry, if it still has any. */
  readonly entry?: { readonly id: string; readonly fields: ReadonlyMap<string, string> };
}

/** A page of a room: posts in rising order, and how many the room had. */
export interface PostPage {
  readonly posts: readonly Post[];
  readonly headN: number;
  /** A quorum confirmed that nothing acknowledged is missing. */
  readonly fresh: boolean;
}

/** The number of the last post in the stream, or why this is no stream of ours. */
export type Place = { readonly n: number } | { readonly foreign: string };

export function placeOf({ id, entry }: Pick<StreamTop, 'id' | 'entry'>): Place {
  const found = /^(\d{1,16})-0$/.exec(id);
  const n = Number(found?.[1]);
  if (found === null || !Number.isSafeInteger(n)) return { foreign: `its last id is ${id}, and the mirror writes N-0` };
  if (entry === undefined) return { n };
  const { fields } = entry;
  if (!/^\d+-0$/.test(entry.id) || fields.get('n') !== entry.id.slice(0, -2)) {
    return { foreign: `its entry ${entry.id} was not written by the mirror` };
  }
  return { n };
}

/** A stream that was known to stand at post `place` has fewer now. */
export function isBehind(id: string, place: number): boolean {
  const found = placeOf({ id });
  return 'n' in found && found.n < place;
}

/**
 * Whether the stream goes with the room: it does, nothing is left to compare, ask again (this server does not know as
 * much yet), or never.
 */
export type Match = 'same' | 'unknown' | 'later' | { readonly foreign: string };

/** `page` begins at the post of the stream's last entry, or at its last id. */
export function matchOf(place: number, { entry }: Pick<StreamTop, 'entry'>, page: PostPage): Match {
  if (page.headN < place) {
    if (!page.fresh) return 'later';
    return { foreign: `it goes up to ${place}-0, and the room only to ${page.headN}` };
  }
  const post = page.posts.find(({ n }) => String(n) === entry?.fields.get('n'));
  // What readers or the servers have deleted cannot be compared.
  if (entry === undefined || post === undefined) return 'unknown';
  const { fields } = entry;
  const isSame =
    fields.get('slot') === String(post.slot) && fields.get('from') === post.from && fields.get('text') === post.text;
  return isSame ? 'same' : { foreign: `its entry ${entry.id} is not message ${post.n} of the room` };
}

/** What follows post number `after`: the posts to add, and how many before them nobody has any more. */
export interface Next {
  readonly posts: readonly Post[];
  readonly missing: number;
  /** There is more behind these. */
  readonly more: boolean;
}

export function nextOf(after: number, page: PostPage): Next {
  const posts = page.posts.filter(({ n }) => n > after);
  const first = posts[0];
  const last = posts.at(-1);
  if (first === undefined || last === undefined) return { posts: [], missing: 0, more: false };
  return { posts, missing: first.n - after - 1, more: last.n < page.headN };
}
