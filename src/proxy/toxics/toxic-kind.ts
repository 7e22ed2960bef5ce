/** What a toxic does to a stream of bytes: the shape of the files in this folder. Adding one is a file and a line. */
import type { Draw } from '../plan/draw.js';

/** An attribute as Toxiproxy has it: a number with a name; all default to 0 unless said otherwise. */
export interface ToxicAttribute {
  readonly name: string;
  /** `integer` refuses fractions. */
  readonly form: 'integer' | 'number';
  readonly fallback: number;
  /** The API refuses less. Toxiproxy takes anything, so only what can't work has one. */
  readonly least: number;
}

export type ToxicAttributes = Readonly<Record<string, number>>;

/** What a stage may do with the direction of the connection on which it stands. */
export interface ToxicContext {
  /** On the monotonic clock. */
  nowMs(): number;
  /** Calls `run` once when `delayMs` have passed, never earlier; the returned function takes that back. */
  later(delayMs: number, run: () => void): () => void;
  /** Passes bytes on to the next stage; the chunk is not changed by anybody any more. */
  emit(chunk: Uint8Array): void;
  /** Passes the end of the stream on; a second time does nothing. */
  emitEnd(): void;
  /** Ends the whole connection in both directions, with FIN, behind what this stage has passed on. */
  close(): void;
  /** Ends the whole connection with RST, at once. */
  reset(): void;
  /** Chance that depends on the seed, the toxic's name, the proxy, the connection's number and the direction only. */
  readonly draw: Draw;
  /** True once the stream is known to be made of this protocol's frames. */
  isFramed(): boolean;
}

/** One toxic on one direction of one connection. It calls its context only while it is called, or `later`. */
export interface ToxicStage {
  /**
   * What is held back now costs this much; counted against the bound of the direction, beyond which its source is no
   * longer read. A chunk counts for its bytes, a small one for what it costs to keep it.
   */
  readonly heldBytes: number;
  /** A chunk arrives from the stage before, never an empty one. */
  data(chunk: Uint8Array): void;
  /** The stream has ended before this stage. */
  end(): void;
  /** The toxic's attributes have changed; what is held stays held as it was. */
  update(attributes: ToxicAttributes): void;
  /**
   * The toxic is taken away: what is held is passed on at once. The end behind it, if it has come, is passed on for it,
   * and nothing is called afterwards, whatever it waits for.
   */
  remove(): void;
}

export interface ToxicKind {
  /** As in the API, e.g. `latency`. */
  readonly type: string;
  /** One line for documents. */
  readonly about: string;
  readonly attributes: readonly ToxicAttribute[];
  /** `attributes` holds exactly those above. Nothing is emitted before the stage was returned. */
  start(context: ToxicContext, attributes: ToxicAttributes): ToxicStage;
}

/** An attribute that is a whole number, 0 unless it is given. */
export function integer(name: string, least = Number.NEGATIVE_INFINITY): ToxicAttribute {
  return { name, form: 'integer', fallback: 0, least };
}
