/** The balancer: registration, the seal, placement. Advice only, never part of safety. */
export { startBalancer } from './balancer.js';
