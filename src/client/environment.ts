/** What a client needs from its surroundings, handed in so that tests and the simulator can own all of it. */
import { randomBytes } from 'node:crypto';
import { assert, type Clock, type Logger, nodeClock, Prng, silentLogger } from '../base/index.js';
import {
  type Dialling,
  type DialResult,
  dial,
  netContext,
  noSecurity,
  processTurn,
  type Security,
  type Turn,
} from '../net/index.js';

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

let shared: Environment | undefined;
let readSecurity = (): Security => noSecurity;
let security: Security | undefined;

/** Real sockets and the machine's clock; clients that share an environment share its timers. */
export function socketEnvironment(security: Security = noSecurity): Environment {
  const context = netContext(nodeClock, processTurn, security);
  return {
    transport: { dial: (address, timeoutMs, done) => dial(address, { timeoutMs }, context, done) },
    clock: nodeClock,
    turn: processTurn,
    random: new Prng(randomBytes(4).readUInt32BE()),
    secretBytes: (count) => randomBytes(count),
    logger: silentLogger,
  };
}

/** The environment of everybody in this process who was given no other. */
export function defaultEnvironment(): Environment {
  shared ??= socketEnvironment(defaultSecurity());
  return shared;
}

/** What {@link defaultEnvironment} proves and demands. */
export function defaultSecurity(): Security {
  security ??= readSecurity();
  return security;
}

/** Says where {@link defaultSecurity} comes from; asked once, when it is first needed. */
export function secureDefaultEnvironment(read: () => Security): void {
  assert(security === undefined, 'the environment is secured before it is used');
  readSecurity = read;
}
