/** The toxics of one direction of one connection, one behind the other; they change while bytes run through them. */
import { Draw, drawBase } from '../plan/draw.js';
import type { ToxicAttributes, ToxicKind } from '../toxics/toxic-kind.js';
import type { Deadlines } from './deadlines.js';
import { type LinkHost, type LinkTarget, ToxicLink } from './toxic-link.js';

/** A toxic as it is set on a proxy. */
export interface Toxic {
  readonly name: string;
  readonly kind: ToxicKind;
  /** As sent: `upstream` or `downstream`, in any case. */
  readonly stream: string;
  /** The share of the connections that it affects. */
  readonly toxicity: number;
  readonly attributes: ToxicAttributes;
}

export interface ChainOutput {
  data(chunk: Uint8Array): void;
  end(): void;
  /** Ends the connection with FIN; nothing is called afterwards. */
  close(): void;
  /** Ends the connection with RST; nothing is called afterwards. */
  reset(): void;
  /** Less may be held than before although nothing came out: a toxic has lost it, or was taken away. */
  released?(): void;
}

export interface ToxicChainOptions {
  readonly deadlines: Deadlines;
  readonly seed: number;
  /** Proxy, number of the connection and direction, for the draws. */
  readonly name: string;
  readonly output: ChainOutput;
  readonly isFramed: () => boolean;
}

/** Serves all chains: a draw is begun and done within one call. */
const draw = new Draw();

export class ToxicChain {
  readonly #options: ToxicChainOptions;
  readonly #host: LinkHost;
  readonly #exit: LinkTarget;
  #links: ToxicLink[] = [];
  /** A toxic has ended the connection: nothing comes in, and what is on its way out comes before the end. */
  #isClosing = false;
  #isOver = false;

  constructor(options: ToxicChainOptions) {
    const { deadlines, output, isFramed } = options;
    this.#options = options;
    this.#host = {
      deadlines,
      isFramed,
      closeBehind: (link) => this.#closeBehind(link),
      reset: () => {
        this.stop();
        output.reset();
      },
      onDeadline: () => this.#tellReleased(),
    };
    this.#exit = {
      data: (chunk) => output.data(chunk),
      end: () => {
        if (!this.#isClosing) {
          output.end();
          return;
        }
        this.stop();
        output.close();
      },
    };
  }

  /** No stage: the caller may write past the chain. */
  get isEmpty(): boolean {
    return this.#links.length === 0 && !this.#isClosing && !this.#isOver;
  }

  get heldBytes(): number {
    let heldBytes = 0;
    for (const link of this.#links) heldBytes += link.heldBytes;
    return heldBytes;
  }

  /**
   * Brings the stages in line with this direction's toxics (in order): starts new ones, updates, removes what is gone.
   * Acts at once, loses nothing.
   */
  apply(toxics: readonly Toxic[]): void {
    if (this.#isOver) return;
    const wanted = toxics.filter((toxic) => this.#isAffectedBy(toxic));
    this.#removeAllBut(wanted);
    if (!this.#isClosing) this.#startMissing(wanted);
    for (const link of [...this.#links]) {
      const toxic = wanted.find((candidate) => link.isOf(candidate));
      if (toxic !== undefined) link.update(toxic);
    }
    this.#tellReleased();
  }

  data(chunk: Uint8Array): void {
    if (this.#isClosing || this.#isOver || chunk.length === 0) return;
    this.#entry.data(chunk);
  }

  end(): void {
    if (this.#isClosing || this.#isOver) return;
    this.#entry.end();
  }

  /** The connection is gone: every deadline is cancelled, nothing is called any more. */
  stop(): void {
    this.#isOver = true;
    const links = this.#links;
    this.#links = [];
    for (const link of links) link.stop();
  }

  get #entry(): LinkTarget {
    return this.#links[0] ?? this.#exit;
  }

  #base(toxic: Toxic): number {
    return drawBase(this.#options.seed, toxic.name, this.#options.name);
  }

  /** Drawn once: the same toxic always draws the same on this connection, so more toxicity only adds connections. */
  #isAffectedBy(toxic: Toxic): boolean {
    return draw.begin(this.#base(toxic), 0).unit() < toxic.toxicity;
  }

  /** From the last one to the first: what one has held goes past those that are taken away with it. */
  #removeAllBut(wanted: readonly Toxic[]): void {
    let place = wanted.length;
    for (const link of [...this.#links].reverse()) {
      const found = wanted.findIndex((toxic) => link.isOf(toxic));
      // One that is to stand in front of its predecessor now is started anew: what they hold must not change places.
      if (found !== -1 && found < place) place = found;
      else this.#remove(link);
    }
  }

  #remove(link: ToxicLink): void {
    link.remove();
    // What it has passed on may have ended the connection; then it stands here no more.
    const at = this.#links.indexOf(link);
    if (at === -1) return;
    this.#links.splice(at, 1);
    this.#connect();
  }

  #startMissing(wanted: readonly Toxic[]): void {
    if (this.#isOver) return;
    this.#links = wanted.map((toxic) => {
      const standing = this.#links.find((link) => link.isOf(toxic));
      return standing ?? new ToxicLink(this.#host, toxic, this.#base(toxic), this.#exit);
    });
    this.#connect();
  }

  #connect(): void {
    for (const [at, link] of this.#links.entries()) link.next = this.#links[at + 1] ?? this.#exit;
  }

  /** What this link and those before it hold is lost; what is behind it goes out, and then the connection ends. */
  #closeBehind(link: ToxicLink): void {
    this.#isClosing = true;
    const gone = this.#links.splice(0, this.#links.indexOf(link) + 1);
    for (const before of gone) before.stop();
    link.next.end();
  }

  #tellReleased(): void {
    if (!this.#isOver) this.#options.output.released?.();
  }
}
