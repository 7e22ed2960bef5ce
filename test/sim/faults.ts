/** Who is struck by what and when during the safety phase: crashes, pauses, partitions, modes, full disks. */
import type { Prng } from '../../src/base/index.js';
import type { ServerId } from '../../src/wire/index.js';
import { type Kernel, tags } from './kernel.js';
import type { FaultClass, Network } from './network.js';
import type { SimOptions } from './options.js';
import type { SimServer } from './server.js';

export class Faults {
  readonly #kernel: Kernel;
  readonly #random: Prng;
  readonly #options: SimOptions;
  readonly #servers: readonly SimServer[];
  readonly #network: Network;
  #on = true;

  constructor(
    world: { kernel: Kernel; options: SimOptions; network: Network; servers: readonly SimServer[] },
    random: Prng,
  ) {
    this.#kernel = world.kernel;
    this.#options = world.options;
    this.#network = world.network;
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
    const rate = this.#options.boundaryCrashPer100k * (where === 'ack' ? 1 : 5);
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
    this.#network.heal();
    switch (this.#random.below(4)) {
      case 0:
        this.#isolate(this.#random.pick(ids), this.#random.below(3));
        break;
      case 1:
        this.#split(ids);
        break;
      default:
        for (const from of ids)
          for (const to of ids) if (from !== to && this.#random.chance(1, 4)) this.#network.cut(from, to);
    }
    this.#kernel.after(this.#random.exponential(this.#options.partitionForUs), tags.fault, () => {
      if (this.#on) this.#network.heal();
    });
  }

  /** 0: both ways, 1: it hears but is not heard, 2: it is heard but does not hear. */
  #isolate(id: ServerId, way: number): void {
    for (const { id: other } of this.#servers) {
      if (other === id) continue;
      if (way !== 2) this.#network.cut(id, other);
      if (way !== 1) this.#network.cut(other, id);
    }
  }

  #split(ids: readonly ServerId[]): void {
    const mixed = this.#random.shuffle(ids);
    const left = mixed.slice(0, this.#random.between(1, ids.length - 1));
    const oneWay = this.#random.chance(1, 3);
    for (const from of left) {
      for (const to of ids) {
        if (left.includes(to)) continue;
        this.#network.cut(from, to);
        if (!oneWay) this.#network.cut(to, from);
      }
    }
  }

  #mode(): void {
    const kind = this.#random.pick<FaultClass>(['p', 'a', 'c', 'g', 'r']);
    this.#network.setMode(this.#pick().id, kind, this.#random.below(8_000_000));
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
