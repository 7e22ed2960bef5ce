/** What this server knows of the others: who answers heartbeats, what they promised, whom they are happy with. */
import { assert, limits } from '../base/index.js';
import type { Ballot, HeartbeatReply, Incarnation, ServerId, Slot } from '../wire/index.js';
import { compareBallots, isZero, sameBallot, zeroBallot } from './ballot.js';
import { type Context, ticks } from './context.js';
import { Alarm } from './timeout.js';

/** One peer as its own words and our heartbeat rounds show it. */
export interface Peer {
  readonly id: ServerId;
  incarnation: Incarnation;
  /** The latest of our rounds it answered; 0 when a connection closed since. */
  answeredRound: number;
  /** How long its answers take, in ticks, smoothed over about eight of them. */
  delayTicks: number;
  promised: Ballot;
  leads: Ballot;
  majority: boolean;
  abdicated: boolean;
  happy: boolean;
  /** Until then nobody is connected to it, as it said last. */
  quietUntilTick: number;
  commit: Slot;
  hashSlot: Slot;
  hash: Uint8Array;
}

/** Rounds whose answers are timed: older answers say nothing about now. */
const timedRounds = 64;

export class Peers {
  readonly #context: Context;
  readonly #peers = new Map<ServerId, Peer>();
  readonly #beat: Alarm;
  #round = 0;
  /** When the last rounds were sent, by round modulo their number. */
  readonly #sentTicks: number[] = new Array<number>(timedRounds).fill(0);

  constructor(context: Context) {
    this.#context = context;
    this.#beat = new Alarm(ticks(limits.heartbeatMs), context.tick);
    for (const id of context.peers) this.#peers.set(id, unheardPeer(id));
  }

  /** The members changed: forgets who left, and what those said who come back with another directory. */
  onMembers(reborn: readonly ServerId[]): void {
    const { peers } = this.#context;
    for (const id of this.#peers.keys()) if (!peers.includes(id) || reborn.includes(id)) this.#peers.delete(id);
    for (const id of peers) if (!this.#peers.has(id)) this.#peers.set(id, unheardPeer(id));
  }

  get(id: ServerId): Peer {
    const peer = this.#peers.get(id);
    assert(peer !== undefined, `server ${id} is a member`);
    return peer;
  }

  /** Our latest heartbeat round. */
  get round(): number {
    return this.#round;
  }

  /** A round every 100 ms. Rounds advance only when sent, so a stalled server does not blame the others. */
  onTick(): void {
    if (this.#beat.due(this.#context.tick)) this.beat();
  }

  beat(): void {
    this.#round += 1;
    this.#sentTicks[this.#round % timedRounds] = this.#context.tick;
    if (!this.#context.serves) this.#context.broadcast({ type: 'serves', serves: false });
    this.#context.broadcast({ type: 'heartbeat', round: this.#round });
  }

  /** A connection to or from the peer closed: unheard at once. */
  onDown(id: ServerId): void {
    const peer = this.get(id);
    peer.answeredRound = 0;
    peer.happy = false;
    peer.majority = false;
    peer.leads = zeroBallot;
    peer.quietUntilTick = 0;
  }

  /** Its word that it serves nobody holds as long as it is repeated: a lost one must not make its clients wait. */
  onServes(from: ServerId, serves: boolean): void {
    const holdsTicks = ticks(limits.heartbeatMs * limits.heardRounds);
    this.get(from).quietUntilTick = serves ? 0 : this.#context.tick + holdsTicks;
  }

  /** Somebody may be connected to it. */
  serves(id: ServerId): boolean {
    return this.#context.tick >= this.get(id).quietUntilTick;
  }

  /** The answer to a heartbeat, or an announcement (round 0), which does not count as an answer. */
  onReply(from: ServerId, reply: HeartbeatReply): void {
    const peer = this.get(from);
    this.#time(peer, reply.round);
    // Promises never fall: a lower one was overtaken on its way by the reply or vote that told us more.
    if (compareBallots(reply.promised, peer.promised) > 0) peer.promised = reply.promised;
    this.#context.sawRound(reply.promised);
    if (reply.round !== 0 && reply.round < peer.answeredRound) return; // Overtaken by a later answer.
    if (reply.round <= this.#round) peer.answeredRound = Math.max(peer.answeredRound, reply.round);
    peer.leads = reply.leads.server === from ? reply.leads : zeroBallot;
    peer.majority = reply.majority;
    peer.abdicated = reply.abdicated;
    peer.happy = reply.happy;
    peer.commit = reply.commit;
    peer.hashSlot = reply.hashSlot;
    peer.hash = Uint8Array.from(reply.hash);
  }

  #time(peer: Peer, round: number): void {
    if (round === 0 || round > this.#round || round <= this.#round - timedRounds) return;
    const tookTicks = this.#context.tick - (this.#sentTicks[round % timedRounds] as number);
    peer.delayTicks += (tookTicks - peer.delayTicks) / 8;
  }

  /** A promise or a vote shows that the peer follows `ballot`, before its next heartbeat reply does. */
  sawPromise(from: ServerId, ballot: Ballot): void {
    const peer = this.get(from);
    if (compareBallots(ballot, peer.promised) > 0) peer.promised = ballot;
  }

  /**
   * It answered one of our last rounds: three, and where answers take long as many more as lie within twice that time,
   * or servers far apart would never hear each other.
   */
  hears(id: ServerId): boolean {
    const { answeredRound, delayTicks } = this.get(id);
    const underWay = Math.floor((2 * delayTicks) / ticks(limits.heartbeatMs));
    const rounds = Math.min(limits.heardRounds + underWay, limits.heardRoundsMax);
    return answeredRound > 0 && answeredRound > this.#round - rounds;
  }

  /** The peers heard. */
  heard(): Peer[] {
    return this.#context.peers.filter((id) => this.hears(id)).map((id) => this.get(id));
  }

  /**
   * The peers heard that lack little of what is committed through `commit`, and have everything up to where the present
   * members govern: whoever has not applied the change that admitted it does not know the others' directories yet.
   */
  caughtUpWith(commit: Slot): ServerId[] {
    const { from } = this.#context.configurations.current;
    const near = this.heard().filter(
      (peer) => peer.commit + limits.learnerBehindSlotsMax >= commit && peer.commit >= from - 1,
    );
    return near.map(({ id }) => id);
  }

  /** Voters heard, this one included. */
  get up(): number {
    const { self, configurations } = this.#context;
    return configurations.current.voters.filter((id) => id === self || this.hears(id)).length;
  }

  /** A quorum of servers can be heard, this one included. */
  get hearsQuorum(): boolean {
    return this.#hasQuorum((id) => this.hears(id));
  }

  /** A quorum follows `ballot`, which is this server's: those heard whose promise it is. */
  followQuorum(ballot: Ballot): boolean {
    return this.#hasQuorum((id) => this.hears(id) && sameBallot(this.get(id).promised, ballot));
  }

  /** A quorum is happy, which this server counts as although it campaigns. */
  get happyQuorum(): boolean {
    return this.#hasQuorum((id) => this.hears(id) && this.get(id).happy);
  }

  #hasQuorum(has: (peer: ServerId) => boolean): boolean {
    const { self, configurations } = this.#context;
    return configurations.hasQuorum((id) => id === self || has(id));
  }

  /**
   * The peer heard that says "I lead, a majority follows me, I have not abdicated"; the highest ballot if several do.
   */
  happyLeader(): Peer | undefined {
    let best: Peer | undefined;
    for (const peer of this.#peers.values()) {
      if (isZero(peer.leads) || !peer.majority || peer.abdicated || !this.hears(peer.id)) continue;
      if (best === undefined || compareBallots(peer.leads, best.leads) > 0) best = peer;
    }
    return best;
  }

  /** A peer heard that says it is happy. */
  happyNeighbour(): Peer | undefined {
    for (const peer of this.#peers.values()) if (peer.happy && this.hears(peer.id)) return peer;
    return undefined;
  }

  /** The highest commit index among the peers heard. */
  bestCommit(): Slot {
    return this.heard().reduce((best, peer) => Math.max(best, peer.commit), 0);
  }

  /** The slot that enough followers have reached, heard or not, to make a majority together with this server. */
  majorityCommit(): Slot {
    return this.#context.configurations.majorityReached((id) => this.get(id).commit);
  }
}

function unheardPeer(id: ServerId): Peer {
  return {
    id,
    incarnation: 0,
    answeredRound: 0,
    delayTicks: 0,
    promised: zeroBallot,
    leads: zeroBallot,
    majority: false,
    abdicated: false,
    happy: false,
    quietUntilTick: 0,
    commit: 0,
    hashSlot: 0,
    hash: new Uint8Array(8),
  };
}
