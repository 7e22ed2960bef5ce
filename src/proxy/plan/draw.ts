/**
 * Chance without a generator: every draw is a pure function of (seed, rule, link, n-th matching frame, k-th draw), so
 * that a run can be repeated although its timing differs (PROXY.md, Seeds).
 */

/** 32 bits of a text (FNV-1a, then mixed). */
export function hashText(text: string, seed = 0): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
}

/** Where the draws of one rule on one link begin; `seed` is any safe integer. */
export function drawBase(seed: number, rule: string, link: string): number {
  // Mixed once more above 32 bits, so that no seed is another one with its halves exchanged.
  const high = mix(Math.floor(seed / 0x1_0000_0000));
  return hashText(`${rule}\n${link}`, mix(seed >>> 0) ^ mix(high + 1));
}

function mix(value: number): number {
  let z = value >>> 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

/** The draws for one frame: `begin`, then as many as the rule needs. One object serves all frames. */
export class Draw {
  #state = 0;

  /** The draws for the `n`-th matching frame of the rule and link that `base` stands for. */
  begin(base: number, n: number): this {
    this.#state = mix((base + Math.imul(n, 0x9e3779b1)) ^ Math.floor(n / 0x1_0000_0000));
    return this;
  }

  /** A uniform 32-bit unsigned integer. */
  u32(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    return mix(this.#state);
  }

  /** A uniform number in [0, 1). */
  unit(): number {
    return this.u32() / 0x1_0000_0000;
  }

  /** A uniform integer in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.unit() * bound);
  }

  /** Normally distributed with mean 0 and deviation 1 (Box–Muller). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.unit()));
    return radius * Math.cos(2 * Math.PI * this.unit());
  }
}
