/** What a rule can do to frames: the shape of the files in this folder. Adding one is a file and a line in index.ts. */
import type { Draw } from '../plan/draw.js';
import type { Fate } from '../plan/fate.js';
import type { Fields } from '../plan/fields.js';

/** What a rule remembers from one frame of a link to the next; one number is enough for all there are. */
export interface RuleMemory {
  value: number;
}

/** What is known when a rule is applied to a frame; not to be kept. */
export interface Applied {
  /** The rule's name. */
  readonly rule: string;
  readonly nowMs: number;
  /** When the rule was set. */
  readonly setAtMs: number;
  /** Of the whole frame, header included. */
  readonly frameBytes: number;
  /** This frame's own draws. */
  readonly draw: Draw;
  readonly memory: RuleMemory;
}

/** A rule's decision when a connection opens: `stall` accepts it and lets nothing through until the rule is gone. */
export type Opening = 'pass' | 'refuse' | 'stall';

export interface RuleKind<P = unknown> {
  /** As written in `do.type`. */
  readonly type: string;
  /** One line for documents and lists of choices. */
  readonly about: string;
  /** Reads the fields beside `type`. @throws PlanError */
  read(fields: Fields): P;
  /** For logs and lists, e.g. `delay 200ms`. */
  describe(params: P): string;
  /** Acts on one matching frame. Kinds without it act on connections as they open. */
  apply?(fate: Fate, params: P, applied: Applied): void;
  readonly opening?: Exclude<Opening, 'pass'>;
  /** True when all links that the rule matches share one memory. */
  isShared?(params: P): boolean;
}

/** Helps the compiler to check a kind, and forgets its parameters' type for the list. */
export function defineRule<P>(kind: RuleKind<P>): RuleKind {
  return kind as RuleKind;
}
