/** Who is struck by what and when during the safety phase: crashes, pauses, partitions, modes, full disks. */
import type { Prng } from '../../src/base/index.js';
import type { JsonObject } from '../../src/proxy/plan/fields.js';
import type { FaultClass, ServerId } from '../../src/wire/index.js';
import type { LinkFaults } from '../support/link-faults.js';
import { type Kernel, tags } from './kernel.js';
import type { SimOptions } from './options.js';
import type { SimServer } from './server.js';

/** How a server is cut off: both ways; it hears but is not heard; it is heard but does not hear. */
export type Isolation = 'both' | 'mute' | 'deaf';
export const isolations: readonly Isolation[] = ['both', 'mute', 'deaf'];

export function isolation(server: ServerId, way: Isolation): JsonObject {
  if (way === 'both') return { preset: 'isolate', server };
  const match = way === 'mute' ? { from: server, to: '*' } : { from: '*', to: server };
  return { match, do: 'drop' };
}

/** How much more or less likely than elsewhere a crash is; what happens seldom must be struck when it does. */
const boundaryWeights: Readonly<Record<string, number>> = { ack: 1, install: 250 };

export class Faults {
  readonly #kernel: Kernel;
  readonly #random: Prng;
  readonly #options: SimOptions;
  readonly #servers: readonly SimServer[];
  readonly #links: LinkFaults;
  #on = true;

  constructor(
    world: { kernel: Kernel; options: SimOptions; linkFaults: LinkFaults; servers: readonly SimServer[] },
    random: Prng,
  ) {
    this.#kernel = world.kernel;
    this.#options = world.options;
    this.#links = world.linkFaults;
    this.#servers = world.servers;
    this.#random = random;
    const { crashEveryUs, pauseEveryUs, partitionEveryUs, modeEveryUs, diskFullEveryUs, syncErrorEveryUs } =
      this.#options;
    this.#repeat(crashEveryUs, () => this.#crash());
    this.#repeat(pauseEveryUs, () => this.#pick().pause(this.#random.exponential(this.#options.pauseForUs)));
    this.#repeat(partitionEveryUs, () => this.#partition());
    this.#repeat(modeEveryUs, () => this.#mode());
    this.#repeat(diskFullEveryUs, () => this.#fill());
    this.#repeat(syncErrorEveryUs, () => this.#pick().disk.inject('sync', 'EIO'));
  }

  /** No new fault begins; those under way go on. */
  end(): void {
    this.#on = false;
  }

  get on(): boolean {
    return this.#on;
  }

  /** At a boundary: does a crash strike? */
  strikes(where: string): boolean {
    if (!this.#on) return false;
    const rate = this.#options.boundaryCrashPer100k * (boundaryWeights[where] ?? 5);
    return rate > 0 && this.#random.chance(rate, 100_000);
  }

  /** A server that crashed comes back after a while. */
  scheduleRestart(server: SimServer): void {
    if (!this.#on) return;
    this.#kernel.after(1000 + this.#random.exponential(this.#options.downForUs), tags.fault, () => {
      if (this.#on) server.start();
    });
  }

  #repeat(everyUs: number, act: () => void): void {
    if (everyUs === 0) return;
    this.#kernel.after(this.#random.exponential(everyUs), tags.fault, () => {
      if (!this.#on) return;
      act();
      this.#repeat(everyUs, act);
    });
  }

  #pick(): SimServer {
    return this.#random.pick(this.#servers);
  }

  #crash(): void {
    // Now and then everybody at once: a power failure.
    const struck = this.#random.chance(1, 12) ? this.#servers : [this.#pick()];
    for (const server of struck) {
      if (this.#options.gentleStops && this.#random.chance(1, 3)) server.stop();
      else server.crash();
    }
  }

  #partition(): void {
    const ids = this.#servers.map((server) => server.id);
    this.#links.heal();
    switch (this.#random.below(4)) {
      case 0:
        this.#links.set(isolation(this.#random.pick(ids), isolations[this.#random.below(3)] as Isolation));
        break;
      case 1:
        this.#links.set(this.#split(ids));
        break;
      default:
        this.#links.set(
          ...ids
            .flatMap((a) => ids.map((b) => ({ preset: 'cut', a, b, oneWay: true })))
            .filter(({ a, b }) => a !== b && this.#random.chance(1, 4)),
        );
    }
    this.#kernel.after(this.#random.exponential(this.#options.partitionForUs), tags.fault, () => {
      if (this.#on) this.#links.heal();
    });
  }

  #split(ids: readonly ServerId[]): JsonObject {
    const mixed = this.#random.shuffle(ids);
    const left = mixed.slice(0, this.#random.between(1, ids.length - 1));
    const right = mixed.slice(left.length);
    if (!this.#random.chance(1, 3)) return { preset: 'halves', groups: [left, right] };
    return { match: { from: left, to: right }, do: 'drop' };
  }

  /** As a server's `-mode` with one letter, but for any time and while it runs; the same letter anew replaces it. */
  #mode(): void {
    const classes = this.#random.pick<FaultClass>(['p', 'a', 'c', 'g', 'r']);
    const { id } = this.#pick();
    const late = { type: 'delay', time: this.#random.below(8_000_000) / 1000 };
    this.#links.set(
      { id: `mode ${id} ${classes} out`, match: { from: id, to: '*', classes }, do: late },
      { id: `mode ${id} ${classes} in`, match: { from: '*', to: id, classes }, do: late },
    );
  }

  /** No space for new segments; or, as on a disk that copies on write, none for what was prepared either. */
  #fill(): void {
    const server = this.#pick();
    if (this.#random.chance(1, 2)) {
      server.disk.inject('write', 'ENOSPC', /^wal-\d/, this.#random.between(1, 6));
      return;
    }
    server.setFull(true);
    this.#kernel.after(this.#random.below(4_000_000), tags.fault, () => server.setFull(false));
  }
}
