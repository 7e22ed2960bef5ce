/** The surroundings of a process's connections, made once by whoever composes the process. */
import type { Clock } from '../base/index.js';
import { ByteBudget } from './byte-budget.js';
import type { NetContext } from './options.js';
import { noSecurity, type Security } from './security.js';
import { Sweeper } from './sweeper.js';
import { processTurn, type Turn } from './turn.js';

/** Unfinished frames of all connections together: room for 16 of the largest between servers at once. */
const INBOUND_BYTES_MAX = 256 << 20;

/** Connections that share `context` share its turn, its one sweep timer and its bound on unfinished bytes. */
export function netContext(clock: Clock, turn: Turn = processTurn, security: Security = noSecurity): NetContext {
  return { clock, turn, sweeper: new Sweeper(clock), inbound: new ByteBudget(INBOUND_BYTES_MAX), security };
}
