/**
 * Fetching a state, chunk by chunk, over simulated links and disks: chunks that are lost, late or damaged, links that
 * break, senders and receivers that die at every chunk. The simulator's checkers watch all of it: nothing acknowledged
 * is lost, promises hold, hashes agree, streams have no gaps.
 */
import t from 'tap';
import { limits } from '../../src/base/index.js';
import type { MessageOf, ServerId } from '../../src/wire/index.js';
import { Cluster } from '../sim/cluster.js';
import { calmOptions } from '../sim/options.js';
import type { SimServer } from '../sim/server.js';

t.setTimeout(240_000);
const second = 1_000_000;
const far = 100_000 * second;
/** A log of a few hundred slots at most, so that a server that is away for seconds has lost touch. */
const small = {
  ...calmOptions,
  clients: 2,
  window: 4,
  submitEveryUs: 20_000,
  delayUs: 200,
  segmentBytes: 8 << 10,
  retainSegments: 1,
};

/** A cluster whose server 3 is down and lags behind what the others keep. */
class Lagging {
  readonly cluster: Cluster;
  readonly requests: MessageOf<'stateRequest'>[] = [];
  /** When each of them came, in µs. */
  readonly askedUs: number[] = [];
  readonly chunks: { readonly to: ServerId; readonly chunk: MessageOf<'stateChunk'> }[] = [];
  /** What becomes of the chunk before server 3 gets it: another one, or none. */
  onChunk: (chunk: MessageOf<'stateChunk'>, from: ServerId) => MessageOf<'stateChunk'> | undefined = (chunk) => chunk;
  installed = 0;

  constructor(seed: number) {
    this.cluster = new Cluster({ seed, options: small });
    for (const server of this.cluster.servers) this.#watch(server);
    this.run(3);
    this.fallBehind();
  }

  #watch(server: SimServer): void {
    const frame = server.frame.bind(server);
    server.frame = (from, message, birth) => {
      if (message.type === 'stateRequest') {
        this.requests.push(structuredClone(message));
        this.askedUs.push(this.cluster.kernel.nowUs);
      }
      if (message.type !== 'stateChunk') return frame(from, message, birth);
      this.chunks.push({ to: server.id, chunk: message });
      const changed = this.onChunk(message, from);
      if (changed !== undefined) frame(from, changed, birth);
    };
  }

  server(id: ServerId): SimServer {
    return this.cluster.servers[id - 1] as SimServer;
  }

  run(seconds: number, until?: () => boolean): boolean {
    const { kernel } = this.cluster;
    return kernel.run(kernel.nowUs + seconds * second, until);
  }

  /** Server 3 is down until the others no longer hold what it needs. */
  fallBehind(): void {
    const before = this.server(3).opened?.chat.applied ?? 0;
    this.server(3).crash(far);
    const cut = this.run(60, () => [1, 2].every((id) => (this.server(id).opened?.index.firstKept ?? 0) > before + 1));
    if (!cut) throw new Error('the others keep everything');
  }

  /** Server 3 is back, and has come to where the others are. */
  catchUp(seconds = 60): boolean {
    this.server(3).start();
    return this.run(seconds, () => {
      const applied = this.server(3).opened?.chat.applied ?? 0;
      return applied > 0 && applied >= this.cluster.oracle.agreement.highest - 5;
    });
  }

  get begun(): number {
    return this.requests.filter(({ slot }) => slot === 0).length;
  }
}

t.test('chunk after chunk, each asked for once; then the log goes on, twice in a row', async (t) => {
  const lag = new Lagging(1);
  t.ok(lag.catchUp());
  t.equal(lag.begun, 1);
  const count = lag.chunks.length;
  t.ok(count > 5, `${count} chunks`);
  t.equal(lag.requests.length, count);
  t.equal(new Set(lag.requests.map(({ position }) => Buffer.from(position).toString('hex'))).size, count);
  lag.fallBehind();
  t.ok(lag.catchUp(), 'and once more');
  t.equal(lag.begun, 2);
  lag.run(3);
  t.ok(lag.cluster.servers.every(({ opened }) => opened?.driver.fetchesState === false));
});

t.test('while clients write, each chunk is followed by a rest', async (t) => {
  const lag = new Lagging(1);
  t.ok(lag.catchUp());
  const gapsUs = lag.askedUs.slice(2).map((us, at) => us - (lag.askedUs[at + 1] as number));
  // It sees that they do once it votes itself.
  const later = gapsUs.slice(gapsUs.length / 2);
  t.ok(later.length > 5 && later.every((us) => us >= limits.tickMs * 900), gapsUs.join(' '));
});

t.test('a damaged chunk is noticed at once, and only that one is asked for again', async (t) => {
  const spoil: Record<string, (chunk: MessageOf<'stateChunk'>) => MessageOf<'stateChunk'>> = {
    bytes: (chunk) => {
      const bytes = Buffer.from(chunk.bytes);
      bytes[Math.floor(bytes.length / 2)] = (bytes[Math.floor(bytes.length / 2)] as number) ^ 4;
      return { ...chunk, bytes };
    },
    'its end': (chunk) => ({ ...chunk, next: Buffer.alloc(0) }),
    place: (chunk) => ({ ...chunk, position: Buffer.from([0, 1]) }),
    sum: (chunk) => ({ ...chunk, sum: chunk.sum ^ 1 }),
  };
  for (const [what, change] of Object.entries(spoil)) {
    const lag = new Lagging(2);
    let atUs = 0;
    let askedUs = 0;
    lag.onChunk = (chunk) => {
      if (lag.chunks.length !== 4) return chunk;
      atUs = lag.cluster.kernel.nowUs;
      return change(chunk);
    };
    const frame = lag.server(1).frame;
    for (const id of [1, 2]) {
      const inner = id === 1 ? frame : lag.server(id).frame;
      lag.server(id).frame = (from, message, birth) => {
        if (message.type === 'stateRequest' && lag.chunks.length === 4) askedUs = lag.cluster.kernel.nowUs;
        inner.call(lag.server(id), from, message, birth);
      };
    }
    t.ok(lag.catchUp(), what);
    t.equal(lag.begun, 1, `${what}: it was not begun anew`);
    const positions = new Set(lag.requests.map(({ position }) => Buffer.from(position).toString('hex')));
    t.equal(lag.requests.length, positions.size + 1, `${what}: one was asked for twice`);
    t.ok(askedUs - atUs < 100_000, `${what}: after ${(askedUs - atUs) / 1000} ms`);
  }
});

t.test('chunks that come damaged again and again: another beginning, never a wrong state', async (t) => {
  const lag = new Lagging(3);
  let bad = 0;
  lag.onChunk = (chunk) => {
    if (bad >= limits.stateDamagedMax + 3 || chunk.position.length === 0) return chunk;
    bad++;
    return { ...chunk, sum: chunk.sum ^ 7 };
  };
  t.ok(lag.catchUp());
  t.ok(lag.begun >= 2, 'it was given up once');
});

t.test('lost chunks are asked for again after a second', async (t) => {
  const lag = new Lagging(4);
  lag.onChunk = (chunk) => (lag.chunks.length % 3 === 1 ? undefined : chunk);
  t.ok(lag.catchUp(120));
  t.ok(lag.chunks.length > 10);
});

t.test('a link that breaks in the middle: the transfer goes on where it stopped', async (t) => {
  const lag = new Lagging(5);
  lag.server(3).start();
  t.ok(lag.run(30, () => lag.chunks.length === 4));
  lag.cluster.linkFaults.set({ preset: 'isolate', server: 3 });
  lag.run(8);
  const before = lag.chunks.length;
  const slot = lag.chunks[0]?.chunk.slot;
  lag.cluster.linkFaults.heal();
  t.ok(lag.catchUp());
  t.equal(lag.begun, 1, 'not begun anew');
  t.ok(lag.chunks.slice(before).every(({ chunk }) => chunk.slot === slot && chunk.position.length > 0));
});

t.test('a sender that dies: another one, from the beginning', async (t) => {
  const lag = new Lagging(6);
  let sender = 0;
  lag.onChunk = (chunk, from) => {
    sender ||= from;
    return chunk;
  };
  lag.server(3).start();
  t.ok(lag.run(30, () => lag.chunks.length === 4));
  lag.server(sender).crash(far);
  lag.onChunk = (chunk, from) => {
    t.not(from, sender);
    return chunk;
  };
  t.ok(
    lag.run(120, () => lag.server(3).opened?.driver.fetchesState === false && lag.begun >= 2),
    'the other one sent it',
  );
  lag.run(10);
  t.ok((lag.server(3).opened?.chat.applied ?? 0) >= lag.cluster.oracle.agreement.highest - 5, 'and the two go on');
});

t.test('a sender that restarts has another snapshot: the transfer begins anew by itself', async (t) => {
  const lag = new Lagging(7);
  let sender = 0;
  lag.onChunk = (chunk, from) => {
    sender ||= from;
    return chunk;
  };
  lag.server(3).start();
  t.ok(lag.run(30, () => lag.chunks.length === 4));
  lag.server(sender).crash(far);
  lag.run(1);
  lag.server(sender).start();
  t.ok(lag.catchUp(120));
});

t.test('a receiver that dies at any chunk: the old state or the new one, and it comes back', async (t) => {
  let most = Number.POSITIVE_INFINITY;
  let deaths = 0;
  for (let at = 1; at <= most; at++) {
    const lag = new Lagging(8);
    lag.server(3).start();
    const isReached = lag.run(30, () => lag.chunks.length === at);
    if (!isReached) {
      most = at;
      break;
    }
    lag.run(0.0004 * (at % 5));
    lag.server(3).crash(far);
    lag.run(0.5);
    if (!lag.catchUp()) t.fail(`dead at chunk ${at}: it did not come back`);
    deaths++;
  }
  t.ok(deaths > 5, `${deaths} deaths`);
});

t.test('slow disks, full disks: the switch waits, the server goes on', async (t) => {
  const lag = new Lagging(9);
  lag.server(3).start();
  t.ok(lag.run(30, () => lag.chunks.length === 3));
  lag.server(3).setFull(true);
  lag.run(3);
  lag.server(3).setFull(false);
  t.ok(lag.catchUp());
});
