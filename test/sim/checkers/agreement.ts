/** One value per slot, one value per ballot and slot, one owner per ballot, and nothing applied that was not chosen. */
import { limits } from '../../../src/base/index.js';
import { ballotText } from '../../../src/paxos/index.js';
import type { Ballot, Member, ServerId, Slot } from '../../../src/wire/index.js';
import { demand } from '../violation.js';
import { Electorates, type Holder } from './electorates.js';
import type { LedgerVote } from './ledger.js';

/** Where a value came from, for the message of a violation. */
interface Chosen {
  readonly digest: string;
  readonly by: string;
}

export class Agreement {
  readonly electorates: Electorates;
  /** Durable votes per ballot and slot. */
  readonly #votes = new Map<string, Set<Holder>>();
  readonly #proposed = new Map<string, string>();
  readonly #chosen = new Map<Slot, Chosen>();
  readonly #owners = new Map<string, string>();
  /** Hash of the state as applied through a slot. */
  readonly #hashes = new Map<Slot, { readonly hash: string; readonly by: string }>();
  readonly #watchHashes: boolean;
  #highest: Slot = 0;
  /** Times two servers' states were compared at a slot at which they compare them themselves, too. */
  thousandsCompared = 0;

  /** `watchHashes` false: states are compared by the servers only. */
  constructor(members: readonly Member[], watchHashes: boolean) {
    this.electorates = new Electorates(members);
    this.#watchHashes = watchHashes;
  }

  /** The highest slot that was ever chosen. */
  get highest(): Slot {
    return this.#highest;
  }

  /** The chosen value's digest, if a quorum has durably voted for one. */
  chosen(slot: Slot): string | undefined {
    return this.#chosen.get(slot)?.digest;
  }

  /** `life` of `owner` sends a prepare or an accept at `ballot`. */
  ballotUsed(owner: ServerId, life: string, ballot: Ballot): void {
    demand(ballot.server === owner, 'one owner per ballot', () => `server ${owner} uses ${ballotText(ballot)}`);
    const key = ballotKey(ballot);
    const known = this.#owners.get(key);
    if (known === undefined) this.#owners.set(key, life);
    else
      demand(
        known === life,
        'one owner per ballot',
        () => `${ballotText(ballot)} is used by lives ${known} and ${life}`,
      );
  }

  /** A leader proposes a value. */
  proposed(ballot: Ballot, slot: Slot, digest: string): void {
    const key = `${ballotKey(ballot)}:${slot}`;
    const known = this.#proposed.get(key);
    if (known === undefined) this.#proposed.set(key, digest);
    else
      demand(
        known === digest,
        'one value per ballot',
        () => `${ballotText(ballot)} proposes two values in slot ${slot}`,
      );
  }

  /** A vote became durable; with a quorum of them at one ballot the value is chosen, whether anybody knows or not. */
  voted(server: Holder, slot: Slot, vote: LedgerVote): void {
    if (vote.chosen) {
      this.#choose(slot, { digest: vote.digest, by: `learned by ${server}` });
      return;
    }
    const key = `${ballotKey(vote.ballot)}:${slot}`;
    let voters = this.#votes.get(key);
    if (voters === undefined) {
      voters = new Set();
      this.#votes.set(key, voters);
    }
    voters.add(server);
    if (this.electorates.isQuorum(slot, (voter) => voters.has(voter))) {
      this.#choose(slot, { digest: vote.digest, by: `${[...voters].join(', ')} at ${ballotText(vote.ballot)}` });
    }
  }

  /** A server applied a value and its state now hashes to `hash`. */
  applied(server: string, slot: Slot, digest: string, hash: string): void {
    const chosen = this.#chosen.get(slot);
    demand(
      chosen !== undefined,
      'applied before chosen',
      () => `server ${server} applied slot ${slot}, for which no quorum has durably voted`,
    );
    demand(
      chosen?.digest === digest,
      'one value per slot',
      () => `server ${server} applied ${digest} in slot ${slot}, chosen was ${chosen?.digest} (${chosen?.by})`,
    );
    this.state(server, slot, hash);
  }

  /** A server's state as applied through `slot` hashes to `hash`. */
  state(server: string, slot: Slot, hash: string): void {
    if (!this.#watchHashes) return;
    const known = this.#hashes.get(slot);
    if (known !== undefined && slot % limits.hashEverySlots === 0) this.thousandsCompared++;
    if (known === undefined) this.#hashes.set(slot, { hash, by: server });
    else
      demand(
        known.hash === hash,
        'equal hashes',
        () => `after slot ${slot} server ${server} has state ${hash}, ${known.by} had ${known.hash}`,
      );
  }

  #choose(slot: Slot, value: Chosen): void {
    const known = this.#chosen.get(slot);
    if (known === undefined) {
      this.#chosen.set(slot, value);
      if (slot > this.#highest) this.#highest = slot;
      return;
    }
    demand(
      known.digest === value.digest,
      'one value per slot',
      () => `slot ${slot}: ${known.digest} was chosen by ${known.by}, then ${value.digest} by ${value.by}`,
    );
  }
}

function ballotKey(ballot: Ballot): string {
  return `${ballot.round}.${ballot.server}.${ballot.incarnation}`;
}
