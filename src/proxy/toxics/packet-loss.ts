/** Packet loss: frames are lost where the stream is made of ours, chunks as they come in any other. */
import { FrameCutter } from './frame-cutter.js';
import type { ToxicContext, ToxicKind, ToxicStage } from './toxic-kind.js';

type Attributes = Readonly<Record<'loss_rate' | 'correlation', number>>;

export const packetLoss: ToxicKind = {
  type: 'packet_loss',
  about: 'loses each whole frame (of other protocols: chunk) at loss_rate, after a lost one at loss_rate + correlation',
  attributes: [
    { name: 'loss_rate', form: 'number', fallback: 0.1, least: Number.NEGATIVE_INFINITY },
    { name: 'correlation', form: 'number', fallback: 0, least: Number.NEGATIVE_INFINITY },
  ],
  start: (context, attributes: Attributes) => new PacketLoss(context, attributes),
};

class PacketLoss implements ToxicStage {
  readonly #context: ToxicContext;
  readonly #cutter: FrameCutter;
  #attributes: Attributes;
  #wasLost = false;

  constructor(context: ToxicContext, attributes: Attributes) {
    this.#context = context;
    this.#attributes = attributes;
    this.#cutter = new FrameCutter({
      frame: (frame) => this.#offer(frame),
      loose: (bytes) => context.emit(bytes),
    });
  }

  get heldBytes(): number {
    return this.#cutter.heldBytes;
  }

  data(chunk: Uint8Array): void {
    if (this.#context.isFramed()) {
      this.#cutter.push(chunk);
      return;
    }
    // The stream may have stopped being ours.
    this.#cutter.flush();
    this.#offer(chunk);
  }

  end(): void {
    this.#cutter.flush();
    this.#context.emitEnd();
  }

  update(attributes: Attributes): void {
    this.#attributes = attributes;
  }

  remove(): void {
    this.#cutter.flush();
  }

  /** Passes it on, or not. */
  #offer(bytes: Uint8Array): void {
    const { loss_rate: lossRate, correlation } = this.#attributes;
    const rate = between0And1(lossRate) + (this.#wasLost ? between0And1(correlation) : 0);
    this.#wasLost = this.#context.draw.unit() < rate;
    if (!this.#wasLost) this.#context.emit(bytes);
  }
}

/** As Toxiproxy takes them. */
function between0And1(value: number): number {
  return Math.min(1, Math.max(0, value));
}
