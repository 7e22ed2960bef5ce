/** What a fuzz target is: a reader of bytes from outside, lawful inputs to begin with, and what counts as an answer. */
import type { Prng } from '../../src/base/index.js';

export interface Target {
  readonly name: string;
  /** What is read, for people. */
  readonly about: string;
  /** Inputs to begin with, lawful ones among them. */
  seeds(): readonly Buffer[];
  /** What means something to the reader: mutations splice it in. */
  readonly words?: readonly (string | Buffer)[];
  /** Changes a lawful input as only somebody who knows the format can: right checksums, other values in fields. */
  make?(random: Prng, seed: Buffer): Buffer;
  /**
   * Reads the input and answers in a few words how that ended: `taken`, or why it was refused. An answer never seen
   * before makes the input interesting, so it holds no values. Whatever this throws is a finding.
   */
  read(input: Buffer): string | Promise<string>;
}

/** A reader that kept its word in no way: the input is shown, the run goes on. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/** Throws {@link Broken} unless `condition` holds. */
export function demand(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Broken(what);
}

/** An error's first line with its values taken out, as one answer. */
export function reasonText(error: Error): string {
  const [line = ''] = error.message.replace(/["'`][\s\S]*["'`]/g, 'X').split('\n');
  const words = line.replace(/[^ ]*[^ A-Za-z.,:;()-][^ ]*/g, 'X');
  return `${error.name}: ${words}`.slice(0, 100);
}
