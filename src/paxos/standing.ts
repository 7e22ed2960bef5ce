/** How this server stands: fit to lead, happy with whom; what heartbeats report and when a change is announced. */
import type { HeartbeatReply, ServerId } from '../wire/index.js';
import type { Acceptor } from './acceptor.js';
import { sameBallot, zeroBallot } from './ballot.js';
import type { Context } from './context.js';
import type { StandingChange } from './effects.js';
import type { Target } from './forwarding.js';
import type { Leader } from './leader.js';
import type { Peers } from './peers.js';
import type { Roles } from './roles.js';
import type { SlotLog } from './slot-log.js';
import type { StateHashes } from './state-hash.js';

type Flags = Pick<HeartbeatReply, 'leads' | 'majority' | 'abdicated' | 'happy'>;

export class Standing {
  readonly #context: Context;
  readonly #log: SlotLog;
  readonly #acceptor: Acceptor;
  readonly #peers: Peers;
  readonly #roles: Roles;
  readonly #hashes: StateHashes;
  #announced: Flags = { leads: zeroBallot, majority: false, abdicated: false, happy: false };
  #told: StandingChange | undefined;

  constructor(parts: {
    context: Context;
    log: SlotLog;
    acceptor: Acceptor;
    peers: Peers;
    roles: Roles;
    hashes: StateHashes;
  }) {
    this.#context = parts.context;
    this.#log = parts.log;
    this.#acceptor = parts.acceptor;
    this.#peers = parts.peers;
    this.#roles = parts.roles;
    this.#hashes = parts.hashes;
  }

  /** This server as leader while a majority follows and nothing forbids it to propose; else nothing. */
  get fitLeader(): Leader | undefined {
    const { leader } = this.#roles;
    if (leader === undefined || leader.abdicated || this.#hashes.disputed || !leader.hasMajority) return undefined;
    return leader;
  }

  /** Whom this server is happy with: itself, or a peer heard that leads, is followed and has not abdicated. */
  get happyWith(): Target | undefined {
    const fit = this.fitLeader;
    if (fit !== undefined) return { server: this.#context.self, ballot: fit.ballot };
    const peer = this.#peers.happyLeader();
    return peer === undefined ? undefined : { server: peer.id, ballot: peer.leads };
  }

  /** Answers a heartbeat of `round`; round 0 is an announcement. */
  reply(round: number): HeartbeatReply {
    return {
      type: 'heartbeatReply',
      round,
      promised: this.#acceptor.durablePromise,
      ...this.#flags(this.happyWith !== undefined),
      commit: this.#log.commit,
      hashSlot: this.#hashes.lastSlot,
      hash: this.#hashes.lastHash,
    };
  }

  #flags(happy: boolean): Flags {
    const { leader } = this.#roles;
    return {
      leads: leader?.ballot ?? zeroBallot,
      majority: leader?.hasMajority ?? false,
      abdicated: leader !== undefined && (leader.abdicated || this.#hashes.disputed),
      happy,
    };
  }

  /** Tells the peers at once when what heartbeats report has changed, and the shell when its clients should know. */
  announce(happyWith: Target | undefined, move: boolean): void {
    const flags = this.#flags(happyWith !== undefined);
    const old = this.#announced;
    const changed =
      !sameBallot(flags.leads, old.leads) ||
      flags.majority !== old.majority ||
      flags.abdicated !== old.abdicated ||
      flags.happy !== old.happy;
    if (changed) {
      this.#announced = flags;
      this.#context.broadcast(this.reply(0));
    }
    this.#tell(happyWith, move);
  }

  #tell(happyWith: Target | undefined, move: boolean): void {
    const leader: ServerId = happyWith?.server ?? 0;
    const ballot = happyWith?.ballot ?? zeroBallot;
    const { up } = this.#peers;
    const told = this.#told;
    const same =
      told !== undefined &&
      told.leader === leader &&
      told.up === up &&
      told.move === move &&
      sameBallot(told.ballot, ballot);
    if (same) return;
    this.#told = { leader, ballot, leading: leader === this.#context.self, happy: happyWith !== undefined, up, move };
    this.#context.effects.standing = this.#told;
  }
}
