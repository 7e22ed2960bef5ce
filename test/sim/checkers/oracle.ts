/** All checkers behind one object, which the simulated cluster tells everything that happens. */
import { toHex } from '../../../src/base/index.js';
import type { Answer, Applied } from '../../../src/chat/index.js';
import type { Membership } from '../../../src/daemon/server/hello.js';
import type { PaxosMessage, Persist } from '../../../src/paxos/index.js';
import type { Recovered } from '../../../src/storage/index.js';
import type { ServerId, Slot } from '../../../src/wire/index.js';
import { demand } from '../violation.js';
import { Agreement } from './agreement.js';
import { FrameRules } from './frames.js';
import { History } from './history.js';
import { Ledger } from './ledger.js';
import { Lines } from './lines.js';

export class Oracle {
  readonly agreement: Agreement;
  readonly history = new History();
  /** What clients of production's library said; the simulator's own say the same again in another session. */
  readonly lines: Lines | undefined;
  #cluster: string | undefined;
  readonly #frames: FrameRules;
  readonly #ledgers = new Map<ServerId, Ledger>();
  readonly #majority: number;
  /** Per server: the last slot applied in its present life. */
  readonly #appliedThrough = new Map<ServerId, Slot>();

  /** `watchGate`: whether each frame is compared with what is durable when it leaves. */
  constructor(ids: readonly ServerId[], { watchGate, library }: { watchGate: boolean; library: boolean }) {
    this.lines = library ? new Lines() : undefined;
    this.agreement = new Agreement(ids.length);
    this.#frames = new FrameRules(this.agreement, watchGate);
    this.#majority = (ids.length + 1) / 2;
    for (const id of ids) {
      this.#ledgers.set(id, new Ledger(id, (server, slot, vote) => this.agreement.voted(server, slot, vote)));
    }
  }

  persisted(id: ServerId, records: readonly Persist[]): void {
    this.#ledger(id).persisted(records);
  }

  synced(id: ServerId, records: number): void {
    this.#ledger(id).synced(records);
  }

  /** A balancer says which cluster it is: for ever the same one (RELIABILITY.md, pitfalls 46 and 47). */
  sealed(id: ServerId, { clusterId, members }: Membership): void {
    const cluster = `${toHex(clusterId)} ${members.map((member) => `${member.id}:${toHex(member.birthId)}`).join()}`;
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
    let holders = 0;
    for (const ledger of this.#ledgers.values()) if (digest !== undefined && ledger.holds(slot, digest)) holders++;
    demand(
      holders >= this.#majority,
      'ack is durable',
      () => `server ${id} acknowledges slot ${slot}, which is durable on ${holders} servers`,
    );
  }

  #ledger(id: ServerId): Ledger {
    const ledger = this.#ledgers.get(id);
    demand(ledger !== undefined, 'known server', () => `server ${id}`);
    return ledger as Ledger;
  }
}
