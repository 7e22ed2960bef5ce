/**
 * Who campaigns and when: quorum-connected, unhappy, patient, jittered (PAXOS.md, Election). Leadership is advice,
 * never safety.
 */
import { limits } from '../base/index.js';
import type { ServerId, Slot } from '../wire/index.js';
import type { Acceptor } from './acceptor.js';
import { isZero } from './ballot.js';
import { type Context, ticks } from './context.js';
import type { Patience } from './patience.js';
import type { Peers } from './peers.js';

export class Election {
  readonly #context: Context;
  readonly #peers: Peers;
  readonly #patience: Patience;
  readonly #acceptor: Acceptor;
  /** Campaigns lost since this server was last happy. */
  #lost = 0;
  /** When the next campaign begins, once all conditions hold; drawn anew each time they begin to hold. */
  #campaignTick: number | undefined;
  /** Since when this server has been unhappy while a neighbour it hears is happy. */
  #cutOffTick: number | undefined;

  constructor(shared: { context: Context; peers: Peers; patience: Patience; acceptor: Acceptor }) {
    this.#context = shared.context;
    this.#peers = shared.peers;
    this.#patience = shared.patience;
    this.#acceptor = shared.acceptor;
  }

  /** A campaign ended without winning. */
  onLost(): void {
    this.#lost = Math.min(this.#lost + 1, 30);
  }

  onHappy(): void {
    this.#lost = 0;
    this.#campaignTick = undefined;
    this.#cutOffTick = undefined;
    this.#patience.sawHappy();
  }

  /**
   * Notes that this server is unhappy now; returns the happy neighbour after a second of being cut off, else nothing.
   */
  cutOffFrom(): ServerId | undefined {
    const neighbour = this.#peers.happyNeighbour();
    if (neighbour === undefined) {
      this.#cutOffTick = undefined;
      return undefined;
    }
    this.#cutOffTick ??= this.#context.tick;
    return this.#context.tick - this.#cutOffTick >= ticks(limits.moveMs) ? neighbour.id : undefined;
  }

  /** Everything but the draw: may an unhappy server campaign at all now? */
  #mayCampaign(mustNotLead: boolean): boolean {
    const context = this.#context;
    if (context.stopping || context.diskFull || mustNotLead || !context.configurations.mayLead) return false;
    if (!this.#peers.hearsQuorum || this.#peers.happyNeighbour() !== undefined) return false;
    if (this.#patience.coolingDown) return false;
    const { promised, promisedTick } = this.#acceptor;
    const mine = isZero(promised) || promised.server === context.self;
    // Whoever we promised gets our patience first: the largest single gain on slow disks and with delayed prepares.
    return mine || this.#patience.exceededSince(promisedTick);
  }

  /** True when an unhappy server without a running campaign should begin one now. */
  isDue(commit: Slot, mustNotLead: boolean): boolean {
    if (!this.#mayCampaign(mustNotLead)) {
      this.#campaignTick = undefined;
      return false;
    }
    this.#campaignTick ??= this.#context.tick + this.#backoffTicks(commit);
    if (this.#context.tick < this.#campaignTick) return false;
    this.#campaignTick = undefined;
    return true;
  }

  /** Uniform in [0, max(100 ms · 2^lost, patience if above 1 s)], plus a step per 1,000 slots behind the best heard. */
  #backoffTicks(commit: Slot): number {
    const doubledTicks = ticks(limits.campaignBackoffMs) * 2 ** this.#lost;
    const patienceTicks = this.#patience.currentTicks > ticks(limits.patienceMs) ? this.#patience.currentTicks : 0;
    const rangeTicks = Math.min(Math.max(doubledTicks, patienceTicks), ticks(limits.patienceMaxMs));
    const behind = Math.max(0, this.#peers.bestCommit() - commit);
    const steps = Math.min(Math.floor(behind / limits.behindSlotsPerStep), limits.behindStepsMax);
    return this.#context.random.below(rangeTicks + 1) + steps * ticks(limits.campaignBackoffMs);
  }
}
