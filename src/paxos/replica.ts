/** One replica: composes the roles and dispatches inputs to them. It holds no rule that belongs to a single role. */
import { assert, limits, silentLogger, unreachable } from '../base/index.js';
import type { Campaign, HeartbeatReply, ReplicaRole, ServerId, Slot } from '../wire/index.js';
import { Acceptor } from './acceptor.js';
import { sameBallot } from './ballot.js';
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
import { Learning } from './learning.js';
import { Members } from './members.js';
import { Patience } from './patience.js';
import { Peers } from './peers.js';
import { Phases } from './phases.js';
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
  readonly #phases: Phases;
  readonly #members: Members;
  readonly #learning: Learning;
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
    this.#phases = new Phases({
      context: this.#context,
      log: this.#log,
      acceptor: this.#acceptor,
      peers: this.#peers,
      roles: this.#roles,
      standing: this.#standing,
    });
    this.#members = new Members({
      context: this.#context,
      log: this.#log,
      peers: this.#peers,
      catchup: this.#catchup,
      roles: this.#roles,
    });
    this.#learning = new Learning({
      context: this.#context,
      log: this.#log,
      acceptor: this.#acceptor,
      roles: this.#roles,
      catchup: this.#catchup,
      members: this.#members,
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
    this.#members.add(configuration);
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

  /** It leads, and nothing that it proposed waits to be chosen. */
  get leadsIdly(): boolean {
    return this.#roles.leader?.inFlight === 0;
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
        return this.#phases.onDurable(input.records);
      case 'read':
        return this.#reads.add(input.id);
      case 'installed':
        return this.#learning.onInstalled(input.slot, input.configurations);
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
        return this.#phases.onPrepare(from, message);
      case 'promise':
        return this.#phases.onPromise(from, message);
      case 'accept':
        return this.#phases.onAccept(from, message);
      case 'accepted':
        return this.#phases.onAccepted(from, message);
      case 'nack':
        return this.#phases.onNack(from, message);
      case 'commit':
        return this.#learning.onCommit(from, message);
      case 'chosen':
        return this.#learning.onChosen(from, message);
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
        return this.#learning.onLearn(from, message);
      case 'learnReply':
        return this.#learning.onLearnReply(from, message);
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
    this.#members.advance();
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

  /** A waiting candidate gives its ballot up once a quorum is happy with another. */
  #abandonCampaign(): void {
    if (this.#roles.candidate === undefined) return;
    if (this.#peers.happyQuorum) this.#roles.dropCampaign();
  }
}
