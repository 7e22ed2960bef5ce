/** A seal that several balancers share: in a registry outside, with this balancer's own file as a copy of it. */
import { ExitError, equalBytes, exitCodes, type Logger, limits, pause, TroubleLog, toHex } from '../../base/index.js';
import { isNewerSeal, type Seal } from './membership.js';
import type { SealStore } from './seal-file.js';

/** The registry cannot be asked now; another attempt may find it. The text is one line that ends in what to do. */
export class RegistryUnavailable extends Error {
  override readonly name = 'RegistryUnavailable';
  /** A short constant; another one is another trouble. */
  readonly code: string;

  constructor(code: string, text: string) {
    super(text);
    this.code = code;
  }
}

/** Where balancers share a seal. */
export interface SealRegistry {
  /** Where it is, without secrets. */
  readonly shown: string;
  /**
   * In one step for all balancers: keeps `seal` if none is kept or it is newer than the one kept of its cluster, with
   * `mayMove` also one of the same age with other addresses. Resolves to what is kept then; without `seal` it only
   * reads. Rejects with RegistryUnavailable, or with an ExitError if no attempt will ever succeed.
   */
  offer(seal: Seal | undefined, mayMove: boolean): Promise<Seal | undefined>;
  /** Ends its connection; what waits is rejected. */
  close(): void;
}

/** What came of asking the registry: not `answered` is no answer, with it `seal` is what stands, if anything. */
interface Answer {
  readonly answered: boolean;
  readonly seal: Seal | undefined;
}

export class SharedSeal implements SealStore {
  readonly #registry: SealRegistry;
  readonly #file: SealStore;
  readonly #troubles: TroubleLog;
  readonly #ended: AbortSignal;

  /** After `ended` nothing is waited for any more. */
  constructor(registry: SealRegistry, file: SealStore, logger: Logger, ended: AbortSignal) {
    this.#registry = registry;
    this.#file = file;
    const at = { registry: registry.shown };
    this.#troubles = new TroubleLog({
      trouble: (fields) => logger.warn('registry-unusable', { ...at, ...fields }),
      well: () => logger.info('registry-usable', at),
    });
    this.#ended = ended;
    ended.addEventListener('abort', () => registry.close(), { once: true });
  }

  get shown(): string {
    return this.#registry.shown;
  }

  /** The registry answered when it was asked last, and as it should; true also before that. */
  get isWell(): boolean {
    return this.#troubles.isWell;
  }

  /**
   * The registry's seal; this balancer's own one is shown to it. A balancer that has none waits for the registry,
   * because it cannot know whether there is one.
   */
  async load(): Promise<Seal | undefined> {
    const own = await this.#file.load();
    const shared =
      own === undefined
        ? await this.#patiently(() => this.#firstAttempt(own, false, 'it is waited for'))
        : (await this.#firstAttempt(own, false, 'starting with the seal in the data directory')).seal;
    if (this.#ended.aborted) throw new ExitError(exitCodes.ok, 'STOPPED', 'stopped while starting');
    if (shared === undefined || own === undefined) {
      if (shared !== undefined) await this.#file.save(shared);
      return shared ?? own;
    }
    if (!equalBytes(own.clusterId, shared.clusterId)) {
      const text =
        `the registry ${this.#registry.shown} holds the seal of cluster ${short(shared)}, the data directory that of ` +
        `${short(own)}: use one database per cluster, or another --data-dir`;
      throw new ExitError(exitCodes.refused, 'FOREIGN_CLUSTER', text);
    }
    if (!isNewerSeal(shared, own)) return own;
    await this.#file.save(shared);
    return shared;
  }

  /** Waits for the registry as long as it takes: no cluster is sealed that another balancer could seal, too. */
  async seal(seal: Seal): Promise<Seal | undefined> {
    const standing = await this.#patiently(() => this.#attempt(seal, false, 'nothing is sealed'));
    if (standing === undefined) return undefined;
    const isOurs = standing.members.some(({ birthId }) =>
      seal.members.some((member) => equalBytes(birthId, member.birthId)),
    );
    if (!isOurs) {
      const text =
        `the registry ${this.#registry.shown} holds the seal of cluster ${short(standing)}, which has none of the ` +
        'servers that registered here: use one database per cluster';
      throw new ExitError(exitCodes.refused, 'FOREIGN_CLUSTER', text);
    }
    await this.#file.save(standing);
    return standing;
  }

  /** The file at once; the registry if it can be asked, else with the next `follow`. */
  async save(seal: Seal): Promise<void> {
    await this.#file.save(seal);
    await this.#inPassing(seal, true);
  }

  /** What the registry holds now, after it was shown what we have; undefined if nothing, or if it cannot be asked. */
  async follow(seal: Seal | undefined): Promise<Seal | undefined> {
    const shared = await this.#inPassing(seal, false);
    if (seal === undefined || shared === undefined || equalBytes(seal.clusterId, shared.clusterId)) return shared;
    const text = `it holds the seal of another cluster (${short(shared)}): use one database per cluster`;
    this.#troubles.trouble('FOREIGN_CLUSTER', text, 'going on with what is known');
    return undefined;
  }

  async #inPassing(seal: Seal | undefined, mayMove: boolean): Promise<Seal | undefined> {
    const meanwhile = seal === undefined ? 'nothing is sealed' : 'going on with what is known';
    return (await this.#attempt(seal, mayMove, meanwhile)).seal;
  }

  /** Until the registry answers; undefined also if this balancer ends before that. */
  async #patiently(ask: () => Promise<Answer>): Promise<Seal | undefined> {
    for (;;) {
      const { answered, seal } = await ask();
      if (answered || this.#ended.aborted) return seal;
      await pause(limits.redisRetryMs, this.#ended);
    }
  }

  /** Once a balancer runs, no refusal of the registry ends it: somebody may mend it meanwhile. */
  async #attempt(offered: Seal | undefined, mayMove: boolean, meanwhile: string): Promise<Answer> {
    try {
      return await this.#firstAttempt(offered, mayMove, meanwhile);
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      this.#troubles.trouble(error.code, error.message, meanwhile);
      return { answered: false, seal: undefined };
    }
  }

  /** @throws ExitError when the registry will never do: a start ends with it. */
  async #firstAttempt(offered: Seal | undefined, mayMove: boolean, meanwhile: string): Promise<Answer> {
    try {
      const seal = await this.#registry.offer(offered, mayMove);
      this.#troubles.well();
      return { answered: true, seal };
    } catch (error) {
      if (!(error instanceof RegistryUnavailable)) throw error;
      if (!this.#ended.aborted) this.#troubles.trouble(error.code, error.message, meanwhile);
      return { answered: false, seal: undefined };
    }
  }
}

function short({ clusterId }: Seal): string {
  return toHex(clusterId).slice(0, 8);
}
