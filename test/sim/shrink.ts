/**
 * Makes a failing run small: halves of its faults are taken out (delta debugging, Zeller and Hildebrandt 2002), then
 * its size, load and times are reduced, as long as the same rule is broken.
 */
import type { ClusterSetup } from './cluster.js';
import type { DueFault, Fault } from './fault.js';
import { calmOptions, type SimOptions, scriptOptions } from './options.js';
import { runSeed, type SeedResult } from './run.js';

export interface Shrunk {
  readonly rule: string;
  readonly seed: number;
  readonly options: Partial<SimOptions>;
  readonly faults: readonly Fault[];
  /** Of the run that was given. */
  readonly before: { readonly faults: number; readonly simulatedUs: number; readonly events: number };
  readonly after: Shrunk['before'];
  readonly runs: number;
}

export interface ShrinkLimits {
  readonly runsMax: number;
  readonly secondsMax: number;
}

const defaultLimits: ShrinkLimits = { runsMax: 3000, secondsMax: 240 };

/** Undefined if the run does not fail. `setup` may plant a bug. */
export async function shrink(setup: ClusterSetup, limits: Partial<ShrinkLimits> = {}): Promise<Shrunk | undefined> {
  const result = await runSeed(setup);
  if (result.failure === undefined) return undefined;
  return new Shrinking(setup, result, { ...defaultLimits, ...limits }).run();
}

interface Candidate {
  readonly seed: number;
  readonly options: Partial<SimOptions>;
  readonly faults: readonly Fault[];
}

class Shrinking {
  readonly #setup: ClusterSetup;
  readonly #first: SeedResult;
  readonly #rule: string;
  readonly #limits: ShrinkLimits;
  readonly #startMs = performance.now();
  /** Without its liveness phase a run that holds ends much sooner; only a rule of that phase needs it. */
  readonly #safetyOnly: boolean;
  #best: Candidate;
  #last: SeedResult;
  #runs = 0;

  constructor(setup: ClusterSetup, first: SeedResult, limits: ShrinkLimits) {
    this.#setup = setup;
    this.#first = first;
    this.#last = first;
    this.#rule = first.failure?.rule ?? '';
    this.#limits = limits;
    this.#safetyOnly = first.nowUs <= first.options.safetyUs;
    this.#best = { seed: setup.seed, options: scriptOptions(first.options), faults: first.happened };
  }

  async run(): Promise<Shrunk> {
    // A run ends with the failure: what would have come later is no part of it.
    if (this.#safetyOnly) await this.#tryOptions({ safetyUs: this.#first.nowUs + 1 });
    for (let before = ''; before !== this.#measure() && !this.#isOver; ) {
      before = this.#measure();
      await this.#fewerFaults();
      await this.#lessOfEverything();
      await this.#shorterFaults();
    }
    return {
      rule: this.#rule,
      ...this.#best,
      options: scriptOptions({ ...calmOptions, ...this.#best.options }),
      before: sizeOf(this.#first),
      after: { ...sizeOf(this.#last), faults: this.#best.faults.length },
      runs: this.#runs,
    };
  }

  get #isOver(): boolean {
    const seconds = (performance.now() - this.#startMs) / 1000;
    return this.#runs >= this.#limits.runsMax || seconds >= this.#limits.secondsMax;
  }

  #measure(): string {
    return `${this.#best.faults.length} ${JSON.stringify(this.#best.options)}`;
  }

  /** Takes `candidate` over if it breaks the same rule. */
  async #try(candidate: Candidate): Promise<boolean> {
    if (this.#isOver) return false;
    this.#runs++;
    const result = await runSeed({
      ...this.#setup,
      seed: candidate.seed,
      options: { ...calmOptions, ...candidate.options },
      faults: candidate.faults,
      safetyOnly: this.#safetyOnly,
    });
    if (result.failure?.rule !== this.#rule) return false;
    this.#last = result;
    // Faults that found nothing to strike any more have no part in it.
    this.#best = { ...candidate, faults: result.happened };
    return true;
  }

  /** Another size means other latencies: a few seeds are worth trying. */
  async #tryOptions(changed: Partial<SimOptions>): Promise<boolean> {
    const { seed, options, faults } = this.#best;
    const smaller = { ...options, ...changed };
    for (const more of [0, 1, 2]) if (await this.#try({ seed: seed + more, options: smaller, faults })) return true;
    return false;
  }

  /** Takes out halves, then quarters and so on, down to single faults. */
  async #fewerFaults(): Promise<void> {
    if (this.#best.faults.length > 0 && (await this.#try({ ...this.#best, faults: [] }))) return;
    for (let parts = 2; this.#best.faults.length > 0; ) {
      const size = Math.ceil(this.#best.faults.length / parts);
      let removed = false;
      for (let from = 0; from < this.#best.faults.length; ) {
        const { faults } = this.#best;
        const rest = [...faults.slice(0, from), ...faults.slice(from + size)];
        if (await this.#try({ ...this.#best, faults: rest })) removed = true;
        else from += size;
      }
      if (this.#isOver || (size === 1 && !removed)) return;
      parts = removed ? Math.max(2, parts - 1) : Math.min(2 * parts, this.#best.faults.length);
    }
  }

  async #lessOfEverything(): Promise<void> {
    const option = <Name extends keyof SimOptions>(name: Name): SimOptions[Name] =>
      this.#best.options[name] ?? calmOptions[name];
    for (const name of Object.keys(this.#best.options) as (keyof SimOptions)[]) {
      if (name !== 'safetyUs' && name !== 'servers') await this.#tryOptions({ [name]: calmOptions[name] });
    }
    if (option('servers') > 3) await this.#tryOptions({ servers: 3 });
    for (const name of ['clients', 'rooms', 'window'] as const) {
      while (option(name) > 1 && (await this.#tryOptions({ [name]: Math.floor(option(name) / 2) })));
    }
    while (option('submitEveryUs') < 1_000_000) {
      if (!(await this.#tryOptions({ submitEveryUs: 2 * option('submitEveryUs') }))) break;
    }
  }

  async #shorterFaults(): Promise<void> {
    for (let at = 0; at < this.#best.faults.length && !this.#isOver; at++) {
      for (let halvings = 0; halvings < 20; halvings++) {
        const { faults } = this.#best;
        const fault = faults[at];
        const shorter = fault === undefined ? undefined : halved(fault);
        if (shorter === undefined || !(await this.#try({ ...this.#best, faults: faults.with(at, shorter) }))) break;
      }
    }
  }
}

function sizeOf({ happened, nowUs, events }: SeedResult): Shrunk['before'] {
  return { faults: happened.length, simulatedUs: nowUs, events };
}

function halved(fault: Fault): Fault | undefined {
  if (fault.kind === 'strike') return undefined;
  const { forUs } = fault as DueFault & { forUs?: number };
  return forUs === undefined || forUs < 20_000 ? undefined : ({ ...fault, forUs: Math.floor(forUs / 2) } as Fault);
}
