/** The servers' registration links: who is in, the seal and its announcement, who is live (BEHAVIOUR.md 3.1–3.4). */
import { assert, type Clock, ExitError, equalBytes, exitCodes, type Logger, toHex } from '../../base/index.js';
import { type CloseReason, dialLimits, type FrameConnection } from '../../net/index.js';
import type { Hello, Join, Message, Report, Seats, ServerId } from '../../wire/index.js';
import { plainWelcome } from '../hello-gate.js';
import { LinkProbe } from '../link-probe.js';
import { zero16 } from '../members.js';
import { Health } from './health.js';
import { type Applicant, changedSeal, decide, isNewerSeal, type Seal, seatsOf } from './membership.js';
import { type Candidate, Placement } from './placement.js';
import type { SealStore } from './seal-file.js';

export interface RegistrarOptions {
  /** N, odd. */
  readonly servers: number;
  /** The seal found on disk. */
  readonly seal: Seal | undefined;
  readonly store: SealStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** 16 random bytes for a new cluster id. */
  readonly newClusterId: () => Uint8Array;
  /** The seal can't be written, or our own code broke a rule: the balancer must stop. */
  readonly onFatal: (error: unknown) => void;
}

/** One registered server's connection. */
interface Link {
  readonly connection: FrameConnection;
  readonly applicant: Applicant;
  readonly probe: LinkProbe;
}

/** Decides about registrations one event at a time; every wait (a probe, the disk) is followed by a new decision. */
export class Registrar {
  readonly #options: RegistrarOptions;
  readonly #links = new Map<ServerId, Link>();
  readonly #health = new Health();
  readonly #placement = new Placement();
  /** Links that are being probed because a client complained. */
  readonly #doubted = new Set<Link>();
  #seal: Seal | undefined;
  /** While the seal is on its way to the disk nobody is decided about. */
  #sealing: Promise<void> | undefined;
  /** There will be no seal from here: this balancer ends, and decides about nobody any more. */
  #over = false;
  /** Writes of changed addresses, one after the other. */
  #saving: Promise<void> = Promise.resolve();

  constructor(options: RegistrarOptions) {
    this.#options = options;
    this.#seal = options.seal;
  }

  get seal(): Seal | undefined {
    return this.#seal;
  }

  /** N: the sealed members' number, or the number that is waited for. */
  get servers(): number {
    return this.#seal === undefined ? this.#options.servers : seatsOf(this.#seal);
  }

  /** Servers connected now. */
  get registered(): number {
    return this.#links.size;
  }

  /** Sealed members that count as live. */
  live(): Candidate[] {
    const seal = this.#seal;
    return (seal?.members ?? []).filter(({ id }) => this.#health.isLive(id) && seal?.joining.includes(id) !== true);
  }

  /** All members known, sealed or waiting, as the status table shows them. */
  table(): { id: ServerId; address: string; live: boolean; clients: number }[] {
    const now = this.#options.clock.monotonicMs();
    const known = this.#seal?.members ?? [...this.#links.values()].map(({ applicant }) => applicant);
    return known
      .map(({ id, address }) => ({
        id,
        address,
        live: this.#health.isLive(id),
        clients: this.#placement.load(id, now),
      }))
      .sort((a, b) => a.id - b.id);
  }

  /** The live server with the fewest clients, never the one at `failed`; the placement counts at once. */
  place(failed: string): Candidate | undefined {
    return this.#placement.place(this.live(), failed, this.#options.clock.monotonicMs());
  }

  /** A client says that the server at `address` failed: only our own probe makes it count (BEHAVIOUR.md 3.4). */
  complained(address: string): void {
    const member = this.live().find((candidate) => candidate.address === address);
    const link = member === undefined ? undefined : this.#links.get(member.id);
    // One probe answers all who complain meanwhile: the clients of a silent server come in thousands.
    if (member === undefined || link === undefined || this.#doubted.has(link)) return;
    this.#doubted.add(link);
    this.#inBackground(async () => {
      const alive = await link.probe.answers();
      this.#doubted.delete(link);
      if (alive || this.#links.get(member.id) !== link) return;
      this.#health.probeFailed(member.id);
      this.#options.logger.warn('server-silent', {
        text: 'a server does not answer although its link is open: clients go elsewhere until it reports',
        server: member.id,
        address,
      });
    });
  }

  /** Takes over a connection whose hello has the role registrant. */
  accept(connection: FrameConnection, hello: Hello): void {
    // Both sides notice within 3 s that the other is gone (RELIABILITY.md 35).
    connection.useLimits(dialLimits);
    const { clusterId, epoch } = this.#seal ?? { clusterId: zero16, epoch: 0 };
    connection.send(plainWelcome({ clusterId, epoch }));
    const origin = { birthId: Uint8Array.from(hello.birthId), clusterId: Uint8Array.from(hello.clusterId) };
    let joined = false;
    connection.attach({
      onMessage: (message) => {
        if (message.type === 'join' && !joined) {
          joined = true;
          const applicant = newApplicant(message, hello, origin);
          this.#inBackground(() => this.#register(connection, applicant));
        } else this.#onMessage(connection, message);
      },
      onClose: (reason) => this.#onClose(connection, reason),
    });
  }

  /** Every link is told why it ends. */
  stop(): void {
    for (const { connection } of this.#links.values()) {
      connection.goodbye('SHUTTING_DOWN', 'the balancer stops; servers and chats go on without it');
    }
  }

  /** Every link ends at once and without a word. */
  abandon(): void {
    for (const { connection } of this.#links.values()) connection.abandon('destroyed');
  }

  /** Resolves when nothing is on its way to the disk. */
  async idle(): Promise<void> {
    await this.#sealing;
    await this.#saving;
  }

  async #register(connection: FrameConnection, applicant: Applicant): Promise<void> {
    let alive = false;
    while (connection.closed === undefined) {
      if (this.#sealing !== undefined) {
        await this.#sealing;
        if (this.#over) return;
        continue;
      }
      const verdict = decide(this.#standing(), applicant, alive);
      alive = false;
      switch (verdict.kind) {
        case 'refuse':
          this.#options.logger.warn('registration-refused', {
            server: applicant.id,
            code: verdict.code,
            text: verdict.text,
          });
          connection.refuse(verdict.code, verdict.text);
          return;
        case 'probe': {
          const holder = this.#links.get(verdict.id);
          assert(holder !== undefined, 'a probe names a connected server');
          const answered = await holder.probe.answers();
          // Only an answer of the link that still holds the id counts: meanwhile it may have been replaced.
          if (!answered) this.#drop(verdict.id, holder, 'its link no longer answers and another server claims its id');
          else alive = this.#links.get(verdict.id) === holder;
          break;
        }
        case 'wait':
          this.#enter(verdict.id, connection, applicant);
          return;
        case 'mint':
          this.#enter(verdict.id, connection, applicant);
          this.#startSeal({
            clusterId: this.#options.newClusterId(),
            epoch: 1,
            members: verdict.members,
            joining: [],
          });
          return;
        case 'adopt':
          this.#enter(verdict.id, connection, applicant);
          this.#startSeal(verdict.seal);
          return;
        case 'back':
          this.#enter(verdict.id, connection, applicant);
          this.#welcomeBack(verdict.id, applicant.address);
          return;
      }
    }
  }

  #standing(): Parameters<typeof decide>[0] {
    const connected = new Map([...this.#links].map(([id, link]) => [id, link.applicant]));
    return { servers: this.#options.servers, seal: this.#seal, connected };
  }

  /** The link of a decided registrant; a link of the same life that it replaces is closed. */
  #enter(id: ServerId, connection: FrameConnection, applicant: Applicant): void {
    const before = this.#links.get(id);
    if (before !== undefined) this.#drop(id, before, 'the same server registered again on a new connection');
    const link = { connection, applicant: { ...applicant, id }, probe: new LinkProbe(connection, this.#options.clock) };
    this.#links.set(id, link);
    // One that is not admitted yet serves nobody.
    if (this.#seal === undefined || isMember(this.#seal, link)) this.#health.linkUp(id);
    if (this.#seal === undefined) this.#tellWaiting();
  }

  /** Servers learn of the seal only once it is on disk: a balancer that dies here must not have promised anything. */
  #startSeal(seal: Seal): void {
    assert(this.#seal === undefined && this.#sealing === undefined, 'a membership is sealed once');
    this.#sealing = this.#options.store.seal(seal).then(
      (standing) => {
        this.#sealing = undefined;
        this.#over = standing === undefined;
        if (standing === undefined) return;
        this.#sealed(standing, equalBytes(standing.clusterId, seal.clusterId));
      },
      (error: unknown) => {
        this.#over = true;
        if (error instanceof ExitError) return this.#options.onFatal(error);
        const text = `the seal could not be written (${String(error)}): check the disk`;
        this.#options.onFatal(new ExitError(exitCodes.damaged, 'DISK_ERROR', text));
      },
    );
  }

  #sealed(seal: Seal, isOurs: boolean): void {
    this.#seal = seal;
    const fields = { cluster: toHex(seal.clusterId), members: seal.members.map(({ id }) => id) };
    if (isOurs) this.#options.logger.info('membership-sealed', fields);
    else this.#options.logger.info('membership-sealed-elsewhere', fields);
    this.#announceSeal(seal);
  }

  /** Another balancer of the same registry keeps this seal; it counts unless we know the same or more. */
  learn(shared: Seal): void {
    if (this.#sealing !== undefined) return;
    const seal = this.#seal;
    if (seal === undefined) {
      this.#sealed(shared, false);
      this.#save(shared);
      return;
    }
    if (!isNewerSeal(shared, seal)) return;
    const members = shared.members.map((member) => ({
      ...member,
      address: this.#links.get(member.id)?.applicant.address ?? member.address,
    }));
    this.#membersChanged({ ...shared, members });
  }

  /** After an adoption some who waited may turn out to be no members: everybody is decided about once more. */
  #announceSeal(seal: Seal): void {
    for (const [id, link] of [...this.#links]) {
      const verdict = decide({ servers: this.servers, seal, connected: new Map() }, link.applicant);
      if (verdict.kind === 'refuse') {
        this.#links.delete(id);
        this.#health.linkDown(id);
        link.connection.refuse(verdict.code, verdict.text);
      } else this.#sendSeal(link, seal, false);
    }
  }

  #welcomeBack(id: ServerId, address: string): void {
    const seal = this.#seal;
    const link = this.#links.get(id);
    assert(seal !== undefined && link !== undefined, 'a member comes back to a seal');
    const known = seal.members.find((member) => member.id === id)?.address;
    this.#options.logger.info('member-back', { server: id, address });
    if (known === address) {
      this.#sendSeal(link, seal, true);
      return;
    }
    const moved = {
      ...seal,
      members: seal.members.map((member) => (member.id === id ? { ...member, address } : member)),
    };
    this.#sendSeal(link, moved, true);
    this.#change(moved, id);
  }

  /**
   * The seal follows the log, and the addresses follow the servers; everybody but `told` hears of it. Both are known
   * elsewhere: nobody waits for this write, and a failed one costs only a restarted balancer's memory of it.
   */
  #change(seal: Seal, told?: ServerId): void {
    this.#seal = seal;
    for (const [id, { connection }] of this.#links) if (id !== told) connection.send(sealedFrame(seal, false));
    this.#save(seal);
  }

  #save(seal: Seal): void {
    this.#saving = this.#saving
      .then(() => this.#options.store.save(seal))
      .catch((error: unknown) =>
        this.#options.logger.warn('seal-not-saved', {
          text: 'a changed membership or address could not be saved: check the disk',
          error: String(error),
        }),
      );
  }

  /** The members changed by the log of a server that is one of them. */
  #onSeats(link: Link, message: Seats): void {
    const seal = this.#seal;
    if (seal === undefined || !isMember(seal, link)) return;
    const changed = changedSeal(seal, message);
    if (changed !== undefined) this.#membersChanged(changed);
  }

  #membersChanged(changed: Seal): void {
    this.#options.logger.info('members-changed', {
      epoch: changed.epoch,
      members: changed.members.map(({ id }) => id),
    });
    this.#change(changed);
    for (const [id, other] of this.#links) {
      if (isMember(changed, other)) this.#health.linkUp(id);
      else this.#health.linkDown(id);
    }
  }

  #sendSeal(link: Link, seal: Seal, recovering: boolean): void {
    link.connection.send(sealedFrame(seal, recovering));
  }

  #tellWaiting(): void {
    for (const [id, { connection }] of this.#links) {
      connection.send({ type: 'waiting', serverId: id, registered: this.#links.size, servers: this.#options.servers });
    }
  }

  #onMessage(connection: FrameConnection, message: Message): void {
    const found = this.#find(connection);
    if (message.type === 'report') {
      if (found !== undefined) this.#onReport(found.id, found.link, message);
    } else if (message.type === 'seats') {
      if (found !== undefined) this.#onSeats(found.link, message);
    } else {
      connection.refuse(
        'PROTOCOL_ERROR',
        `a ${message.type} does not belong on a registration link: use one version everywhere`,
      );
    }
  }

  #onReport(id: ServerId, link: Link, report: Report): void {
    if (this.#seal === undefined || !isMember(this.#seal, link)) return;
    this.#health.reported(id);
    this.#placement.report(id, report.clients, report.arrived, this.#options.clock.monotonicMs());
  }

  #onClose(connection: FrameConnection, reason: CloseReason): void {
    const found = this.#find(connection);
    if (found === undefined) return;
    this.#options.logger.info('registration-closed', { server: found.id, code: reason.code });
    this.#forget(found.id);
  }

  #drop(id: ServerId, link: Link, why: string): void {
    if (this.#links.get(id) !== link) return;
    link.connection.abandon(why);
    this.#forget(id);
  }

  #forget(id: ServerId): void {
    this.#links.delete(id);
    this.#health.linkDown(id);
    this.#placement.forget(id);
    if (this.#seal === undefined && this.#sealing === undefined) this.#tellWaiting();
  }

  #find(connection: FrameConnection): { id: ServerId; link: Link } | undefined {
    for (const [id, link] of this.#links) if (link.connection === connection) return { id, link };
    return undefined;
  }

  #inBackground(work: () => Promise<void>): void {
    work().catch((error: unknown) => this.#options.onFatal(error));
  }
}

function newApplicant(join: Join, hello: Hello, origin: { birthId: Uint8Array; clusterId: Uint8Array }): Applicant {
  return {
    id: join.serverId,
    address: join.address,
    birthId: origin.birthId,
    incarnation: hello.incarnation,
    clusterId: origin.clusterId,
    epoch: hello.epoch,
    members: join.members.map(({ id, birthId }) => ({ id, birthId: Uint8Array.from(birthId) })),
  };
}

/** The link is that of the directory which has the seat. */
function isMember({ members }: Seal, { applicant }: Link): boolean {
  return members.some(({ id, birthId }) => id === applicant.id && equalBytes(birthId, applicant.birthId));
}

/** Whoever has no seat of its own yet is told by a birth id of zeros: where it is, but no directory that has a say. */
function sealedFrame({ clusterId, epoch, members, joining }: Seal, recovering: boolean): Message {
  const told = members.map((member) => (joining.includes(member.id) ? { ...member, birthId: zero16 } : member));
  return { type: 'sealed', clusterId, epoch, recovering, members: told };
}
