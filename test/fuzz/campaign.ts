/** Fuzzes one target: draws inputs, keeps the interesting ones as material for the next, collects what broke. */
import { Prng, sha256 } from '../../src/base/index.js';
import type { Coverage } from './coverage.js';
import { mutate } from './mutate.js';
import { Broken, reasonText, type Target } from './target.js';

/** Material beyond this is more of the same. */
const poolMax = 1_000;
/** One input may take this long, measured twice: nothing that is read here is worth a tenth of a second. */
const inputMsMax = 500;
/** A reader with more answers than this tells values, not reasons: then only coverage makes an input interesting. */
const answersMax = 300;
/** Slower inputs are not built upon: they would take the time of thousands. */
const keptMsMax = 50;
/** Like findings of one target are told once. */
const findingsMax = 20;

/** An input that a reader did not stand. */
export interface Finding {
  readonly target: string;
  readonly input: Buffer;
  /** The error's text, with its stack. */
  readonly what: string;
}

export interface CampaignOptions {
  readonly seed: number;
  /** Interesting inputs of earlier runs. */
  readonly corpus: readonly Buffer[];
  readonly coverage?: Coverage;
  /** Told before each input is read, so that one that hangs or exhausts the memory is known. */
  readonly before?: (input: Buffer) => void;
}

export class Campaign {
  readonly target: Target;
  readonly findings: Finding[] = [];
  /** How often each answer came. */
  readonly answers = new Map<string, number>();
  /** Inputs that showed something new, oldest first: candidates for the corpus. */
  readonly interesting: Buffer[] = [];
  inputs = 0;
  spentMs = 0;
  slowestMs = 0;
  readonly #random: Prng;
  readonly #pool: Buffer[];
  readonly #words: readonly Buffer[];
  readonly #coverage: Coverage | undefined;
  readonly #before: ((input: Buffer) => void) | undefined;
  readonly #signatures = new Set<string>();
  /** Inputs drawn between two looks at the coverage. */
  #batch = 16;

  constructor(target: Target, { seed, corpus, coverage, before }: CampaignOptions) {
    this.target = target;
    this.#random = new Prng(seed + Buffer.from(sha256(Buffer.from(target.name))).readUInt32BE(0));
    this.#pool = [...target.seeds(), ...corpus].map((input) => Buffer.from(input));
    this.#words = (target.words ?? []).map((word) => (typeof word === 'string' ? Buffer.from(word) : word));
    this.#coverage = coverage;
    this.#before = before;
  }

  /** Reads what there is to begin with; before anything else. */
  async begin(): Promise<void> {
    for (const input of this.#pool) await this.#read(input);
    this.#coverage?.takeNew();
  }

  /** Draws and reads inputs for about `ms`. */
  async runFor(ms: number): Promise<void> {
    const startMs = performance.now();
    const endMs = startMs + ms;
    for (let nowMs = startMs; nowMs < endMs; ) {
      await this.#runBatch(endMs);
      const batchMs = performance.now() - nowMs;
      nowMs += batchMs;
      // Asking for the coverage must stay small beside the work.
      if (batchMs < ms / 4) this.#batch = Math.min(this.#batch * 2, 16_384);
    }
    this.spentMs += performance.now() - startMs;
  }

  /** Reads up to a batch, less when the time is over: some inputs are a thousand times slower than others. */
  async #runBatch(endMs: number): Promise<void> {
    const drawn: Buffer[] = [];
    for (let i = 0; i < this.#batch && (i % 16 !== 0 || performance.now() < endMs); i++) {
      const input = this.#draw();
      if (this.#coverage !== undefined) drawn.push(input);
      if (await this.#read(input)) this.#keep(input);
      this.inputs++;
    }
    const fresh = this.#coverage?.takeNew() ?? [];
    if (fresh.length > 0) await this.#locate(drawn, new Set(fresh));
  }

  #draw(): Buffer {
    const random = this.#random;
    const seed = random.pick(this.#pool);
    const { target } = this;
    if (target.make !== undefined && random.chance(2, 3)) return target.make(random, Buffer.from(seed));
    return mutate(random, seed, { pool: this.#pool, words: this.#words });
  }

  /** Halves the inputs until those are found that ran the blocks. */
  async #locate(inputs: readonly Buffer[], blocks: ReadonlySet<string>): Promise<void> {
    if (inputs.length <= 1) {
      for (const input of inputs) this.#keep(input);
      return;
    }
    const middle = inputs.length >> 1;
    const left = inputs.slice(0, middle);
    this.#coverage?.takeRun();
    for (const input of left) await this.#read(input);
    const run = this.#coverage?.takeRun() ?? new Set<string>();
    const inLeft = new Set([...blocks].filter((block) => run.has(block)));
    const inRight = new Set([...blocks].filter((block) => !run.has(block)));
    if (inLeft.size > 0) await this.#locate(left, inLeft);
    if (inRight.size > 0) await this.#locate(inputs.slice(middle), inRight);
  }

  #keep(input: Buffer): void {
    this.interesting.push(input);
    if (this.#pool.length < poolMax) this.#pool.push(input);
    else this.#pool[this.#random.below(poolMax)] = input;
  }

  /** Reads one input; true if its answer was new. */
  async #read(input: Buffer): Promise<boolean> {
    this.#before?.(input);
    // A reader owns what it is given and may write into it.
    const given = Buffer.from(input);
    const startMs = performance.now();
    try {
      const told = this.target.read(given);
      const answer = typeof told === 'string' ? told : await told;
      const tookMs = performance.now() - startMs;
      this.slowestMs = Math.max(this.slowestMs, tookMs);
      if (tookMs > inputMsMax && (await this.#isSlow(input)))
        await this.#found(input, new Error(`took ${tookMs.toFixed(0)} ms`));
      const before = this.answers.get(answer) ?? 0;
      this.answers.set(answer, before + 1);
      return before === 0 && this.answers.size <= answersMax && tookMs < keptMsMax;
    } catch (error) {
      await this.#found(input, error as Error);
      return false;
    }
  }

  /** A busy machine makes everything slow; what counts is the processor's time. */
  async #isSlow(input: Buffer): Promise<boolean> {
    const start = process.cpuUsage();
    await this.target.read(Buffer.from(input));
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000 > inputMsMax;
  }

  async #found(input: Buffer, error: Error): Promise<void> {
    const signature = signatureOf(error);
    if (this.#signatures.has(signature) || this.findings.length >= findingsMax) return;
    this.#signatures.add(signature);
    const small = await shrink(this.target, input, signature);
    this.findings.push({ target: this.target.name, input: small, what: error.stack ?? String(error) });
  }
}

/** As what and where it was thrown: values in the text make no other finding. */
function signatureOf(error: Error): string {
  const where = (error.stack ?? '').split('\n').find((line) => line.includes('/dist/')) ?? '';
  return `${error.name} ${error instanceof Broken ? reasonText(error) : ''} ${where.trim()}`;
}

/** Takes stretches out as long as the same thing breaks. */
async function shrink(target: Target, input: Buffer, signature: string): Promise<Buffer> {
  let smallest = input;
  for (let length = input.length >> 1; length >= 1; length >>= 1) {
    for (let at = 0; at + length <= smallest.length; ) {
      const shorter = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + length)]);
      if (await breaksAs(target, shorter, signature)) smallest = shorter;
      else at += length;
    }
  }
  return smallest;
}

async function breaksAs(target: Target, input: Buffer, signature: string): Promise<boolean> {
  try {
    await target.read(Buffer.from(input));
    return false;
  } catch (error) {
    return signatureOf(error as Error) === signature;
  }
}
