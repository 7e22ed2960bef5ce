/**
 * Catch-up: asks peers for chosen slots that this server lacks, one numbered request at a time (PAXOS.md, Catch-up).
 */
import { limits } from '../base/index.js';
import type { Incarnation, LearnReply, ServerId, Slot } from '../wire/index.js';
import { zeroBallot } from './ballot.js';
import { type Context, ticks } from './context.js';
import type { Peers } from './peers.js';
import type { SlotLog } from './slot-log.js';

interface Outstanding {
  readonly request: number;
  readonly to: ServerId;
  /** 0: how far are you? */
  readonly upto: Slot;
  readonly tick: number;
}

export class Catchup {
  readonly #context: Context;
  readonly #log: SlotLog;
  readonly #peers: Peers;
  /** Slots up to here are known to be chosen, by class-c frames or a first reply: what there is to ask for. */
  #wanted: Slot = 0;
  #source: ServerId;
  #outstanding: Outstanding | undefined;
  #requests = 0;
  /** Peers of which a new life was seen: each is asked once how far it is. */
  readonly #greet: ServerId[] = [];
  /** Peers that were asked and did not answer in time: asked again once they are heard. */
  readonly #unanswered = new Set<ServerId>();
  /** The request with which each peer was first asked how far it is, while it has not said so. */
  readonly #greeted = new Map<ServerId, number>();
  readonly #seen = new Map<ServerId, Incarnation>();
  #neighbourTick = 0;
  #fetchingFrom: ServerId | undefined;
  #fetchTick = 0;
  #answered = false;

  constructor(context: Context, log: SlotLog, peers: Peers) {
    this.#context = context;
    this.#log = log;
    this.#peers = peers;
    this.#source = context.peers[0] ?? 0;
  }

  /** Someone has told us how far it was when we started, and we have got there. */
  get caughtUp(): boolean {
    return (this.#answered || this.#context.peers.length === 0) && this.#log.commit >= this.#wanted;
  }

  /** The state of a peer is being fetched: this server votes but does not campaign. */
  get fetchingState(): boolean {
    return this.#fetchingFrom !== undefined;
  }

  /**
   * A link opened. At our start, and when the peer's life is a new one, it is asked how far it is; silence is no
   * reconnect.
   */
  onPeerUp(peer: ServerId, incarnation: Incarnation): void {
    if (this.#seen.get(peer) === incarnation) return;
    this.#seen.set(peer, incarnation);
    if (!this.#greet.includes(peer)) this.#greet.push(peer);
    this.#ask();
  }

  /** The members changed: who left is not asked again, and a `reborn` one is greeted like a stranger. */
  onMembers(reborn: readonly ServerId[]): void {
    for (const id of [...this.#seen.keys(), ...this.#greeted.keys(), ...this.#unanswered, ...this.#greet]) {
      if (this.#context.isMember(id) && !reborn.includes(id)) continue;
      this.#seen.delete(id);
      this.#greeted.delete(id);
      this.#unanswered.delete(id);
      if (this.#greet.includes(id)) this.#greet.splice(this.#greet.indexOf(id), 1);
    }
    if (this.#outstanding !== undefined && !this.#context.isMember(this.#outstanding.to)) this.#outstanding = undefined;
    if (!this.#context.isMember(this.#source)) this.#source = this.#context.peers[0] ?? 0;
    if (this.#fetchingFrom !== undefined && !this.#context.isMember(this.#fetchingFrom)) this.#fetchingFrom = undefined;
  }

  /** A class-c frame of `from`, or an election, says that slots up to `upto` are chosen, and we lack some. */
  want(upto: Slot, from: ServerId): void {
    if (upto <= this.#log.commit) return;
    if (upto > this.#wanted) {
      this.#wanted = upto;
      this.#source = from;
    }
    this.#ask();
  }

  onTick(): void {
    if (this.#outstanding !== undefined && this.#isOverdue(this.#outstanding)) {
      const { to, upto } = this.#outstanding;
      if (upto === 0 && this.#greeted.has(to)) this.#unanswered.add(to);
      if (this.#log.commit < this.#wanted) this.#source = this.#anotherSource(to);
      this.#outstanding = undefined;
    }
    if (this.#fetchingFrom !== undefined && this.#context.tick - this.#fetchTick >= ticks(limits.stateFetchMs)) {
      this.#fetchingFrom = undefined;
    }
    this.#ask();
  }

  /**
   * Links open one after the other, so that a peer may have had none to answer a greeting on: the first time it is
   * repeated as soon as the peer is heard. After a whole second the answer would teach what has been said since we
   * started, which a server whose commits are late must not show early (BEHAVIOUR.md 6, G1).
   */
  #isOverdue({ to, upto, request, tick }: Outstanding): boolean {
    const isFirst = upto === 0 && this.#greeted.get(to) === request;
    const retryMs = isFirst && this.#peers.hears(to) ? limits.greetRetryMs : limits.learnRetryMs;
    return this.#context.tick - tick >= ticks(retryMs);
  }

  /** A server cut off from its leader asks the happy neighbour every second how far it is. */
  askNeighbour(neighbour: ServerId): void {
    if (this.#context.tick - this.#neighbourTick < ticks(limits.learnRetryMs)) return;
    this.#neighbourTick = this.#context.tick;
    if (!this.#greet.includes(neighbour)) this.#greet.push(neighbour);
    this.#ask();
  }

  #anotherSource(failed: ServerId): ServerId {
    const others = this.#peers.heard().filter((peer) => peer.id !== failed && peer.commit > this.#log.commit);
    return others.length === 0 ? failed : this.#context.random.pick(others).id;
  }

  #ask(): void {
    if (this.#outstanding !== undefined || this.fetchingState || this.#context.diskFull) return;
    if (this.#log.commit < this.#wanted) {
      this.#request(this.#source, this.#wanted);
      return;
    }
    const peer = this.#greet.shift() ?? this.#heardUnanswered();
    if (peer === undefined) return;
    this.#unanswered.delete(peer);
    this.#request(peer, 0);
    if (!this.#greeted.has(peer)) this.#greeted.set(peer, this.#requests);
  }

  /** Silent peers are left alone: what is asked of them would stand in the way of what others can answer. */
  #heardUnanswered(): ServerId | undefined {
    for (const peer of this.#unanswered) if (this.#peers.hears(peer)) return peer;
    return undefined;
  }

  #request(to: ServerId, upto: Slot): void {
    this.#requests += 1;
    this.#outstanding = { request: this.#requests, to, upto, tick: this.#context.tick };
    this.#context.send(to, { type: 'learn', request: this.#requests, from: this.#log.commit + 1, upto });
  }

  #answersGreeting(from: ServerId, reply: LearnReply): boolean {
    return reply.request >= (this.#greeted.get(from) ?? Number.POSITIVE_INFINITY);
  }

  #answersOutstanding(from: ServerId, reply: LearnReply): boolean {
    const asked = this.#outstanding;
    return asked !== undefined && asked.request === reply.request && asked.to === from;
  }

  /**
   * True for a reply that is worth taking: the one to the outstanding request, the first to a greeting, or a late one
   * that teaches something. Without the late ones a round trip above a second would never teach anything.
   */
  isUseful(from: ServerId, reply: LearnReply): boolean {
    if (reply.request > this.#requests || reply.from > this.#log.commit + 1) return false;
    if (this.#answersOutstanding(from, reply) || this.#answersGreeting(from, reply)) return true;
    return this.lastSlotOf(reply) > this.#log.commit;
  }

  /** The highest slot that the reply would teach us. */
  lastSlotOf(reply: LearnReply): Slot {
    return reply.from + reply.values.length - 1;
  }

  /**
   * Takes a useful reply: keeps the values as chosen and commits. Only the reply to the outstanding request asks for
   * the next batch, and only if it moved the commit: duplicates must not multiply requests.
   */
  onReply(from: ServerId, reply: LearnReply): void {
    const before = this.#log.commit;
    const isOutstanding = this.#answersOutstanding(from, reply);
    const asked = this.#outstanding;
    if (isOutstanding) this.#outstanding = undefined;
    this.#answered = true;
    if (reply.firstSlot > before + 1 && reply.commit > before) {
      if (isOutstanding) this.#fetchState(from);
      return;
    }
    const isGreeting = this.#answersGreeting(from, reply);
    if (isGreeting) {
      this.#greeted.delete(from);
      this.#unanswered.delete(from);
    }
    this.#learn(reply);
    // Asking stops at the commit index of the first reply: what is chosen later comes by class-c frames.
    if (isGreeting && this.#wanted <= before && reply.commit > before) {
      this.#wanted = reply.commit;
      this.#source = from;
    }
    if (!isOutstanding) return;
    if (this.#log.commit > before || this.#log.commit >= this.#wanted) this.#ask();
    else this.#outstanding = asked;
  }

  #learn(reply: LearnReply): void {
    let slot = reply.from;
    for (const value of reply.values) {
      if (slot > this.#log.commit) this.#log.learn(slot, this.#log.get(slot)?.ballot ?? zeroBallot, value);
      // Slot by slot, so that commit hints stand among the values and not behind thousands of them.
      this.#log.advance();
      slot += 1;
    }
  }

  #fetchState(from: ServerId): void {
    this.#fetchingFrom = from;
    this.#fetchTick = this.#context.tick;
    this.#context.effects.fetchState.push(from);
  }

  /** A chunk of the state came: fetching goes on. */
  onStateChunk(from: ServerId): void {
    if (this.#fetchingFrom === from) this.#fetchTick = this.#context.tick;
  }

  /** The state was installed, or fetching it was given up: go on with the log. */
  onInstalled(isNewer: boolean): void {
    // Whoever sent the state keeps the slots behind it for a while; others may have deleted them, too.
    if (isNewer && this.#fetchingFrom !== undefined) this.#source = this.#fetchingFrom;
    this.#fetchingFrom = undefined;
    this.#answered = true;
    this.#ask();
  }
}
