/** Reads the URL of a Redis, whose password no error repeats. */
import type { RedisAddress } from '../redis/index.js';
import { UsageError } from './go-flags.js';

/** @throws UsageError when `url` is no Redis URL. */
export async function readRedis(option: string, url: string): Promise<RedisAddress> {
  const { readRedisUrl } = await import('../redis/index.js');
  const address = readRedisUrl(url);
  if ('wrong' in address) throw new UsageError(`${option} ${address.wrong}`);
  return address;
}
