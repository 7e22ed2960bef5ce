/** A chain of toxics on a clock of its own, and the bytes and frames that tests send through it. */
import fc from 'fast-check';
import { crc32, writeU32 } from '../../src/base/index.js';
import { Deadlines } from '../../src/proxy/engine/deadlines.js';
import { type Toxic, ToxicChain } from '../../src/proxy/engine/toxic-chain.js';
import { toxicKinds } from '../../src/proxy/toxics/index.js';
import { FRAME_VERSION, registry } from '../../src/wire/index.js';
import { FakeClock } from '../support/fake-clock.js';

const seed = Number(process.env.SYNOD_SEED ?? Date.now() % 2 ** 31);
/** For fc.assert: a failure prints the seed, SYNOD_SEED repeats it. */
export const repeatable = { seed, numRuns: 200 };

/** A toxic of `type`; attributes that are not given have their defaults. */
export function toxic(type: string, given: Record<string, number> = {}, more: Partial<Toxic> = {}): Toxic {
  const kind = toxicKinds.find((candidate) => candidate.type === type);
  if (kind === undefined) throw new Error(`no toxic ${type}`);
  const attributes = Object.fromEntries(kind.attributes.map(({ name, fallback }) => [name, given[name] ?? fallback]));
  return { name: type, kind, stream: 'downstream', toxicity: 1, attributes, ...more };
}

export interface ChainEvent {
  readonly atMs: number;
  readonly what: 'data' | 'end' | 'close' | 'reset';
  readonly bytes: Buffer;
}

/** A chain of toxics, and everything that comes out of it; time is counted from its beginning. */
export class ChainBench {
  readonly clock = new FakeClock();
  readonly deadlines = new Deadlines(this.clock);
  readonly events: ChainEvent[] = [];
  readonly chain: ToxicChain;
  released = 0;
  isFramed = false;
  /** Called with every chunk that comes out, before it is noted. */
  onData: (chunk: Uint8Array) => void = () => undefined;
  readonly #startMs = this.clock.monotonicMs();

  constructor(toxics: readonly Toxic[] = [], { name = 'proxy 1 downstream', seed = 1 } = {}) {
    const note = (what: ChainEvent['what'], chunk: Uint8Array = Buffer.alloc(0)): void => {
      this.events.push({ atMs: this.nowMs, what, bytes: Buffer.from(chunk) });
    };
    this.chain = new ToxicChain({
      deadlines: this.deadlines,
      seed,
      name,
      isFramed: () => this.isFramed,
      output: {
        data: (chunk) => {
          this.onData(chunk);
          note('data', chunk);
        },
        end: () => note('end'),
        close: () => note('close'),
        reset: () => note('reset'),
        released: () => {
          this.released++;
        },
      },
    });
    this.chain.apply(toxics);
  }

  get nowMs(): number {
    return this.clock.monotonicMs() - this.#startMs;
  }

  send(data: Uint8Array | string): void {
    this.chain.data(Buffer.from(data));
  }

  /** All bytes that have come out. */
  get received(): Buffer {
    return Buffer.concat(this.events.map(({ bytes }) => bytes));
  }

  /** What has come out, as `time text` or `time end`. */
  get story(): string[] {
    return this.events.map(({ atMs, what, bytes }) => `${atMs} ${what === 'data' ? bytes.toString('latin1') : what}`);
  }
}

/** A frame as wire writes them: `code` its type, `bodyBytes` bytes of `fill` after the header. */
export function rawFrame(bodyBytes: number, fill = 0, code: number = registry.ping.code): Buffer {
  const frame = Buffer.alloc(12 + bodyBytes, fill);
  writeU32(frame, 0, frame.length - 8);
  frame.set([FRAME_VERSION, code, 0, 0], 8);
  writeU32(frame, 4, crc32(frame.subarray(8)));
  return frame;
}

/** Bytes that differ from their neighbours, so that a change of order shows. */
export function countingBytes(length: number, from = 0): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, at) => ((from + at) * 31) % 251));
}

/** `bytes` in chunks whose sizes `sizes` gives in turn. */
export function inChunks(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] as number;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

export const chunkSizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 });
