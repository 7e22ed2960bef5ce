/** The balancer: registration, the seal, placement. Advice only, never part of safety. */
export { startBalancer } from './balancer.js';
export type { Seal } from './membership.js';
export { formatSeal, parseSeal } from './seal-file.js';
export { RegistryUnavailable, type SealRegistry } from './shared-seal.js';
