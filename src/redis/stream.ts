/**
 * A room's stream in Redis: where it stands, and how posts are added behind that and nowhere else, all of one cluster.
 */
import type { RedisConnection } from './connection.js';
import type { Post, StreamTop } from './mirror-plan.js';
import { otherCluster } from './other-cluster.js';

/** Lua that both scripts begin with: the id that a stream gave last, even if that entry is gone; its last entry. */
export const streamLua = `
local function last_id(key)
  if redis.call('EXISTS', key) == 0 then return '0-0' end
  local info = redis.call('XINFO', 'STREAM', key)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return info[i + 1] end
  end
end
local function last_entry(key)
  local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)
  if #last == 0 then return nil end
  return last[1][1], last[1][2]
end
`;

/** That id, and the last entry if there is any. */
const topScript = `${streamLua}
local top = last_id(KEYS[1])
if top == '0-0' then return {top} end
return {top, last_entry(KEYS[1])}
`;

/** The cluster that the streams of this prefix are of. */
const holderScript = `return redis.call('HGET', KEYS[1], 'id')`;

/**
 * Adds posts if the stream still stands at ARGV[1] and the streams are of the cluster ARGV[3], else nothing; returns
 * where the stream stands then, and the cluster. The first post of all makes them that cluster's. One step for Redis,
 * so
 * that two mirrors, or a retry whose first attempt was heard, neither double nor leave out an entry, two clusters never
 * mix, and an entry that a full Redis refuses has none behind it.
 */
const appendScript = `${streamLua}
local top = last_id(KEYS[1])
local holder = redis.call('HGET', KEYS[2], 'id')
if holder and holder ~= ARGV[3] then return {top, holder} end
if top ~= ARGV[1] then return {top, ARGV[3]} end
if not holder then redis.call('HSET', KEYS[2], 'id', ARGV[3]) end
for i = 4, #ARGV, 7 do
  local n, fields = ARGV[i], {'room', ARGV[i + 1], 'n', ARGV[i], 'slot', ARGV[i + 2], 'from', ARGV[i + 3],
    'text', ARGV[i + 4], 'time', ARGV[i + 5], 'kind', ARGV[i + 6]}
  if ARGV[2] == '0' then redis.call('XADD', KEYS[1], n, unpack(fields))
  else redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], n, unpack(fields)) end
  top = n .. '-0'
end
return {top, ARGV[3]}
`;

export class RoomStreams {
  readonly #connection: RedisConnection;
  readonly #prefix: string;
  /** About so many entries are kept of each stream; 0: all. */
  readonly #trim: number;

  constructor(connection: RedisConnection, prefix: string, trim: number) {
    this.#connection = connection;
    this.#prefix = prefix;
    this.#trim = trim;
  }

  keyOf(room: string): string {
    return `${this.#prefix}${room}`;
  }

  /** The key that tells of which cluster the streams of this prefix are; no room is called so. */
  get holderKey(): string {
    return `${this.#prefix}cluster`;
  }

  /** The id of that cluster, undefined before the first post. Rejects with a RedisTrouble. */
  async holder(): Promise<string | undefined> {
    const holder = await this.#connection.eval(holderScript, [this.holderKey], []);
    return typeof holder === 'string' ? holder : undefined;
  }

  /** Rejects with a RedisTrouble. */
  async top(room: string): Promise<StreamTop> {
    const found = (await this.#connection.eval(topScript, [this.keyOf(room)], [])) as [string, string?, string[]?];
    const [id, entryId, fields] = found;
    if (entryId === undefined || fields === undefined) return { id };
    const entry = new Map<string, string>();
    for (let i = 0; i + 1 < fields.length; i += 2) entry.set(fields[i] as string, fields[i + 1] as string);
    return { id, entry: { id: entryId, fields: entry } };
  }

  /**
   * Adds `posts` of `cluster` behind post number `after`; resolves to the id at which the stream stands then. Rejects
   * with
   * a RedisTrouble, or with an ExitError (3) when the streams are another cluster's.
   */
  async append(room: string, cluster: string, after: number, posts: readonly Post[]): Promise<string> {
    const args: (string | number)[] = [`${after}-0`, this.#trim, cluster];
    for (const { n, slot, from, text, time, kind } of posts) args.push(n, room, slot, from, text, time, kind);
    const keys = [this.keyOf(room), this.holderKey];
    const [top, holder] = (await this.#connection.eval(appendScript, keys, args)) as [string, string];
    if (holder !== cluster) throw otherCluster(holder, cluster, this.holderKey);
    return top;
  }
}
