/** Measures ways in turn, round after round, so that what drifts drifts for all of them. */

import type { Way } from './proxy-ways.js';
import { type Figures, medians, type Row } from './report.js';

export interface Turns {
  readonly rounds: number;
  readonly seconds: number;
}

/** The medians of each way's figures over all rounds. */
export class Comparison<Name extends string> {
  readonly #ways: readonly Way[];
  readonly #figures: ReadonlyMap<Way, Figures<Name>>;

  constructor(samples: ReadonlyMap<Way, readonly Figures<Name>[]>) {
    this.#ways = [...samples.keys()];
    this.#figures = new Map([...samples].map(([way, taken]) => [way, medians(taken)]));
  }

  of(way: Way): Figures<Name> {
    const figures = this.#figures.get(way);
    if (figures === undefined) throw new Error(`${way.name} was not measured`);
    return figures;
  }

  /** A row for each of these figures, under its label. */
  rows(labels: Readonly<Partial<Record<Name, string>>>): Row[] {
    return (Object.keys(labels) as Name[]).map((name) => this.#row(labels[name] ?? name, (way) => this.of(way)[name]));
  }

  /** How often `base`'s figure goes into each other way's. */
  timesRow(what: string, name: Name, base: Way): Row {
    return this.#row(what, (way) => this.times(name, way, base));
  }

  times(name: Name, way: Way, base: Way): number {
    return this.of(way)[name] / this.of(base)[name];
  }

  #row(what: string, figure: (way: Way) => number): Row {
    return { what, by: Object.fromEntries(this.#ways.map((way) => [way.name, figure(way)])) };
  }
}

/** Measures each way once a round. */
export async function inTurn<Name extends string>(
  ways: readonly Way[],
  rounds: number,
  measure: (way: Way) => Promise<Figures<Name>>,
): Promise<Comparison<Name>> {
  const samples = new Map<Way, Figures<Name>[]>(ways.map((way) => [way, []]));
  for (let round = 0; round < rounds; round++) {
    for (const way of ways) {
      await way.prepare();
      samples.get(way)?.push(await measure(way));
    }
  }
  return new Comparison(samples);
}

export function titleOf(what: string, { rounds, seconds }: Turns): string {
  return `${what}; medians of ${rounds} rounds of ${seconds} s, in turn`;
}
