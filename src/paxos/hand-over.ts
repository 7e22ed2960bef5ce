/** SIGTERM: a leader declares itself unhappy, waits for what is in flight, and names its heir (PAXOS.md, Election). */
import { limits } from '../base/index.js';
import { sameBallot } from './ballot.js';
import { type Context, ticks } from './context.js';
import type { Peers } from './peers.js';
import type { Roles } from './roles.js';

export class HandOver {
  readonly #context: Context;
  readonly #peers: Peers;
  readonly #roles: Roles;
  #sinceTick: number | undefined;

  constructor(context: Context, peers: Peers, roles: Roles) {
    this.#context = context;
    this.#peers = peers;
    this.#roles = roles;
  }

  begin(): void {
    if (this.#context.stopping) return;
    this.#context.stopping = true;
    this.#sinceTick = this.#context.tick;
    this.#roles.abdicate();
  }

  /** Waits for what is in flight, at most a second, then tells the most advanced follower to campaign. */
  pump(): void {
    if (this.#sinceTick === undefined) return;
    const waitedTicks = this.#context.tick - this.#sinceTick;
    const { leader } = this.#roles;
    if (leader !== undefined && leader.inFlight > 0 && waitedTicks < ticks(limits.handoverMs)) return;
    this.#sinceTick = undefined;
    this.#context.effects.stopped = true;
    if (leader === undefined) return;
    leader.tellAll();
    const followers = this.#peers.heard().filter((peer) => sameBallot(peer.promised, leader.ballot));
    followers.sort((a, b) => b.commit - a.commit);
    const heir = followers[0];
    if (heir !== undefined) this.#context.send(heir.id, { type: 'campaign', ballot: leader.ballot });
  }
}
