/**
 * Which role this server plays: follower, candidate or leader, and how it moves between them. The only writer of both.
 */
import { assert, limits } from '../base/index.js';
import type { Ballot, ServerId } from '../wire/index.js';
import type { Acceptor } from './acceptor.js';
import { ballotAbove, ballotText, sameBallot } from './ballot.js';
import { Candidate } from './candidate.js';
import type { Catchup } from './catchup.js';
import type { Context } from './context.js';
import type { Election } from './election.js';
import type { Intake } from './intake.js';
import { Leader } from './leader.js';
import type { Patience } from './patience.js';
import type { Peers } from './peers.js';
import type { Reads } from './reads.js';
import type { SlotLog } from './slot-log.js';

export interface RoleParts {
  readonly context: Context;
  readonly log: SlotLog;
  readonly acceptor: Acceptor;
  readonly peers: Peers;
  readonly patience: Patience;
  readonly election: Election;
  readonly catchup: Catchup;
  readonly intake: Intake;
  readonly reads: Reads;
}

export class Roles {
  readonly #parts: RoleParts;
  #candidate: Candidate | undefined;
  #leader: Leader | undefined;

  constructor(parts: RoleParts) {
    this.#parts = parts;
  }

  get candidate(): Candidate | undefined {
    return this.#candidate;
  }

  /** The leader's half, also while it has abdicated and only counts votes. */
  get leader(): Leader | undefined {
    return this.#leader;
  }

  /** Raises the promise to another server's ballot; whatever we led or campaigned for ends with it. */
  promiseTo(ballot: Ballot): void {
    this.stepDown('promised a higher ballot');
    if (this.#candidate !== undefined) this.loseCampaign();
    this.#parts.acceptor.promise(ballot);
  }

  /** Campaigns: a waiting candidate that nobody refused goes on with its ballot, anyone else takes a new one. */
  campaign(why: string): void {
    const { context, acceptor, log } = this.#parts;
    const waiting = this.#candidate;
    if (waiting !== undefined && sameBallot(waiting.ballot, acceptor.promised) && !waiting.preempted) {
      waiting.waiting = false;
      waiting.patienceTick = context.tick;
      return;
    }
    this.stepDown('campaigns anew');
    const round = Math.max(context.roundSeen, acceptor.promised.round);
    const ballot = ballotAbove(round, context.self, context.incarnation);
    context.logger.info('campaign', { ballot: ballotText(ballot), why });
    acceptor.promise(ballot);
    this.#candidate = new Candidate(context, ballot, acceptor.promisedRecord, log.commit);
  }

  /** The campaign ended without winning. */
  loseCampaign(): void {
    this.#candidate = undefined;
    this.#parts.election.onLost();
  }

  /** The campaign is given up because it is no longer wanted; nothing was lost. */
  dropCampaign(): void {
    this.#candidate = undefined;
  }

  /** A quorum of complete promises is there: the candidate leads. */
  becomeLeader(candidate: Candidate): void {
    const { context, acceptor, log, peers, patience, catchup } = this.#parts;
    assert(candidate === this.#candidate, 'the running candidate wins');
    assert(sameBallot(candidate.ballot, acceptor.promised), 'a candidate holds its own promise');
    const { floor: highest, last } = candidate.extent(log.commit);
    if (last - highest > 2 * limits.acceptAheadSlots || last > Number.MAX_SAFE_INTEGER - limits.uncommittedSlotsMax) {
      // No acceptor takes votes so far above what is committed: filling the slots between would take for ever.
      context.logger.error('impossible-promise', { ballot: ballotText(candidate.ballot), floor: highest, last });
      this.loseCampaign();
      return;
    }
    this.#candidate = undefined;
    const prepareTicks = context.tick - candidate.startTick;
    const leader = new Leader({ context, log, peers, patience }, candidate.ballot, candidate.promises, prepareTicks);
    this.#leader = leader;
    const { floor, nextSlot } = leader;
    context.logger.info('leads', { ballot: ballotText(candidate.ballot), floor, next: nextSlot });
    const source = candidate.promises.find((promise) => promise.commit === floor && promise.from !== context.self);
    if (floor > log.commit && source !== undefined) catchup.want(floor, source.from);
    if (context.stopping) this.abdicate();
  }

  /** Gives way visibly: proposes and resends nothing, still counts votes and commits. */
  abdicate(): void {
    if (this.#leader === undefined) return;
    this.#leader.abdicated = true;
    this.#parts.intake.clear();
    this.#parts.reads.stopConfirming();
  }

  /** Stops leading for good: this ballot is never proposed at again. */
  stepDown(why: string): void {
    if (this.#leader === undefined) return;
    this.#parts.context.logger.info('steps-down', { ballot: ballotText(this.#leader.ballot), why });
    this.#leader.tellAll();
    this.#leader = undefined;
    this.#parts.intake.clear();
    this.#parts.reads.stopConfirming();
  }

  /** Other members govern from now on, or will; those `reborn` have forgotten what they promised. */
  onMembers(reborn: readonly ServerId[]): void {
    // The promises it asked for were those of other voters.
    this.dropCampaign();
    this.#leader?.forget(reborn);
    if (!this.#parts.context.configurations.mayLead) this.stepDown('has no vote any more');
  }

  /** The members changed so that this ballot does not reach further: another one, or another server. */
  outgrow(): void {
    const { configurations, self } = this.#parts.context;
    const governing = configurations.pending ?? configurations.current;
    if (governing.voters.includes(self)) this.campaign('the members change');
    else this.abdicate();
  }

  /** Patience covers leaderships and campaigns alike (PAXOS.md, Gray failure). */
  watchPatience(): void {
    const { context, patience } = this.#parts;
    // In a cluster of one there is nobody to give way to.
    if (context.peers.length === 0) return;
    if (this.#leader !== undefined && !this.#leader.abdicated && this.#leader.outOfPatience) {
      context.logger.info('abdicated', { ballot: ballotText(this.#leader.ballot) });
      patience.ranOut();
      this.abdicate();
    }
    const candidate = this.#candidate;
    if (candidate !== undefined && !candidate.waiting && patience.exceededSince(candidate.patienceTick)) {
      patience.ranOut();
      candidate.waiting = true;
    }
  }
}
