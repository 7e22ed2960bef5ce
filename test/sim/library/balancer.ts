/** Production's balancer, without its process: registrar and router on the wires, its seal on a disk that forgets. */
import type { Logger, Prng } from '../../../src/base/index.js';
import type { Seal } from '../../../src/daemon/balancer/membership.js';
import { Registrar } from '../../../src/daemon/balancer/registrar.js';
import { Router } from '../../../src/daemon/balancer/router.js';
import type { SealStore } from '../../../src/daemon/balancer/seal-file.js';
import { helloGate } from '../../../src/daemon/hello-gate.js';
import { Turn } from '../../../src/net/index.js';
import type { Chances } from '../chances.js';
import type { Coverage } from '../coverage.js';
import { type Kernel, tags } from '../kernel.js';
import { SimClock } from '../sim-clock.js';
import { Host, type Wires } from './wires.js';

export interface SimBalancerParts {
  readonly kernel: Kernel;
  readonly wires: Wires;
  readonly chances: Chances;
  readonly coverage: Coverage;
  readonly logger: Logger;
  readonly address: string;
  readonly servers: number;
  /** Something in it failed in a promise: the run is over. */
  readonly onFatal: (error: unknown) => void;
}

interface Life {
  readonly host: Host;
  readonly random: Prng;
}

const saveUs = 5_000;

export class SimBalancer {
  readonly #parts: SimBalancerParts;
  /** On its disk. */
  #seal: Seal | undefined;
  #saving: Seal | undefined;
  #life: Life | undefined;
  #lives = 0;

  constructor(parts: SimBalancerParts) {
    this.#parts = parts;
  }

  get isSealed(): boolean {
    return this.#seal !== undefined;
  }

  start(): void {
    if (this.#life !== undefined) return;
    const { kernel, wires, chances, logger, address, servers, onFatal } = this.#parts;
    this.#lives++;
    const random = chances.of(`balancer in life ${this.#lives}`);
    const run = (act: () => void): void => {
      if (this.#life === life) act();
    };
    const clock = new SimClock(kernel, { rate: 1000, wallMs: 1_700_000_000_000, run });
    const turn = new Turn((end) => void kernel.after(0, tags.client, () => run(end)));
    const life: Life = { random, host: new Host(wires, { clock, turn, random, run }) };
    this.#life = life;
    const save = (seal: Seal): Promise<void> => new Promise((resolve) => this.#save(life, seal, resolve));
    const store: SealStore = {
      load: async () => this.#seal,
      seal: async (seal) => {
        await save(seal);
        return seal;
      },
      save,
    };
    const registrar = new Registrar({
      servers,
      seal: this.#seal,
      store,
      clock,
      logger,
      newClusterId: () => Uint8Array.from({ length: 16 }, () => random.below(256)),
      onFatal,
    });
    const router = new Router(registrar);
    life.host.listen(
      address,
      helloGate({
        roles: ['registrant', 'client', 'operator'],
        what: 'a balancer',
        onHello: (connection, hello) => {
          if (hello.role === 'registrant') registrar.accept(connection, hello);
          else router.accept(connection);
        },
        logger,
      }),
    );
  }

  /** Dies; a seal on its way to the disk is there or not. */
  crash(): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#life = undefined;
    this.#parts.coverage.add(this.#seal === undefined ? 'balancer crashes before the seal' : 'balancer crashes');
    if (this.#saving !== undefined && life.random.chance(1, 2)) this.#seal = this.#saving;
    this.#saving = undefined;
    life.host.die(true);
  }

  #save(life: Life, seal: Seal, done: () => void): void {
    this.#saving = seal;
    this.#parts.kernel.after(life.random.below(saveUs), tags.disk, () => {
      if (this.#life !== life) return;
      this.#seal = seal;
      this.#saving = undefined;
      done();
    });
  }
}
