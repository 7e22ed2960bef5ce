/** From a data directory and the balancers to a server that knows its id and its cluster, both durable. */
import { ExitError, equalBytes, exitCodes, isAllZero, type Logger } from '../../base/index.js';
import type { Directory } from '../../storage/index.js';
import type { MemberAddress, RefusalCode, Sealed } from '../../wire/index.js';
import type { StartProgress } from '../options.js';
import type { AddressBook } from './address-book.js';
import type { Membership } from './hello.js';

/** How long a sealed server waits for a balancer's word before it serves without one. */
const sealedPatienceMs = 1_000;

export interface EnlistmentOptions {
  readonly directory: Directory;
  readonly book: AddressBook;
  readonly logger: Logger;
  readonly onProgress: (progress: StartProgress) => void;
  /** New addresses while the server runs. */
  readonly onAddresses: (members: readonly MemberAddress[]) => void;
}

/**
 * Takes what the balancer links report. `membership` resolves once the seal is on this server's disk, or rejects with
 * the ExitError of a refusal. A sealed server doesn't wait for a balancer that is not there.
 */
export class Enlistment {
  readonly membership: Promise<Membership>;
  readonly #options: EnlistmentOptions;
  #resolve: (membership: Membership) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #settled = false;
  /** Writes of the identity, one after the other. */
  #writing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: EnlistmentOptions) {
    this.#options = options;
    this.membership = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever awaits it hears of a rejection; nobody else needs to.
    this.membership.catch(() => undefined);
    const { seal } = options.directory;
    if (seal !== undefined) this.#timer = setTimeout(() => this.#settle(seal), sealedPatienceMs);
  }

  onWaiting(id: number, registered: number, servers: number): void {
    this.#write((done) => this.#options.directory.setServerId(id, done));
    this.#options.logger.info('waiting-for-servers', { server: id, registered, servers });
    this.#options.onProgress({ kind: 'servers', id, registered, servers });
  }

  onSealed(sealed: Sealed): void {
    const { directory, book, logger, onAddresses } = this.#options;
    const { clusterId, epoch, recovering } = sealed;
    const members = sealed.members.map(({ id, birthId, address }) => ({
      id,
      birthId: Uint8Array.from(birthId),
      address,
    }));
    const own = members.find(({ birthId }) => equalBytes(birthId, directory.birthId));
    // Known by its id only: another directory has, or will give up, the seat that this one asks for.
    const self = own ?? members.find(({ id }) => id === directory.serverId);
    if (self === undefined) {
      const text = 'the balancer sealed a cluster without this server: check --id and --balancer';
      this.#fail(new ExitError(exitCodes.refused, 'UNKNOWN_ID', text));
      return;
    }
    if (own === undefined && directory.seal === undefined) {
      logger.warn('directory-unknown', {
        server: self.id,
        text: 'nothing to do: the other servers admit it, it learns what it lacks, and votes then',
      });
    }
    if (directory.seal !== undefined && !equalBytes(directory.seal.clusterId, clusterId) && this.#settled) {
      logger.error('balancer-foreign', {
        text: 'a balancer of another cluster answers: what it says is ignored; check --balancer',
      });
      return;
    }
    const seal = {
      clusterId: Uint8Array.from(clusterId),
      epoch,
      // Those without a birth id have no seat of their own yet; this server may be one of them.
      members: members.filter(({ birthId }) => !isAllZero(birthId)).map(({ id, birthId }) => ({ id, birthId })),
    };
    this.#write((done) => directory.setServerId(self.id, done));
    this.#write((done) => directory.setSeal(seal, done));
    this.#writing
      .then(() => {
        if (recovering && !this.#settled) logger.info('comes-back', { server: self.id });
        book.learn(members);
        onAddresses(members);
        if (directory.seal !== undefined) this.#settle(directory.seal);
      })
      .catch((error: unknown) => this.#fail(error));
  }

  /** Before the start is over a refusal ends it; later the balancer is only advice. */
  onRefused(address: string, code: RefusalCode, text: string): void {
    if (this.#settled) this.#options.logger.error('refused-by-balancer', { balancer: address, code, text });
    else this.#fail(new ExitError(exitCodes.refused, code, `refused by ${address}: ${text}`));
  }

  onUnreachable(address: string, reason: string): void {
    const { seal } = this.#options.directory;
    if (this.#settled) return;
    if (seal !== undefined) {
      this.#options.logger.warn('serving-without-balancer', { balancer: address, reason });
      this.#settle(seal);
    } else this.#options.onProgress({ kind: 'balancer', address, reason });
  }

  /** Ends the wait with this error, unless it is over. */
  cancel(error: ExitError): void {
    this.#fail(error);
  }

  #write(step: (done: (error: Error | undefined) => void) => void): void {
    this.#writing = this.#writing.then(
      () =>
        new Promise((resolve, reject) => {
          step((error) => (error === undefined ? resolve() : reject(error)));
        }),
    );
    this.#writing.catch((error: unknown) => this.#fail(error));
  }

  #settle(membership: Membership): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#settled = true;
    this.#resolve(membership);
  }

  #fail(error: unknown): void {
    if (this.#settled) {
      this.#options.logger.error('seal-not-taken', {
        text: 'what the balancer said could not be taken over; going on as before',
        error: String(error),
      });
      return;
    }
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#settled = true;
    this.#reject(error);
  }
}
