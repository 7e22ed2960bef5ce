/**
 * One generator per name, all from one seed: what one part of a run draws does not depend on how much another one drew,
 * so a fault taken out of a run changes no more than what follows from it.
 */
import { Prng } from '../../src/base/index.js';

export class Chances {
  readonly #seed: number;

  /** `seed` is any safe integer. */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /** The generator of this name, from its beginning. */
  of(name: string): Prng {
    let hash = (0x811c9dc5 ^ this.#seed ^ Math.floor(this.#seed / 0x1_0000_0000)) >>> 0;
    for (let at = 0; at < name.length; at++) {
      hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
      hash ^= hash >>> 15;
    }
    return new Prng(hash >>> 0);
  }
}
