/** All checkers behind one object, which the simulated cluster tells everything that happens. */
import { toHex } from '../../../src/base/index.js';
import type { Answer, Applied } from '../../../src/chat/index.js';
import type { Membership } from '../../../src/daemon/server/hello.js';
import type { PaxosMessage, Persist } from '../../../src/paxos/index.js';
import type { Recovered } from '../../../src/storage/index.js';
import type { Member, ServerId, Slot } from '../../../src/wire/index.js';
import { demand } from '../violation.js';
import { Agreement } from './agreement.js';
import type { Holder } from './electorates.js';
import { FrameRules } from './frames.js';
import { History } from './history.js';
import { Ledger } from './ledger.js';
import { Lines } from './lines.js';

export interface OracleOptions {
  /** Each frame is compared with what is durable when it leaves. */
  readonly watchGate: boolean;
  /** The state's hash on each server is compared with the others' after every slot. */
  readonly watchHashes: boolean;
  /** Clients are production's library. */
  readonly library: boolean;
  /** The cluster begins with a state of this slot; 0: with nothing. */
  readonly origin: Slot;
}

export class Oracle {
  readonly agreement: Agreement;
  readonly history: History;
  /** What clients of production's library said; the simulator's own say the same again in another session. */
  readonly lines: Lines | undefined;
  #cluster: string | undefined;
  readonly #frames: FrameRules;
  readonly #ledgers = new Map<ServerId, Ledger>();
  /** Those of directories that are gone: what they held was durable when it was said to be. */
  readonly #gone: Ledger[] = [];
  /** Per server: the last slot applied in its present life. */
  readonly #appliedThrough = new Map<ServerId, Slot>();

  constructor(members: readonly Member[], { watchGate, watchHashes, library, origin }: OracleOptions) {
    this.history = new History(origin);
    this.lines = library ? new Lines() : undefined;
    this.agreement = new Agreement(members, watchHashes);
    this.#frames = new FrameRules(this.agreement, watchGate);
    for (const member of members) this.#ledgers.set(member.id, this.#newLedger(member));
  }

  #newLedger(member: Member): Ledger {
    return new Ledger(member, (server, slot, vote) => this.agreement.voted(server, slot, vote));
  }

  /** A server's disk was emptied: it knows of nothing any more, and what it says from now on is this directory's. */
  emptied(member: Member): void {
    this.#gone.push(this.#ledger(member.id));
    this.#ledgers.set(member.id, this.#newLedger(member));
    this.#appliedThrough.delete(member.id);
  }

  /** The slots that the directories of these servers will know to be chosen after any crash, values included. */
  knownThrough(ids: readonly ServerId[]): Slot {
    return Math.max(0, ...ids.map((id) => this.#ledger(id).commit));
  }

  persisted(id: ServerId, records: readonly Persist[]): void {
    this.#ledger(id).persisted(records);
  }

  synced(id: ServerId, records: number): void {
    this.#ledger(id).synced(records);
  }

  /** A balancer says which cluster it is: for ever the same one (RELIABILITY.md, pitfalls 46 and 47). */
  sealed(id: ServerId, { clusterId, members }: Membership): void {
    const cluster = `${toHex(clusterId)} ${members.map(({ id }) => id).join()}`;
    this.#cluster ??= cluster;
    demand(this.#cluster === cluster, 'one cluster', () => `server ${id} hears of ${cluster} after ${this.#cluster}`);
  }

  storeLost(id: ServerId): void {
    this.#ledger(id).storeLost();
  }

  sent(id: ServerId, life: string, to: ServerId, message: PaxosMessage): void {
    this.#frames.sent(this.#ledger(id), life, to, message);
  }

  /** A life begins; its state is applied through `applied` and hashes to `hash`. `checkpoint`: what its store held. */
  recovered(id: ServerId, found: Recovered, checkpoint: Slot, state: { applied: Slot; hash: Uint8Array }): void {
    const { applied, hash } = state;
    this.#ledger(id).recovered(found, checkpoint);
    this.#ledger(id).stored(applied);
    this.#appliedThrough.set(id, applied);
    if (applied > 0) this.agreement.state(`${id} (recovered)`, applied, toHex(hash));
  }

  /** A server took over a peer's state. */
  installed(id: ServerId, slot: Slot, hash: Uint8Array): void {
    const before = this.#appliedThrough.get(id) ?? 0;
    demand(slot > before, 'no older state', () => `server ${id} installed slot ${slot} after it had applied ${before}`);
    this.#ledger(id).stored(slot);
    this.#appliedThrough.set(id, slot);
    this.agreement.state(`${id} (installed)`, slot, toHex(hash));
  }

  /** A server applied `digest` in the slot of `applied`. */
  applied(id: ServerId, applied: Applied, digest: string, hash: Uint8Array): void {
    const { slot } = applied;
    const before = this.#appliedThrough.get(id) ?? 0;
    demand(slot === before + 1, 'commit contiguous', () => `server ${id} applied slot ${slot} after ${before}`);
    this.#appliedThrough.set(id, slot);
    this.agreement.applied(String(id), slot, digest, toHex(hash));
    if (applied.members !== undefined) this.agreement.electorates.changed(applied.members);
    this.history.applied(applied);
    this.lines?.applied(applied);
  }

  /** A server sends an answer to a client: the message's slot must be durable on a quorum at this very instant (S2). */
  acked(id: ServerId, answer: Answer): void {
    const { slot } = answer;
    if (slot === 0) return;
    demand(
      slot <= (this.#appliedThrough.get(id) ?? 0),
      'ack after apply',
      () => `server ${id} acknowledges slot ${slot} before it has applied it`,
    );
    const digest = this.agreement.chosen(slot);
    const holders = new Set<Holder>();
    for (const ledger of this.#ledgers.values()) {
      if (digest !== undefined && ledger.holds(slot, digest)) holders.add(ledger.holder);
    }
    for (const ledger of this.#gone) if (digest !== undefined && ledger.held(slot, digest)) holders.add(ledger.holder);
    demand(
      this.agreement.electorates.isQuorum(slot, (voter) => holders.has(voter)),
      'ack is durable',
      () => `server ${id} acknowledges slot ${slot}, which is durable on ${[...holders].join(', ')}`,
    );
  }

  #ledger(id: ServerId): Ledger {
    const ledger = this.#ledgers.get(id);
    demand(ledger !== undefined, 'known server', () => `server ${id}`);
    return ledger as Ledger;
  }
}
