/** What synod does with a Redis: balancers share their seal in it, rooms are mirrored into its streams. */
export { type RedisAddress, readRedisUrl } from './address.js';
export { RedisRegistry } from './registry.js';
