/** One connection to a Redis, made when needed and made anew after any doubt; every failure is a RedisTrouble. */
import { isIP } from 'node:net';
import type { Redis, RedisOptions } from 'ioredis';
import { limits } from '../base/index.js';
import type { RedisAddress } from './address.js';
import { troubleOf } from './trouble.js';

/** What of ioredis is used: scripts, since all that synod asks of Redis must happen as one. */
export type RedisClient = Pick<Redis, 'connect' | 'disconnect' | 'on' | 'auth' | 'select' | 'eval'>;

/** Makes a client that has not connected yet. */
export type MakeClient = (options: RedisOptions) => Promise<RedisClient> | RedisClient;

/** ioredis is loaded here and only when a Redis is named: most users never need it. */
const realClient: MakeClient = async (options) => new (await import('ioredis')).Redis(options);

/**
 * Commands go one after the other, so that what waits here is one command. Nothing is repeated by itself: whoever asks
 * decides whether a command whose answer got lost may be sent again.
 */
export class RedisConnection {
  readonly address: RedisAddress;
  readonly #make: MakeClient;
  #client: RedisClient | undefined;
  /** The command under way and those behind it. */
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(address: RedisAddress, make: MakeClient = realClient) {
    this.address = address;
    this.#make = make;
  }

  /** Runs a Lua script on these keys. Rejects with a RedisTrouble only. */
  eval(script: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const result = this.#last.then(() => this.#eval(script, keys, args));
    this.#last = result.catch(() => 'told to whoever asked');
    return result;
  }

  /** Ends the connection at once; what waits is rejected. */
  close(): void {
    this.#closed = true;
    this.#drop();
  }

  async #eval(script: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    let client = this.#client;
    try {
      client ??= await this.#connect();
      return await client.eval(script, keys.length, ...keys, ...args);
    } catch (error) {
      const trouble = troubleOf(error, this.address.shown, keys.join("' or '"));
      // After a time-out an answer may still come, for the wrong question; a replica may be the primary's old address.
      if (trouble.mayLose) this.#drop();
      throw trouble;
    }
  }

  /** Connected, logged in, and on the right database: step by step, so that each refusal is seen for what it is. */
  async #connect(): Promise<RedisClient> {
    const { host, port, db, tls, username, password } = this.address;
    const client = await this.#make({
      host,
      port,
      ...(tls ? { tls: isIP(host) === 0 ? { servername: host } : {} } : {}),
      lazyConnect: true,
      enableReadyCheck: false,
      enableOfflineQueue: false,
      disableClientInfo: true,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
      connectTimeout: limits.redisAnswerMs,
      commandTimeout: limits.redisAnswerMs,
    });
    if (this.#closed) throw new Error('closed');
    this.#client = client;
    // `connect` only says that the connection is closed; why, an event tells.
    let why: unknown;
    client.on('error', (error: Error) => {
      why ??= error;
    });
    client.on('close', () => {
      if (this.#client === client) this.#client = undefined;
    });
    try {
      await client.connect();
      if (password !== undefined) {
        await (username === undefined ? client.auth(password) : client.auth(username, password));
      }
      await client.select(db);
      return client;
    } catch (error) {
      this.#drop();
      throw troubleOf(why ?? error, this.address.shown);
    }
  }

  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.disconnect();
  }
}
