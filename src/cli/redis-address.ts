/** Reads the URL of a Redis, whose password no error repeats. */
import { type RedisAddress, RedisRegistry, readRedisUrl } from '../redis/index.js';
import { UsageError } from './go-flags.js';

/** @throws UsageError when `url` is no Redis URL. */
export function readRedis(option: string, url: string): RedisAddress {
  const address = readRedisUrl(url);
  if ('wrong' in address) throw new UsageError(`${option} ${address.wrong}`);
  return address;
}

export function openRegistry(url: string): RedisRegistry {
  return new RedisRegistry(readRedis('--registry', url));
}
