/** Keeps in a server's directory, while it runs, what a program must know of before it starts there. */
import type { ChatState } from '../../chat/index.js';
import { type Demands, type Directory, isDiskFull } from '../../storage/index.js';
import { features } from '../../wire/index.js';

export function demandsOf({ origin, decisions }: ChatState): Demands {
  return { origin, decisions: decisions > 0 };
}

export class DemandKeeper {
  readonly #directory: Directory;
  readonly #chat: ChatState;
  readonly #onError: (error: Error) => void;
  #writing: Promise<void> | undefined;

  constructor(directory: Directory, chat: ChatState, onError: (error: Error) => void) {
    this.#directory = directory;
    this.#chat = chat;
    this.#onError = onError;
  }

  /** The directory says all of it. */
  get isKept(): boolean {
    const held = this.#directory.demands;
    const { origin, decisions } = demandsOf(this.#chat);
    return held.origin === origin && (held.decisions || !decisions);
  }

  /** The feature bits that other servers must have: the log holds what releases without them cannot read. */
  get needs(): number {
    const { decisions, origin } = this.#chat;
    // A release that cannot read decisions cannot load a state with an origin either. After a kill the directory may
    // know of decisions that the log does not yet know to be chosen.
    const isNew = decisions > 0 || origin > 0 || this.#directory.demands.decisions;
    return isNew ? features.decisions : 0;
  }

  /**
   * After each decision, each state that was taken over, and now and then, for a disk that was full. Resolves when
   * nothing is being written any more; never rejects.
   */
  keep(): Promise<void> {
    if (this.#writing === undefined && !this.isKept) this.#writing = this.#write();
    return this.#writing ?? Promise.resolve();
  }

  async #write(): Promise<void> {
    const error = await new Promise<Error | undefined>((resolve) =>
      this.#directory.demand(demandsOf(this.#chat), resolve),
    );
    this.#writing = undefined;
    if (error === undefined) return this.keep();
    // A full disk is told by the log, and waited out.
    if (!isDiskFull(error.cause as Error)) this.#onError(error);
  }
}
