/**
 * A run as a text: options, faults, planted bug, and how it must end. `npm test` runs those in `scenarios/`; `npm run
 * sim -- --shrink` prints them.
 */
import { readFileSync } from 'node:fs';
import type { ClusterSetup } from './cluster.js';
import type { Fault } from './fault.js';
import { calmOptions, type SimOptions } from './options.js';
import { type PlantName, plantSetup } from './planted.js';
import { runSeed, type SeedFailure } from './run.js';

export interface Script {
  /** What it shows, in a sentence or two. */
  readonly about: string;
  /** With this bug planted `rule` is broken, without it everything holds. Absent: everything must hold. */
  readonly plant?: PlantName;
  readonly rule?: string;
  /** Decides latencies and what clients say. */
  readonly seed: number;
  /**
   * The planted bug must be caught by one of so many seeds from `seed` on, so that the script outlives small changes of
   * what it drives. Default 1.
   */
  readonly seeds?: number;
  /** How they differ from calm ones. */
  readonly options: Partial<SimOptions>;
  readonly faults: readonly Fault[];
}

/** What runs a script, with its bug or without, under its seed or one behind it. */
export function scriptSetup(script: Script, isPlanted = true, seed = script.seed): ClusterSetup {
  const { plant, options, faults } = script;
  const planted = plant === undefined || !isPlanted ? {} : plantSetup(plant);
  return { ...planted, seed, options: { ...calmOptions, ...options }, faults };
}

/** Undefined if the script ends as it must, otherwise what is wrong. */
export async function judgeScript(script: Script): Promise<string | undefined> {
  const { plant, rule, seed, seeds = 1 } = script;
  for (let at = seed; at < seed + seeds; at++) {
    const { failure } = await runSeed(scriptSetup(script, false, at));
    if (failure !== undefined) return failure.text;
  }
  if (plant === undefined) return undefined;
  const failures: SeedFailure[] = [];
  for (let at = seed; at < seed + seeds; at++) {
    const { failure } = await runSeed(scriptSetup(script, true, at));
    if (failure?.rule === rule) return undefined;
    if (failure !== undefined) failures.push(failure);
  }
  const others = failures.map((failure) => failure.text.split('\n')[0]);
  return `${plant} did not break "${rule}" in ${seeds} runs${others.length === 0 ? '' : `, but: ${others.join('; ')}`}`;
}

export function readScript(file: string): Script {
  return JSON.parse(readFileSync(file, 'utf8')) as Script;
}

/** JSON with a fault a line. */
export function scriptText(script: Script): string {
  const { faults, ...rest } = script;
  const head = JSON.stringify(rest, null, 2).slice(0, -2);
  const lines = faults.map((fault) => `    ${JSON.stringify(fault)}`);
  return `${head},\n  "faults": [${lines.length === 0 ? '' : `\n${lines.join(',\n')}\n  `}]\n}\n`;
}
