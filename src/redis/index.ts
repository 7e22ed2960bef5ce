/** What synod does with a Redis: balancers share their seal in it, rooms are mirrored into its streams. */
export { type RedisAddress, readRedisUrl } from './address.js';
export { type MirrorHandle, type MirrorOptions, startMirror } from './mirror.js';
export { RedisRegistry } from './registry.js';
