/**
 * A change of the members on its way to whoever keeps something about them: what the peers said, what is asked of them,
 * the role that rests on their promises (PAXOS.md, Changing the members).
 */
import type { ServerId, Slot } from '../wire/index.js';
import type { Catchup } from './catchup.js';
import type { Configuration } from './configuration.js';
import type { Context } from './context.js';
import type { Peers } from './peers.js';
import type { Roles } from './roles.js';
import type { SlotLog } from './slot-log.js';

export class Members {
  readonly #context: Context;
  readonly #log: SlotLog;
  readonly #peers: Peers;
  readonly #catchup: Catchup;
  readonly #roles: Roles;

  constructor(parts: { context: Context; log: SlotLog; peers: Peers; catchup: Catchup; roles: Roles }) {
    this.#context = parts.context;
    this.#log = parts.log;
    this.#peers = parts.peers;
    this.#catchup = parts.catchup;
    this.#roles = parts.roles;
  }

  /** An entry was applied after which other members govern, from a later slot on. */
  add(configuration: Configuration): void {
    // Whoever catches up applies in one step what lies between two changes, and more.
    this.advance();
    this.#context.configurations.add(configuration);
    this.#tell([]);
  }

  /** The commit index may have reached the slots that other members govern. */
  advance(): void {
    const configuration = this.#context.configurations.advance(this.#log.commit);
    if (configuration === undefined) return;
    const { epoch, voters, learners } = configuration;
    this.#context.logger.info('members', { epoch, voters, learners });
    this.#context.effects.members = true;
    this.#tell(this.#context.plants.promisesKept ? [] : configuration.reborn);
  }

  /** A state through `slot` was installed, with the members as it knows them. */
  replace(configurations: readonly Configuration[], slot: Slot): void {
    this.#context.configurations.replace(configurations, Math.max(slot, this.#log.commit));
    this.#context.effects.members = true;
    // What the peers said, they will say again; some may be others now.
    this.#tell(this.#context.peers);
  }

  /** Those `reborn` have come back with nothing: what they said does not count any more. */
  #tell(reborn: readonly ServerId[]): void {
    this.#peers.onMembers(reborn);
    this.#catchup.onMembers(reborn);
    this.#roles.onMembers(reborn);
  }
}
