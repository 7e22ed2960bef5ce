/**
 * A room's stream in Redis: where it stands, and how posts are added behind that and nowhere else, all of one cluster.
 */
import type { RedisConnection } from './connection.js';
import type { Post, StreamTop } from './mirror-plan.js';
import { otherCluster } from './other-cluster.js';

/**
 * Lua that these scripts begin with: the id that a stream gave last, even if that entry is gone; its last entry;
 * whether any of the streams that match a pattern ever had one, for which all keys are looked through.
 */
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
local function any_begun(pattern)
  local cursor = '0'
  repeat
    local found = redis.call('SCAN', cursor, 'MATCH', pattern, 'COUNT', 1000)
    cursor = found[1]
    for _, key in ipairs(found[2]) do
      local is_stream, id = pcall(last_id, key)
      if is_stream and id ~= '0-0' then return true end
    end
  until cursor == '0'
  return false
end
`;

/** That id, the cluster that the streams are of or '', and the last entry if there is any. */
const topScript = `${streamLua}
local top = last_id(KEYS[1])
local holder = redis.call('HGET', KEYS[2], 'id') or ''
if top == '0-0' then return {top, holder} end
return {top, holder, last_entry(KEYS[1])}
`;

/** The cluster that the streams of this prefix are of. */
const holderScript = `return redis.call('HGET', KEYS[1], 'id')`;

/** Makes them ARGV[1]'s unless they are somebody's; returns whose they are. */
const claimScript = `
local holder = redis.call('HGET', KEYS[1], 'id')
if holder then return holder end
redis.call('HSET', KEYS[1], 'id', ARGV[1])
return ARGV[1]
`;

/**
 * Adds posts if the stream still stands at ARGV[1] and the streams are of the cluster ARGV[3], else nothing; returns
 * where the stream stands then, and the cluster, '' if nobody knows it. The first post of all, as long as no stream
 * ARGV[4] has begun, makes them that cluster's. One step for Redis, so that two mirrors, or a retry whose first attempt
 * was heard, neither double nor leave out an entry, two clusters never mix, and an entry that a full Redis refuses has
 * none behind it.
 */
const appendScript = `${streamLua}
local top = last_id(KEYS[1])
local holder = redis.call('HGET', KEYS[2], 'id')
if holder and holder ~= ARGV[3] then return {top, holder} end
if top ~= ARGV[1] then return {top, ARGV[3]} end
if not holder then
  if any_begun(ARGV[4]) then return {top, ''} end
  redis.call('HSET', KEYS[2], 'id', ARGV[3])
end
for i = 5, #ARGV, 7 do
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
    const keys = [this.keyOf(room), this.holderKey];
    const found = (await this.#connection.eval(topScript, keys, [])) as [string, string, string?, string[]?];
    const [id, holder, entryId, fields] = found;
    const isClaimed = holder !== '';
    if (entryId === undefined || fields === undefined) return { id, isClaimed };
    const entry = new Map<string, string>();
    for (let i = 0; i + 1 < fields.length; i += 2) entry.set(fields[i] as string, fields[i + 1] as string);
    return { id, isClaimed, entry: { id: entryId, fields: entry } };
  }

  /**
   * Makes the streams `cluster`'s, one of which was seen to be. Rejects with a RedisTrouble, or with an ExitError (3)
   * when they are another cluster's.
   */
  async claim(cluster: string): Promise<void> {
    const holder = (await this.#connection.eval(claimScript, [this.holderKey], [cluster])) as string;
    if (holder !== cluster) throw otherCluster(holder, cluster, this.holderKey);
  }

  /**
   * Adds `posts` of `cluster` behind post number `after`; resolves to the id at which the stream stands then, or to
   * 'unclaimed' when there are streams of which nobody knows whose they are. Rejects with a RedisTrouble, or with an
   * ExitError (3) when the streams are another cluster's.
   */
  async append(room: string, cluster: string, after: number, posts: readonly Post[]): Promise<string> {
    const begun = `${this.#prefix.replace(/[\\*?[\]]/g, '\\$&')}#*`;
    const args: (string | number)[] = [`${after}-0`, this.#trim, cluster, begun];
    for (const { n, slot, from, text, time, kind } of posts) args.push(n, room, slot, from, text, time, kind);
    const keys = [this.keyOf(room), this.holderKey];
    const [top, holder] = (await this.#connection.eval(appendScript, keys, args)) as [string, string];
    if (holder === '') return 'unclaimed';
    if (holder !== cluster) throw otherCluster(holder, cluster, this.holderKey);
    return top;
  }
}
