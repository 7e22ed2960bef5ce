/** ioredis-mock in the place of a Redis, with stand-ins for the two commands that it lacks and synod needs. */
import { EventEmitter } from 'node:events';
import type { RedisOptions } from 'ioredis';
import RedisMock from 'ioredis-mock';
import type { MakeClient, RedisClient } from '../../src/redis/connection.js';
import { streamLua } from '../../src/redis/stream.js';

/**
 * The mock has no XINFO: what it gave last is the id of the last entry, as long as nobody deletes that. In its Lua,
 * arrays within arrays are objects of JavaScript, which count from 0, so that SCAN can't be read; a table that grew
 * does not come back, and `false` is not nil. Our entries have seven fields.
 */
const standIn = `
local function last_entry(key)
  local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)
  if #last == 0 then return nil end
  local fields = {'', '', '', '', '', '', '', '', '', '', '', '', '', ''}
  for i = 1, 14 do fields[i] = tostring(last[1][1][i - 1]) end
  return tostring(last[1][0]), fields
end
local function last_id(key)
  return last_entry(key) or '0-0'
end
local function any_begun(pattern)
  for _, key in ipairs(redis.call('KEYS', pattern)) do
    if last_id(key) ~= '0-0' then return true end
  end
  return false
end
`;

// A mock keeps listening to what it shares with others, even when it is disconnected.
EventEmitter.defaultMaxListeners = 1_000;

/** Clients of one address share their data for ever: a test that wants its own gives its own port. */
export const mockClient: MakeClient = (options: RedisOptions): RedisClient => {
  const mock = new RedisMock(options);
  const client = Object.create(mock) as RedisClient;
  client.eval = (async (script: string, ...rest: (string | number)[]) => {
    const answer: unknown = await mock.eval(script.replace(streamLua, standIn), ...(rest as [number, ...string[]]));
    return answer === false ? null : answer;
  }) as RedisClient['eval'];
  // Nor can it choose a database later; each address has one of its own anyway.
  client.select = (async () => 'OK') as RedisClient['select'];
  return client;
};

/** What a test looks at directly. */
export function mockAt(port: number, db = 0): InstanceType<typeof RedisMock> {
  return new RedisMock({ host: '127.0.0.1', port, db });
}
