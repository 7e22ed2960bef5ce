/** One toxic in its place in a chain: what its stage asks for reaches its neighbour, as long as it stands there. */
import { Draw } from '../plan/draw.js';
import type { ToxicContext, ToxicStage } from '../toxics/toxic-kind.js';
import type { Deadline, Deadlines } from './deadlines.js';
import type { Toxic } from './toxic-chain.js';

/** Where bytes go: the next toxic, or out of the chain. */
export interface LinkTarget {
  data(chunk: Uint8Array): void;
  end(): void;
}

/** What a link needs of the chain in which it stands. */
export interface LinkHost {
  readonly deadlines: Deadlines;
  isFramed(): boolean;
  /** The connection ends with FIN, behind what this link has passed on. */
  closeBehind(link: ToxicLink): void;
  reset(): void;
  /** A deadline of one of the stages has run. */
  onDeadline(): void;
}

export class ToxicLink implements ToxicContext, LinkTarget {
  readonly draw: Draw;
  /** Set by the chain. */
  next: LinkTarget;
  #toxic: Toxic;
  readonly #host: LinkHost;
  readonly #stage: ToxicStage;
  readonly #waits = new Set<Deadline>();
  #isStanding = true;
  #end: 'none' | 'here' | 'passed' = 'none';

  /** `drawBase` is where its draws begin. */
  constructor(host: LinkHost, toxic: Toxic, drawBase: number, next: LinkTarget) {
    this.#host = host;
    this.#toxic = toxic;
    this.next = next;
    // The draw with the number 0 has decided that the connection is affected at all.
    this.draw = new Draw().begin(drawBase, 1);
    this.#stage = toxic.kind.start(this, toxic.attributes);
  }

  get heldBytes(): number {
    return this.#stage.heldBytes;
  }

  /** Whether this is what `toxic` has started, whatever its attributes were then. */
  isOf(toxic: Toxic): boolean {
    return this.#toxic.name === toxic.name && this.#toxic.kind === toxic.kind;
  }

  data(chunk: Uint8Array): void {
    if (this.#isStanding && this.#end === 'none') this.#stage.data(chunk);
  }

  end(): void {
    if (!this.#isStanding) return;
    if (this.#end === 'none') {
      this.#end = 'here';
      this.#stage.end();
    } else if (this.#end === 'passed') this.next.end();
  }

  update(toxic: Toxic): void {
    if (!this.#isStanding || toxic.attributes === this.#toxic.attributes) return;
    this.#toxic = toxic;
    this.#stage.update(toxic.attributes);
  }

  /** The toxic is taken away: its stage passes on what it holds. */
  remove(): void {
    if (!this.#isStanding) return;
    this.#stage.remove();
    if (this.#end === 'here') this.emitEnd();
    this.stop();
  }

  /** It stands nowhere any more: none of its deadlines runs, and nothing that its stage may still ask for is done. */
  stop(): void {
    this.#isStanding = false;
    for (const wait of this.#waits) this.#cancel(wait);
  }

  nowMs(): number {
    return this.#host.deadlines.nowMs();
  }

  later(delayMs: number, run: () => void): () => void {
    if (!this.#isStanding) return () => undefined;
    const { deadlines } = this.#host;
    const wait = deadlines.after(delayMs, () => {
      this.#waits.delete(wait);
      run();
      this.#host.onDeadline();
    });
    this.#waits.add(wait);
    return () => this.#cancel(wait);
  }

  emit(chunk: Uint8Array): void {
    if (this.#isStanding && chunk.length > 0) this.next.data(chunk);
  }

  emitEnd(): void {
    if (!this.#isStanding || this.#end === 'passed') return;
    this.#end = 'passed';
    this.next.end();
  }

  close(): void {
    if (this.#isStanding) this.#host.closeBehind(this);
  }

  reset(): void {
    if (this.#isStanding) this.#host.reset();
  }

  isFramed(): boolean {
    return this.#host.isFramed();
  }

  #cancel(wait: Deadline): void {
    this.#waits.delete(wait);
    this.#host.deadlines.cancel(wait);
  }
}
