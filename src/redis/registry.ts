/** The registry in Redis: one hash holds the seal that several balancers share. */
import { ExitError, exitCodes, toHex } from '../base/index.js';
import { formatSeal, parseSeal, RegistryUnavailable, type Seal, type SealRegistry } from '../daemon/index.js';
import type { RedisAddress } from './address.js';
import { type MakeClient, RedisConnection } from './connection.js';
import { RedisTrouble } from './trouble.js';

/** One cluster per database: another cluster uses another database number. */
export const sealKey = 'synod:seal';

/**
 * One step for Redis: writes the seal offered (cluster, epoch, number of members, text, may move addresses) unless an
 * equal or newer one stands, and returns the text that stands then. An older membership never replaces a newer one, and
 * another cluster's none.
 */
const offerScript = `
local function held(field) return redis.call('HGET', KEYS[1], field) end
local cluster, seal = held('cluster'), held('seal')
if not cluster and redis.call('EXISTS', KEYS[1]) == 1 then return 'no seal' end
if ARGV[1] == '' then return seal end
local wins = not cluster
if cluster == ARGV[1] then
  local epoch, heldEpoch = tonumber(ARGV[2]), tonumber(held('epoch'))
  local members, heldMembers = tonumber(ARGV[3]), tonumber(held('members'))
  wins = epoch > heldEpoch
    or (epoch == heldEpoch and members > heldMembers)
    or (epoch == heldEpoch and members == heldMembers and ARGV[5] == '1')
end
if not wins then return seal end
redis.call('HSET', KEYS[1], 'cluster', ARGV[1], 'epoch', ARGV[2], 'members', ARGV[3], 'seal', ARGV[4])
return ARGV[4]
`;

export class RedisRegistry implements SealRegistry {
  readonly shown: string;
  readonly #connection: RedisConnection;

  constructor(address: RedisAddress, make?: MakeClient) {
    this.shown = address.shown;
    this.#connection = new RedisConnection(address, make);
  }

  async offer(seal: Seal | undefined, mayMove: boolean): Promise<Seal | undefined> {
    const args =
      seal === undefined
        ? ['', 0, 0, '', '0']
        : [toHex(seal.clusterId), seal.epoch, seal.members.length, formatSeal(seal), mayMove ? '1' : '0'];
    let text: unknown;
    try {
      text = await this.#connection.eval(offerScript, [sealKey], args);
    } catch (error) {
      if (!(error instanceof RedisTrouble)) throw error;
      if (error.kind === 'refused') throw new ExitError(exitCodes.refused, error.code, error.message);
      throw new RegistryUnavailable(error.code, error.message);
    }
    if (text === null) return undefined;
    const standing = typeof text === 'string' ? parseSeal(text) : undefined;
    if (standing !== undefined) return standing;
    const what = `Redis at ${this.shown}, key '${sealKey}', holds something that is no seal`;
    const remedy = 'remove it with redis-cli DEL; the servers show their membership and it is taken over from them';
    throw new ExitError(exitCodes.refused, 'DAMAGED', `${what}: ${remedy}`);
  }

  close(): void {
    this.#connection.close();
  }
}
