/** What a client needs from its surroundings, handed in so that tests and the simulator can own all of it. */
import { randomBytes } from 'node:crypto';
import { type Clock, type Logger, nodeClock, Prng, silentLogger } from '../base/index.js';
import { type Dialling, type DialResult, dial, netContext, processTurn, type Turn } from '../net/index.js';

/** Opens connections. `done` is called once and never before `dial` has returned; not at all after `cancel`. */
export interface Transport {
  dial(address: string, timeoutMs: number, done: (result: DialResult) => void): Dialling;
}

export interface Environment {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Where a turn's lines become one run. */
  readonly turn: Turn;
  /** For jitter and choices; secrets come from `secretBytes`. */
  readonly random: Prng;
  /** Cryptographically random bytes, for nonces. */
  readonly secretBytes: (count: number) => Uint8Array;
  readonly logger: Logger;
}

let socketEnvironment: Environment | undefined;

/**
 * Real sockets, the machine's clock; one environment for all clients of this process, so that they share its timers.
 */
export function defaultEnvironment(): Environment {
  if (socketEnvironment !== undefined) return socketEnvironment;
  const context = netContext(nodeClock, processTurn);
  socketEnvironment = {
    transport: { dial: (address, timeoutMs, done) => dial(address, { timeoutMs }, context, done) },
    clock: nodeClock,
    turn: processTurn,
    random: new Prng(randomBytes(4).readUInt32BE()),
    secretBytes: (count) => randomBytes(count),
    logger: silentLogger,
  };
  return socketEnvironment;
}
