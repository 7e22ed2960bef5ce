/** One replica: composes the roles and dispatches inputs to them. It holds no rule that belongs to a single role. */
import { assert, equalBytes, limits, silentLogger, unreachable } from '../base/index.js';
import type {
  Accept,
  Accepted,
  Ballot,
  Campaign,
  Chosen,
  Commit,
  Forward,
  HeartbeatReply,
  Learn,
  LearnReply,
  Nack,
  Prepare,
  PromiseReply,
  ReadIndex,
  ReplicaRole,
  ServerId,
  Slot,
} from '../wire/index.js';
import { Acceptor } from './acceptor.js';
import { ballotAbove, ballotText, compareBallots, sameBallot, zeroBallot } from './ballot.js';
import { Candidate } from './candidate.js';
import { Catchup } from './catchup.js';
import { Context, type ReplicaOptions, ticks } from './context.js';
import { type Effects, noEffects, type StandingChange } from './effects.js';
import { Election } from './election.js';
import { Forwarding, type Target } from './forwarding.js';
import type { Input, Now, PaxosMessage } from './input.js';
import { Intake } from './intake.js';
import { Invariants } from './invariants.js';
import { Leader } from './leader.js';
import { Patience } from './patience.js';
import { Peers } from './peers.js';
import { noPlants } from './plants.js';
import { Reads } from './reads.js';
import { SlotLog } from './slot-log.js';
import { StateHashes } from './state-hash.js';
import { Alarm } from './timeout.js';

/** Facts for status, tests and the simulator's checkers. */
export interface ReplicaView {
  readonly role: ReplicaRole;
  readonly ballot: Ballot;
  readonly promised: Ballot;
  readonly durablePromise: Ballot;
  readonly commit: Slot;
  readonly leader: ServerId;
  readonly happy: boolean;
  readonly abdicated: boolean;
  readonly caughtUp: boolean;
  readonly inFlight: number;
  readonly pendingBatches: number;
  readonly heard: readonly ServerId[];
  readonly disputed: boolean;
}

type Flags = Pick<HeartbeatReply, 'leads' | 'majority' | 'abdicated' | 'happy'>;

export class Replica {
  readonly #context: Context;
  readonly #log: SlotLog;
  readonly #acceptor: Acceptor;
  readonly #peers: Peers;
  readonly #patience: Patience;
  readonly #election: Election;
  readonly #catchup: Catchup;
  readonly #forwarding: Forwarding;
  readonly #intake: Intake;
  readonly #reads: Reads;
  readonly #hashes: StateHashes;
  readonly #invariants: Invariants;
  readonly #hintAlarm: Alarm;
  #candidate: Candidate | undefined;
  #leader: Leader | undefined;
  #announced: Flags = { leads: zeroBallot, majority: false, abdicated: false, happy: false };
  #standing: StandingChange | undefined;
  #stopTick: number | undefined;

  constructor(options: ReplicaOptions) {
    const { recovered } = options;
    this.#context = new Context(options, { ...noPlants, ...options.plants }, options.logger ?? silentLogger);
    this.#log = new SlotLog(this.#context, recovered.commit, recovered.accepted);
    this.#acceptor = new Acceptor(this.#context, this.#log, recovered.promised);
    this.#peers = new Peers(this.#context);
    this.#patience = new Patience(this.#context);
    this.#election = new Election({
      context: this.#context,
      peers: this.#peers,
      patience: this.#patience,
      acceptor: this.#acceptor,
    });
    this.#catchup = new Catchup(this.#context, this.#log, this.#peers);
    this.#forwarding = new Forwarding(this.#context);
    this.#intake = new Intake(this.#context);
    this.#reads = new Reads(this.#context, this.#peers);
    this.#hashes = new StateHashes(this.#context, this.#peers);
    this.#hintAlarm = new Alarm(ticks(limits.commitRepeatMs), 0);
    this.#invariants = new Invariants();
    for (const entry of recovered.accepted) this.#context.sawRound(entry.ballot);
  }

  /**
   * Takes one input and returns what must be done about it. Deterministic: the same inputs, clocks and generator give the
   * same effects.
   * @throws InvariantError if this server has done, or was told by a majority, what must never be: the process must stop
   */
  step(input: Input, now: Now): Effects {
    const effects = noEffects();
    this.#context.effects = effects;
    this.#context.now = now;
    const commitBefore = this.#log.commit;
    this.#dispatch(input);
    this.#conclude(commitBefore);
    this.#invariants.check({
      promised: this.#acceptor.promised,
      commit: this.#log.commit,
      logSize: this.#log.size,
      leads: this.#leader?.ballot,
      campaigns: this.#candidate?.ballot,
      inFlight: this.#leader?.inFlight ?? 0,
    });
    return effects;
  }

  /** The driver has applied through `slot`, a multiple of 1,000; the state hashes to `hash` (8 bytes). */
  setHash(slot: Slot, hash: Uint8Array): void {
    this.#hashes.set(slot, hash);
  }

  get view(): ReplicaView {
    const with_ = this.#happyWith();
    return {
      role: this.#role(),
      ballot: this.#leader?.ballot ?? this.#candidate?.ballot ?? this.#acceptor.promised,
      promised: this.#acceptor.promised,
      durablePromise: this.#acceptor.durablePromise,
      commit: this.#log.commit,
      leader: with_?.server ?? 0,
      happy: with_ !== undefined,
      abdicated: this.#leader?.abdicated ?? false,
      caughtUp: this.#leader !== undefined || this.#catchup.caughtUp,
      inFlight: this.#leader?.inFlight ?? 0,
      pendingBatches: this.#forwarding.pending,
      heard: this.#peers.heard().map((peer) => peer.id),
      disputed: this.#hashes.disputed,
    };
  }

  #role(): ReplicaRole {
    if (this.#leader !== undefined && !this.#leader.abdicated) return 'leader';
    if (this.#candidate !== undefined) return 'candidate';
    return this.#catchup.caughtUp ? 'follower' : 'recovering';
  }

  #dispatch(input: Input): void {
    switch (input.kind) {
      case 'tick':
        return this.#onTick();
      case 'message':
        assert(
          input.from !== this.#context.self && this.#context.isMember(input.from),
          'frames come from other members',
        );
        return this.#onMessage(input.from, input.message);
      case 'peerUp':
        return this.#catchup.onPeerUp(input.peer, input.incarnation);
      case 'peerDown':
        return this.#peers.onDown(input.peer);
      case 'submit':
        return this.#forwarding.submit(input.batch, input.bytes);
      case 'answered':
        return this.#forwarding.answered(input.batch);
      case 'durable':
        return this.#onDurable(input.records);
      case 'read':
        return this.#reads.add(input.id);
      case 'installed':
        return this.#onInstalled(input.slot);
      case 'disk':
        return this.#onDisk(input.full);
      case 'stop':
        return this.#onStop();
      default:
        return unreachable(input);
    }
  }

  #onMessage(from: ServerId, message: PaxosMessage): void {
    switch (message.type) {
      case 'prepare':
        return this.#onPrepare(from, message);
      case 'promise':
        return this.#onPromise(from, message);
      case 'accept':
        return this.#onAccept(from, message);
      case 'accepted':
        return this.#onAccepted(from, message);
      case 'nack':
        return this.#onNack(from, message);
      case 'commit':
        return this.#onCommit(from, message);
      case 'chosen':
        return this.#onChosen(from, message);
      case 'heartbeat':
        return this.#context.send(from, this.#reply(message.round));
      case 'heartbeatReply':
        return this.#onHeartbeatReply(from, message);
      case 'forward':
        return this.#onForward(from, message);
      case 'forwardOk':
        return this.#forwarding.onForwardOk(from, message, this.#log.commit);
      case 'campaign':
        return this.#onCampaign(from, message);
      case 'readIndex':
        return this.#onReadIndex(from, message);
      case 'readIndexOk':
        return this.#reads.onReply(message.request, message.index);
      case 'learn':
        return this.#onLearn(from, message);
      case 'learnReply':
        return this.#onLearnReply(from, message);
      case 'stateRequest':
        return;
      case 'stateChunk':
        return this.#context.sawRound(message.promised);
      default:
        return unreachable(message);
    }
  }

  // --- time ---------------------------------------------------------------------------------------------------------

  #onTick(): void {
    this.#context.tick += 1;
    this.#peers.onTick();
    this.#catchup.onTick();
    this.#candidate?.onTick();
    this.#leader?.onTick();
    this.#watchPatience();
    if (this.#hintAlarm.due(this.#context.tick) && !this.#context.diskFull) this.#log.hint();
    if (this.#leader?.shouldPrepareAgain && this.#isFit()) this.#startCampaign('a server has promised higher');
  }

  #watchPatience(): void {
    if (this.#leader !== undefined && !this.#leader.abdicated && this.#leader.outOfPatience) {
      this.#context.logger.info('abdicated', { ballot: ballotText(this.#leader.ballot) });
      this.#patience.ranOut();
      this.#abdicate(this.#leader);
    }
    const candidate = this.#candidate;
    if (candidate !== undefined && !candidate.waiting && this.#patience.exceededSince(candidate.patienceTick)) {
      this.#patience.ranOut();
      candidate.waiting = true;
    }
  }

  #abdicate(leader: Leader): void {
    leader.abdicated = true;
    this.#intake.clear();
    this.#reads.stopConfirming();
  }

  // --- phase 1 ------------------------------------------------------------------------------------------------------

  #onPrepare(from: ServerId, message: Prepare): void {
    const { ballot } = message;
    if (ballot.server !== from) return this.#context.ignore('prepare', 'not its own ballot', from);
    if (this.#context.diskFull) return this.#context.ignore('prepare', 'the disk is full', from);
    this.#context.sawRound(ballot);
    const order = compareBallots(ballot, this.#acceptor.promised);
    if (order < 0) return this.#acceptor.nack(from, ballot);
    // Checked when it arrives: a prepare delayed by ten seconds must not depose a good leader.
    const happyWith = this.#happyWith()?.server;
    if (happyWith !== undefined && happyWith !== from) {
      return this.#context.ignore('prepare', `happy with ${happyWith}`, from);
    }
    if (order > 0) this.#promiseTo(ballot);
    this.#acceptor.answerPrepare(from, message);
  }

  /** Raises the promise to another server's ballot; whatever we led or campaigned for ends with it. */
  #promiseTo(ballot: Ballot): void {
    this.#stepDown('promised a higher ballot');
    if (this.#candidate !== undefined) {
      this.#candidate = undefined;
      this.#election.onLost();
    }
    this.#acceptor.promise(ballot);
  }

  #startCampaign(why: string): void {
    const waiting = this.#candidate;
    if (waiting !== undefined && sameBallot(waiting.ballot, this.#acceptor.promised) && !waiting.preempted) {
      waiting.waiting = false;
      waiting.patienceTick = this.#context.tick;
      return;
    }
    this.#stepDown('campaigns anew');
    const round = Math.max(this.#context.roundSeen, this.#acceptor.promised.round);
    const ballot = ballotAbove(round, this.#context.self, this.#context.incarnation);
    this.#context.logger.info('campaign', { ballot: ballotText(ballot), why });
    this.#acceptor.promise(ballot);
    this.#candidate = new Candidate(this.#context, ballot, this.#acceptor.promisedRecord, this.#log.commit);
  }

  #onPromise(from: ServerId, message: PromiseReply): void {
    const candidate = this.#candidate;
    this.#peers.sawPromise(from, message.ballot);
    if (candidate === undefined || !sameBallot(message.ballot, candidate.ballot)) {
      return this.#context.ignore('promise', 'not for my ballot', from);
    }
    if (candidate.onPromise(from, message)) this.#becomeLeader(candidate);
  }

  #becomeLeader(candidate: Candidate): void {
    assert(sameBallot(candidate.ballot, this.#acceptor.promised), 'a candidate holds its own promise');
    this.#candidate = undefined;
    this.#leader = new Leader(
      { context: this.#context, log: this.#log, peers: this.#peers, patience: this.#patience },
      candidate.ballot,
      candidate.promises,
      this.#context.tick - candidate.startTick,
    );
    const { floor } = this.#leader;
    this.#context.logger.info('leads', { ballot: ballotText(candidate.ballot), floor, next: this.#leader.nextSlot });
    const source = candidate.promises.find(
      (promise) => promise.commit === floor && promise.from !== this.#context.self,
    );
    if (floor > this.#log.commit && source !== undefined) this.#catchup.want(floor, source.from);
    if (this.#context.stopping) this.#abdicate(this.#leader);
  }

  #onNack(from: ServerId, message: Nack): void {
    this.#context.sawRound(message.promised);
    if (this.#leader !== undefined && sameBallot(message.refused, this.#leader.ballot)) {
      if (this.#leader.onNack(from)) this.#stepDown('a majority refuses my ballot');
      return;
    }
    const candidate = this.#candidate;
    if (candidate === undefined || !sameBallot(message.refused, candidate.ballot)) {
      return this.#context.ignore('nack', 'not for my ballot', from);
    }
    if (candidate.onNack(from)) {
      this.#candidate = undefined;
      this.#election.onLost();
    }
  }

  #stepDown(why: string): void {
    if (this.#leader === undefined) return;
    this.#context.logger.info('steps-down', { ballot: ballotText(this.#leader.ballot), why });
    this.#leader = undefined;
    this.#intake.clear();
    this.#reads.stopConfirming();
  }

  // --- phase 2 ------------------------------------------------------------------------------------------------------

  #onAccept(from: ServerId, message: Accept): void {
    const { ballot, slot, value } = message;
    if (ballot.server !== from) return this.#context.ignore('accept', 'not its own ballot', from);
    if (this.#context.diskFull) return this.#context.ignore('accept', 'the disk is full', from);
    this.#context.sawRound(ballot);
    // The promise first: a late accept of a dead ballot must not be answered with what is chosen (PAXOS.md, Normal case).
    const order = compareBallots(ballot, this.#acceptor.promised);
    if (order < 0 && !this.#context.plants.acceptBelowPromise) return this.#acceptor.nack(from, ballot);
    if (slot <= this.#log.commit) return this.#context.send(from, { type: 'chosen', upto: this.#log.commit });
    if (!this.#log.hasRoom(slot, value.length)) return this.#context.ignore('accept', 'too far ahead', from);
    const held = this.#log.get(slot);
    if (held !== undefined && (held.chosen || sameBallot(held.ballot, ballot)) && !equalBytes(held.value, value)) {
      this.#context.logger.error('two-values', { slot, from, ballot: ballotText(ballot) });
      return;
    }
    if (order > 0) this.#promiseTo(ballot);
    this.#acceptor.vote(from, message);
  }

  #onAccepted(from: ServerId, message: Accepted): void {
    this.#peers.sawPromise(from, message.ballot);
    if (this.#leader === undefined || !sameBallot(message.ballot, this.#leader.ballot)) {
      return this.#context.ignore('accepted', 'not for my ballot', from);
    }
    this.#leader.onAccepted(from, message.slot, message.count);
  }

  #onCommit(from: ServerId, message: Commit): void {
    const { ballot, upto } = message;
    if (ballot.server !== from) return this.#context.ignore('commit', 'not its own ballot', from);
    this.#context.sawRound(ballot);
    if (this.#leader !== undefined) {
      if (compareBallots(ballot, this.#leader.ballot) < 0) return this.#context.ignore('commit', 'an old ballot', from);
      this.#stepDown('a higher ballot commits');
    }
    const last = Math.min(upto, this.#log.highest);
    for (let slot = this.#log.commit + 1; slot <= last; slot++) {
      const entry = this.#log.get(slot);
      // Only a vote at exactly this ballot is known to be for the chosen value.
      if (entry === undefined) continue;
      if (sameBallot(entry.ballot, ballot) || this.#context.plants.commitOlderBallot) entry.chosen = true;
    }
    this.#log.advance();
    this.#catchup.want(upto, from);
  }

  #onChosen(from: ServerId, message: Chosen): void {
    if (message.upto <= this.#log.commit) return this.#context.ignore('chosen', 'known', from);
    if (this.#leader !== undefined) {
      if (!this.#leader.stuckBelow(message.upto)) return;
      this.#stepDown('a follower knows more');
    }
    this.#catchup.want(message.upto, from);
  }

  #onDurable(records: number): void {
    assert(records >= this.#context.durable && records <= this.#context.persisted, 'durability only grows');
    this.#context.durable = records;
    this.#acceptor.onDurable();
    this.#leader?.onDurable();
    const candidate = this.#candidate;
    if (candidate?.ownIsDue) {
      if (candidate.addOwn(this.#log.commit, this.#log.entriesAbove())) this.#becomeLeader(candidate);
    }
  }

  // --- catch-up -----------------------------------------------------------------------------------------------------

  #onLearn(from: ServerId, message: Learn): void {
    const { commit } = this.#log;
    const upto = message.upto === 0 ? commit : Math.min(message.upto, commit);
    this.#context.effects.learns.push({
      to: from,
      request: message.request,
      from: message.from,
      upto,
      commit,
      promised: this.#acceptor.promised,
    });
  }

  #onLearnReply(from: ServerId, message: LearnReply): void {
    this.#context.sawRound(message.promised);
    if (!this.#catchup.isAwaited(from, message)) return this.#context.ignore('learnReply', 'not awaited', from);
    if (this.#context.diskFull) return this.#context.ignore('learnReply', 'the disk is full', from);
    const last = this.#catchup.lastSlotOf(message);
    // Stops before using it: announcing under its own ballot what it learned makes followers commit dead values.
    if (this.#leader !== undefined && last > Math.max(this.#leader.floor, this.#log.commit)) {
      if (!this.#context.plants.deposedCommit) this.#stepDown('learned what it has not counted');
    }
    this.#catchup.onReply(from, message);
    this.#leader?.announce();
  }

  #onInstalled(slot: Slot): void {
    if (slot > this.#log.commit) {
      if (this.#leader !== undefined && slot > this.#leader.floor) this.#stepDown('installed what it has not counted');
      this.#log.install(slot);
    }
    this.#catchup.onInstalled();
  }

  // --- clients ------------------------------------------------------------------------------------------------------

  #onForward(from: ServerId, message: Forward): void {
    if (!this.#isFit()) return this.#context.ignore('forward', 'not a leader in good standing', from);
    this.#intake.add(from, message.batch, message.bytes);
  }

  #onReadIndex(from: ServerId, message: ReadIndex): void {
    if (this.#leader === undefined || !this.#isFit()) return this.#context.ignore('readIndex', 'not a leader', from);
    this.#reads.confirm(this.#leader, this.#log.commit, from, message.request);
  }

  // --- standing -----------------------------------------------------------------------------------------------------

  #onHeartbeatReply(from: ServerId, message: HeartbeatReply): void {
    this.#peers.onReply(from, message);
    if (message.hashSlot > 0) this.#hashes.compare();
  }

  #onDisk(full: boolean): void {
    this.#context.diskFull = full;
    if (full && this.#leader !== undefined) this.#abdicate(this.#leader);
    if (full && this.#candidate !== undefined) this.#candidate = undefined;
  }

  #onStop(): void {
    if (this.#context.stopping) return;
    this.#context.stopping = true;
    this.#stopTick = this.#context.tick;
    if (this.#leader !== undefined) this.#abdicate(this.#leader);
  }

  /** Waits for what is in flight, at most a second, then tells the most advanced follower to campaign. */
  #handOver(): void {
    if (this.#stopTick === undefined) return;
    const waited = this.#context.tick - this.#stopTick;
    const leader = this.#leader;
    if (leader !== undefined && leader.inFlight > 0 && waited < ticks(limits.handoverMs)) return;
    this.#stopTick = undefined;
    this.#context.effects.stopped = true;
    if (leader === undefined) return;
    const followers = this.#peers.heard().filter((peer) => sameBallot(peer.promised, leader.ballot));
    followers.sort((a, b) => b.commit - a.commit);
    const heir = followers[0];
    if (heir !== undefined) this.#context.send(heir.id, { type: 'campaign', ballot: leader.ballot });
  }

  #onCampaign(from: ServerId, message: Campaign): void {
    if (message.ballot.server !== from || !sameBallot(message.ballot, this.#acceptor.promised)) {
      return this.#context.ignore('campaign', 'not the leader I follow', from);
    }
    const able = !this.#context.stopping && !this.#context.diskFull && !this.#catchup.fetchingState;
    if (!able || this.#peers.up < this.#context.majority) return this.#context.ignore('campaign', 'not able', from);
    this.#startCampaign(`server ${from} hands over`);
  }

  /** True while this server leads, a majority follows, and nothing forbids it to propose. */
  #isFit(): boolean {
    const leader = this.#leader;
    return leader !== undefined && !leader.abdicated && !this.#hashes.disputed && leader.hasMajority;
  }

  /** Whom this server is happy with: itself, or a peer heard that leads, is followed and has not abdicated. */
  #happyWith(): Target | undefined {
    if (this.#leader !== undefined && this.#isFit()) return { server: this.#context.self, ballot: this.#leader.ballot };
    const peer = this.#peers.happyLeader();
    return peer === undefined ? undefined : { server: peer.id, ballot: peer.leads };
  }

  #flags(happy: boolean): Flags {
    const leader = this.#leader;
    return {
      leads: leader?.ballot ?? zeroBallot,
      majority: leader?.hasMajority ?? false,
      abdicated: (leader?.abdicated ?? false) || (leader !== undefined && this.#hashes.disputed),
      happy,
    };
  }

  #reply(round: number): HeartbeatReply {
    return {
      type: 'heartbeatReply',
      round,
      promised: this.#acceptor.durablePromise,
      ...this.#flags(this.#happyWith() !== undefined),
      commit: this.#log.commit,
      hashSlot: this.#hashes.lastSlot,
      hash: this.#hashes.lastHash,
    };
  }

  /** After every input: settle what was applied, decide about campaigning, move batches on, tell the others. */
  #conclude(commitBefore: Slot): void {
    if (this.#log.commit > commitBefore) this.#forwarding.onApplied(commitBefore, this.#log.commit);
    let happyWith = this.#happyWith();
    let cutOffFrom: ServerId | undefined;
    if (happyWith !== undefined) {
      this.#election.onHappy();
      this.#abandonCampaign();
    } else {
      cutOffFrom = this.#election.cutOffFrom();
      if (cutOffFrom !== undefined) this.#catchup.askNeighbour(cutOffFrom);
      const idle = this.#candidate === undefined || this.#candidate.waiting;
      const leads = this.#leader !== undefined && !this.#leader.abdicated;
      if (idle && !leads && this.#election.isDue(this.#log.commit, this.#catchup.fetchingState)) {
        this.#startCampaign('no leader');
      }
      happyWith = this.#happyWith();
    }
    this.#moveBatches(happyWith);
    this.#reads.pump(this.#isFit() ? this.#leader : undefined, happyWith?.server, this.#log.commit);
    this.#announce(happyWith, cutOffFrom !== undefined);
    // After the announcement: an heir that is still happy with us would drop its campaign.
    this.#handOver();
  }

  /** A waiting candidate gives its ballot up once a quorum is happy with another. */
  #abandonCampaign(): void {
    if (this.#candidate === undefined) return;
    const happy = 1 + this.#peers.heard().filter((peer) => peer.happy).length;
    if (happy >= this.#context.majority) this.#candidate = undefined;
  }

  #moveBatches(target: Target | undefined): void {
    const { self } = this.#context;
    this.#forwarding.pump(target, (to, batch, bytes) => {
      if (to.server === self) this.#intake.add(self, batch, bytes);
      else this.#context.send(to.server, { type: 'forward', batch, bytes });
    });
    const leader = this.#leader;
    if (leader === undefined || !this.#isFit()) return;
    this.#intake.drain(leader, (origin, batch, slot) => {
      if (origin === self) this.#forwarding.placed(batch, slot, this.#log.commit);
      else this.#context.send(origin, { type: 'forwardOk', ballot: leader.ballot, batch, slot });
    });
  }

  #announce(happyWith: Target | undefined, move: boolean): void {
    const flags = this.#flags(happyWith !== undefined);
    const old = this.#announced;
    const changed =
      !sameBallot(flags.leads, old.leads) ||
      flags.majority !== old.majority ||
      flags.abdicated !== old.abdicated ||
      flags.happy !== old.happy;
    if (changed) {
      this.#announced = flags;
      this.#context.broadcast(this.#reply(0));
    }
    const standing: StandingChange = {
      leader: happyWith?.server ?? 0,
      ballot: happyWith?.ballot ?? zeroBallot,
      leading: happyWith?.server === this.#context.self,
      happy: happyWith !== undefined,
      up: this.#peers.up,
      move,
    };
    const last = this.#standing;
    const same =
      last !== undefined &&
      last.leader === standing.leader &&
      sameBallot(last.ballot, standing.ballot) &&
      last.up === standing.up &&
      last.move === standing.move;
    if (same) return;
    this.#standing = standing;
    this.#context.effects.standing = standing;
  }
}
