/** One replica: composes the roles and dispatches inputs to them. It holds no rule that belongs to a single role. */
import { assert, equalBytes, limits, silentLogger, unreachable } from '../base/index.js';
import type {
  Accept,
  Accepted,
  Campaign,
  Chosen,
  Commit,
  HeartbeatReply,
  Learn,
  LearnReply,
  Nack,
  Prepare,
  PromiseReply,
  ReplicaRole,
  ServerId,
  Slot,
} from '../wire/index.js';
import { Acceptor } from './acceptor.js';
import { ballotText, compareBallots, sameBallot } from './ballot.js';
import { Catchup } from './catchup.js';
import { ClientWork } from './client-work.js';
import type { Configuration } from './configuration.js';
import { Context, type ReplicaOptions, ticks } from './context.js';
import { type Effects, noEffects } from './effects.js';
import { Election } from './election.js';
import { Forwarding } from './forwarding.js';
import { HandOver } from './hand-over.js';
import type { Input, Now, PaxosMessage } from './input.js';
import { Intake } from './intake.js';
import { Invariants } from './invariants.js';
import { Patience } from './patience.js';
import { Peers } from './peers.js';
import { noPlants } from './plants.js';
import { Reads } from './reads.js';
import { Roles } from './roles.js';
import { SlotLog } from './slot-log.js';
import { Standing } from './standing.js';
import { StateHashes } from './state-hash.js';
import { Alarm } from './timeout.js';
import type { HeardCommit, ReplicaView } from './view.js';

export class Replica {
  readonly #context: Context;
  readonly #log: SlotLog;
  readonly #acceptor: Acceptor;
  readonly #peers: Peers;
  readonly #patience: Patience;
  readonly #election: Election;
  readonly #catchup: Catchup;
  readonly #forwarding: Forwarding;
  readonly #reads: Reads;
  readonly #hashes: StateHashes;
  readonly #invariants: Invariants;
  readonly #hintAlarm: Alarm;
  readonly #roles: Roles;
  readonly #standing: Standing;
  readonly #clientWork: ClientWork;
  readonly #handOver: HandOver;

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
    const intake = new Intake(this.#context);
    this.#reads = new Reads(this.#context, this.#peers);
    this.#hashes = new StateHashes(this.#context, this.#peers);
    this.#hintAlarm = new Alarm(ticks(limits.commitRepeatMs), 0);
    this.#roles = new Roles({
      context: this.#context,
      log: this.#log,
      acceptor: this.#acceptor,
      peers: this.#peers,
      patience: this.#patience,
      election: this.#election,
      catchup: this.#catchup,
      intake,
      reads: this.#reads,
    });
    this.#standing = new Standing({
      context: this.#context,
      log: this.#log,
      acceptor: this.#acceptor,
      peers: this.#peers,
      roles: this.#roles,
      hashes: this.#hashes,
    });
    this.#clientWork = new ClientWork({
      context: this.#context,
      log: this.#log,
      standing: this.#standing,
      forwarding: this.#forwarding,
      intake,
      reads: this.#reads,
    });
    this.#handOver = new HandOver(this.#context, this.#peers, this.#roles);
    this.#invariants = new Invariants();
    for (const entry of recovered.accepted) this.#context.sawRound(entry.ballot);
  }

  /**
   * Takes one input and returns what must be done about it. Deterministic: the same inputs, clocks and generator give
   * the same effects.
   * @throws InvariantError if this server has done, or was told by a majority, what must never be: the process must
   * stop
   */
  step(input: Input, now: Now): Effects {
    const effects = noEffects();
    this.#context.effects = effects;
    this.#context.now = now;
    const commitBefore = this.#log.commit;
    this.#context.applied = commitBefore;
    this.#dispatch(input);
    this.#conclude(commitBefore);
    this.#invariants.check({
      promised: this.#acceptor.promised,
      commit: this.#log.commit,
      logSize: this.#log.size,
      leads: this.#roles.leader?.ballot,
      campaigns: this.#roles.candidate?.ballot,
      inFlight: this.#roles.leader?.inFlight ?? 0,
    });
    return effects;
  }

  /** The driver has applied through `slot`, a multiple of 1,000; the state hashes to `hash` (8 bytes). */
  setHash(slot: Slot, hash: Uint8Array): void {
    this.#hashes.set(slot, hash);
  }

  /**
   * The driver has applied a membership entry that takes effect. It tells so before the next step: nothing may be
   * proposed in slots that the new members govern before they are known.
   */
  configure(configuration: Configuration): void {
    // Whoever catches up applies in one step what lies between two changes, and more.
    this.#advanceMembers();
    this.#context.configurations.add(configuration);
    this.#onMembers([]);
  }

  /** Frames that were lawfully ignored since this replica was made. */
  get framesIgnored(): number {
    return this.#context.framesIgnored;
  }

  /** The commit index of each peer that is heard, as it said last. */
  get heardCommits(): readonly HeardCommit[] {
    return this.#peers.heard().map(({ id, commit }) => ({ id, commit }));
  }

  get view(): ReplicaView {
    const with_ = this.#standing.happyWith;
    return {
      role: this.#role(),
      ballot: this.#roles.leader?.ballot ?? this.#roles.candidate?.ballot ?? this.#acceptor.promised,
      promised: this.#acceptor.promised,
      durablePromise: this.#acceptor.durablePromise,
      commit: this.#log.commit,
      leader: with_?.server ?? 0,
      happy: with_ !== undefined,
      abdicated: this.#roles.leader?.abdicated ?? false,
      caughtUp: this.#roles.leader !== undefined || this.#catchup.caughtUp,
      inFlight: this.#roles.leader?.inFlight ?? 0,
      pendingBatches: this.#forwarding.pending,
      heard: this.#peers.heard().map((peer) => peer.id),
      caughtUpPeers: this.#peers.caughtUpWith(this.#log.commit),
      epoch: this.#context.configurations.current.epoch,
      votes: this.#context.configurations.mayLead,
      hearsQuorum: this.#peers.hearsQuorum,
      disputed: this.#hashes.disputed,
    };
  }

  #role(): ReplicaRole {
    if (this.#roles.leader !== undefined && !this.#roles.leader.abdicated) return 'leader';
    if (this.#roles.candidate !== undefined) return 'candidate';
    return this.#catchup.caughtUp ? 'follower' : 'recovering';
  }

  #dispatch(input: Input): void {
    switch (input.kind) {
      case 'tick':
        return this.#onTick();
      case 'message':
        assert(input.from !== this.#context.self, 'frames come from others');
        if (!this.#isPeer(input.from)) return this.#context.ignore(input.message.type, 'no member now', input.from);
        return this.#onMessage(input.from, input.message);
      case 'peerUp':
        if (this.#isPeer(input.peer)) this.#catchup.onPeerUp(input.peer, input.incarnation);
        return;
      case 'peerDown':
        this.#acceptor.onDown(input.peer);
        if (this.#isPeer(input.peer)) this.#peers.onDown(input.peer);
        return;
      case 'submit':
        return this.#forwarding.submit(input.batch, input.bytes);
      case 'answered':
        return this.#forwarding.answered(input.batch);
      case 'durable':
        return this.#onDurable(input.records);
      case 'read':
        return this.#reads.add(input.id);
      case 'installed':
        return this.#onInstalled(input.slot, input.configurations);
      case 'disk':
        return this.#onDisk(input.full);
      case 'serves':
        if (input.serves === this.#context.serves) return;
        this.#context.serves = input.serves;
        return this.#context.broadcast({ type: 'serves', serves: input.serves });
      case 'stop':
        return this.#handOver.begin();
      default:
        return unreachable(input);
    }
  }

  /** Links close, and frames are on their way, a little longer than a member is one. */
  #isPeer(server: ServerId): boolean {
    return this.#context.peers.includes(server);
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
        return this.#context.send(from, this.#standing.reply(message.round));
      case 'heartbeatReply':
        return this.#onHeartbeatReply(from, message);
      case 'forward':
        return this.#clientWork.onForward(from, message);
      case 'forwardOk':
        return this.#clientWork.onForwardOk(from, message);
      case 'campaign':
        return this.#onCampaign(from, message);
      case 'readIndex':
        return this.#clientWork.onReadIndex(from, message);
      case 'readIndexOk':
        return this.#clientWork.onReadIndexOk(message);
      case 'serves':
        this.#peers.onServes(from, message.serves);
        this.#roles.leader?.announce();
        return;
      case 'learn':
        return this.#onLearn(from, message);
      case 'learnReply':
        return this.#onLearnReply(from, message);
      case 'stateRequest':
        return;
      case 'stateChunk':
        this.#context.sawRound(message.promised);
        return this.#catchup.onStateChunk(from);
      default:
        return unreachable(message);
    }
  }

  // --- time ---------------------------------------------------------------------------------------------------------

  #onTick(): void {
    this.#context.tick += 1;
    this.#peers.onTick();
    this.#catchup.onTick();
    this.#roles.candidate?.onTick();
    this.#roles.leader?.onTick();
    this.#roles.watchPatience();
    if (this.#hintAlarm.due(this.#context.tick) && !this.#context.diskFull) this.#log.hint();
    if (this.#standing.fitLeader?.shouldPrepareAgain) this.#roles.campaign('a server has promised higher');
  }

  // --- phase 1 ------------------------------------------------------------------------------------------------------

  #onPrepare(from: ServerId, message: Prepare): void {
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

  #onPromise(from: ServerId, message: PromiseReply): void {
    const candidate = this.#roles.candidate;
    this.#peers.sawPromise(from, message.ballot);
    if (candidate === undefined || !sameBallot(message.ballot, candidate.ballot)) {
      return this.#context.ignore('promise', 'not for my ballot', from);
    }
    if (candidate.onPromise(from, message)) this.#roles.becomeLeader(candidate);
  }

  #onNack(from: ServerId, message: Nack): void {
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

  #onAccept(from: ServerId, message: Accept): void {
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

  #onAccepted(from: ServerId, message: Accepted): void {
    this.#peers.sawPromise(from, message.ballot);
    if (this.#roles.leader === undefined || !sameBallot(message.ballot, this.#roles.leader.ballot)) {
      return this.#context.ignore('accepted', 'not for my ballot', from);
    }
    this.#roles.leader.onAccepted(from, message.slot, message.count);
  }

  #onCommit(from: ServerId, message: Commit): void {
    const { ballot, upto } = message;
    if (ballot.server !== from) return this.#context.ignore('commit', 'not its own ballot', from);
    this.#context.sawRound(ballot);
    if (this.#roles.leader !== undefined) {
      if (compareBallots(ballot, this.#roles.leader.ballot) < 0)
        return this.#context.ignore('commit', 'an old ballot', from);
      this.#roles.stepDown('a higher ballot commits');
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
    if (this.#roles.leader !== undefined) {
      if (!this.#roles.leader.stuckBelow(message.upto)) return;
      this.#roles.stepDown('a follower knows more');
    }
    this.#catchup.want(message.upto, from);
  }

  #onDurable(records: number): void {
    assert(records >= this.#context.durable && records <= this.#context.persisted, 'durability only grows');
    this.#context.durable = records;
    this.#acceptor.onDurable();
    this.#roles.leader?.onDurable();
    const candidate = this.#roles.candidate;
    if (candidate?.ownIsDue) {
      if (candidate.addOwn(this.#log.commit, this.#log.entriesAbove())) this.#roles.becomeLeader(candidate);
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
    if (!this.#catchup.isUseful(from, message)) return this.#context.ignore('learnReply', 'not awaited', from);
    if (this.#context.diskFull) return this.#context.ignore('learnReply', 'the disk is full', from);
    const last = this.#catchup.lastSlotOf(message);
    // Stops before using it: announcing under its own ballot what it learned makes followers commit dead values.
    if (this.#roles.leader !== undefined && last > Math.max(this.#roles.leader.floor, this.#log.commit)) {
      if (!this.#context.plants.deposedCommit) this.#roles.stepDown('learned what it has not counted');
    }
    this.#catchup.onReply(from, message);
    this.#roles.leader?.announce();
  }

  #onInstalled(slot: Slot, configurations: readonly Configuration[] | undefined): void {
    if (configurations !== undefined) {
      this.#context.configurations.replace(configurations, Math.max(slot, this.#log.commit));
      this.#context.effects.members = true;
      // What the peers said, they will say again; some may be others now.
      this.#onMembers(this.#context.peers);
    }
    const isNewer = slot > this.#log.commit;
    if (isNewer) {
      if (this.#roles.leader !== undefined && slot > this.#roles.leader.floor)
        this.#roles.stepDown('installed what it has not counted');
      this.#log.install(slot);
      // A leader may have counted votes above it long ago, and nothing else would move its commit index any more.
      this.#log.advance();
      this.#roles.leader?.announce();
    }
    this.#catchup.onInstalled(isNewer);
  }

  // --- standing -----------------------------------------------------------------------------------------------------

  #onHeartbeatReply(from: ServerId, message: HeartbeatReply): void {
    this.#peers.onReply(from, message);
    if (message.hashSlot > 0) this.#hashes.compare();
  }

  #onDisk(full: boolean): void {
    this.#context.diskFull = full;
    if (full && this.#roles.leader !== undefined) this.#roles.abdicate();
    if (full && this.#roles.candidate !== undefined) this.#roles.dropCampaign();
  }

  #onCampaign(from: ServerId, message: Campaign): void {
    if (message.ballot.server !== from || !sameBallot(message.ballot, this.#acceptor.promised)) {
      return this.#context.ignore('campaign', 'not the leader I follow', from);
    }
    const able = !this.#context.stopping && !this.#context.diskFull && !this.#mustNotLead;
    const isVoter = this.#context.configurations.mayLead;
    if (!able || !isVoter || !this.#peers.hearsQuorum) return this.#context.ignore('campaign', 'not able', from);
    this.#roles.campaign(`server ${from} hands over`);
  }

  /** A state that is being fetched, or whose hash others dispute, is nothing to lead with. */
  get #mustNotLead(): boolean {
    return this.#catchup.fetchingState || this.#hashes.disputed;
  }

  /** After every input: settle what was applied, decide about campaigning, move batches on, tell the others. */
  #conclude(commitBefore: Slot): void {
    this.#clientWork.settle(commitBefore);
    this.#advanceMembers();
    this.#roles.leader?.advance();
    if (this.#roles.leader?.outgrown) this.#roles.outgrow();
    let happyWith = this.#standing.happyWith;
    let cutOffFrom: ServerId | undefined;
    if (happyWith !== undefined) {
      this.#election.onHappy();
      this.#abandonCampaign();
    } else {
      cutOffFrom = this.#election.cutOffFrom();
      if (cutOffFrom !== undefined) this.#catchup.askNeighbour(cutOffFrom);
      const idle = this.#roles.candidate === undefined || this.#roles.candidate.waiting;
      // A leader that hears a majority which has promised others may be the only one that hears one: it prepares above
      // them.
      const leads = this.#roles.leader !== undefined && !this.#roles.leader.abdicated;
      const stays = leads && this.#roles.leader?.mayPrepareAgain !== true;
      if (idle && !stays && this.#election.isDue(this.#log.commit, this.#mustNotLead)) {
        this.#roles.campaign('no leader');
      }
      happyWith = this.#standing.happyWith;
    }
    this.#clientWork.pump(happyWith);
    this.#standing.announce(happyWith, cutOffFrom !== undefined);
    // After the announcement: an heir that is still happy with us would drop its campaign.
    this.#handOver.pump();
  }

  /** The commit index may have reached the slots that other members govern. */
  #advanceMembers(): void {
    const configuration = this.#context.configurations.advance(this.#log.commit);
    if (configuration === undefined) return;
    const { epoch, voters, learners } = configuration;
    this.#context.logger.info('members', { epoch, voters, learners });
    this.#context.effects.members = true;
    this.#onMembers(this.#context.plants.promisesKept ? [] : configuration.reborn);
  }

  #onMembers(reborn: readonly ServerId[]): void {
    this.#peers.onMembers(reborn);
    this.#catchup.onMembers(reborn);
    this.#roles.onMembers(reborn);
  }

  /** A waiting candidate gives its ballot up once a quorum is happy with another. */
  #abandonCampaign(): void {
    if (this.#roles.candidate === undefined) return;
    if (this.#peers.happyQuorum) this.#roles.dropCampaign();
  }
}
