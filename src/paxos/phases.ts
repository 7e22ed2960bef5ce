/**
 * The two phases of Paxos, frame by frame: who gets a promise or a vote of this server, and what becomes of the
 * promises, votes and refusals of others.
 */
import { assert, equalBytes, limits } from '../base/index.js';
import type { Accept, Accepted, Nack, Prepare, PromiseReply, ServerId } from '../wire/index.js';
import type { Acceptor } from './acceptor.js';
import { ballotText, compareBallots, sameBallot } from './ballot.js';
import type { Context } from './context.js';
import type { Peers } from './peers.js';
import type { Roles } from './roles.js';
import type { SlotLog } from './slot-log.js';
import type { Standing } from './standing.js';

export class Phases {
  readonly #context: Context;
  readonly #log: SlotLog;
  readonly #acceptor: Acceptor;
  readonly #peers: Peers;
  readonly #roles: Roles;
  readonly #standing: Standing;

  constructor(parts: {
    context: Context;
    log: SlotLog;
    acceptor: Acceptor;
    peers: Peers;
    roles: Roles;
    standing: Standing;
  }) {
    this.#context = parts.context;
    this.#log = parts.log;
    this.#acceptor = parts.acceptor;
    this.#peers = parts.peers;
    this.#roles = parts.roles;
    this.#standing = parts.standing;
  }

  // --- phase 1 ------------------------------------------------------------------------------------------------------

  onPrepare(from: ServerId, message: Prepare): void {
    const { ballot } = message;
    if (ballot.server !== from) return this.#context.ignore('prepare', 'not its own ballot', from);
    if (this.#context.diskFull) return this.#context.ignore('prepare', 'the disk is full', from);
    this.#context.sawRound(ballot);
    const order = compareBallots(ballot, this.#acceptor.promised);
    if (order < 0) return this.#acceptor.nack(from, ballot);
    if (ballot.round > limits.roundMax) return this.#context.ignore('prepare', "a round that is nobody's", from);
    // Checked when it arrives: a prepare delayed by ten seconds must not depose a good leader.
    const happyWith = this.#standing.happyWith?.server;
    if (happyWith !== undefined && happyWith !== from) {
      return this.#context.ignore('prepare', `happy with ${happyWith}`, from);
    }
    if (order > 0) this.#roles.promiseTo(ballot);
    this.#acceptor.answerPrepare(from, message);
  }

  onPromise(from: ServerId, message: PromiseReply): void {
    const candidate = this.#roles.candidate;
    this.#peers.sawPromise(from, message.ballot);
    if (candidate === undefined || !sameBallot(message.ballot, candidate.ballot)) {
      return this.#context.ignore('promise', 'not for my ballot', from);
    }
    if (candidate.onPromise(from, message)) this.#roles.becomeLeader(candidate);
  }

  onNack(from: ServerId, message: Nack): void {
    this.#context.sawRound(message.promised);
    if (this.#roles.leader !== undefined && sameBallot(message.refused, this.#roles.leader.ballot)) {
      if (this.#roles.leader.onNack(from)) this.#roles.stepDown('a majority refuses my ballot');
      return;
    }
    const candidate = this.#roles.candidate;
    if (candidate === undefined || !sameBallot(message.refused, candidate.ballot)) {
      return this.#context.ignore('nack', 'not for my ballot', from);
    }
    if (candidate.onNack(from)) {
      this.#roles.loseCampaign();
    }
  }

  // --- phase 2 ------------------------------------------------------------------------------------------------------

  onAccept(from: ServerId, message: Accept): void {
    const { ballot, slot, value } = message;
    if (ballot.server !== from) return this.#context.ignore('accept', 'not its own ballot', from);
    if (this.#context.diskFull) return this.#context.ignore('accept', 'the disk is full', from);
    this.#context.sawRound(ballot);
    // The promise first: a late accept of a dead ballot must not be answered with what is chosen (PAXOS.md, Normal
    // case).
    const order = compareBallots(ballot, this.#acceptor.promised);
    if (order < 0 && !this.#context.plants.acceptBelowPromise) return this.#acceptor.nack(from, ballot);
    if (ballot.round > limits.roundMax) return this.#context.ignore('accept', "a round that is nobody's", from);
    if (slot <= this.#log.commit) return this.#context.send(from, { type: 'chosen', upto: this.#log.commit });
    if (!this.#log.hasRoom(slot, value.length)) return this.#context.ignore('accept', 'too far ahead', from);
    const held = this.#log.get(slot);
    if (held !== undefined && (held.chosen || sameBallot(held.ballot, ballot)) && !equalBytes(held.value, value)) {
      this.#context.logger.error('two-values', { slot, from, ballot: ballotText(ballot) });
      return;
    }
    if (order > 0) this.#roles.promiseTo(ballot);
    this.#acceptor.vote(from, message);
  }

  onAccepted(from: ServerId, message: Accepted): void {
    this.#peers.sawPromise(from, message.ballot);
    if (this.#roles.leader === undefined || !sameBallot(message.ballot, this.#roles.leader.ballot)) {
      return this.#context.ignore('accepted', 'not for my ballot', from);
    }
    this.#roles.leader.onAccepted(from, message.slot, message.count);
  }

  /** The first `records` records of this process are on disk: our own promise and votes among them count now. */
  onDurable(records: number): void {
    assert(records >= this.#context.durable && records <= this.#context.persisted, 'durability only grows');
    this.#context.durable = records;
    this.#acceptor.onDurable();
    this.#roles.leader?.onDurable();
    const candidate = this.#roles.candidate;
    if (candidate?.ownIsDue) {
      if (candidate.addOwn(this.#log.commit, this.#log.entriesAbove())) this.#roles.becomeLeader(candidate);
    }
  }
}
