/** Who is sent a state, for how long it is kept for them, and what happens when it is gone. */
import t from 'tap';
import { limits, silentLogger } from '../../src/base/index.js';
import { StateSender } from '../../src/daemon/server/state-sender.js';
import { type MemoryRows, MemoryRows as Rows } from '../../src/storage/index.js';
import { readStateItems, type ServerId, type StateChunk, stateSum } from '../../src/wire/index.js';
import { Life } from '../storage/life.js';
import { World } from '../storage/world.js';

const zero = { round: 0, server: 0, incarnation: 0 };

class Sending {
  readonly world = new World(1);
  readonly life: Life;
  readonly sent: { readonly to: ServerId; readonly chunk: StateChunk }[] = [];
  readonly sender: StateSender;
  nowMs = 0;
  pins = 0;
  #requests = 0;

  constructor(kept: MemoryRows = new Rows()) {
    this.life = new Life(this.world, this.world.disk(), kept, 1, { retainSegments: 2 });
    this.life.runTo(700);
    const { store, index, reader, retention } = this.life;
    this.sender = new StateSender({
      store,
      index,
      reader,
      retention: {
        pin: () => {
          const pin = retention.pin();
          this.pins++;
          return {
            release: () => {
              this.pins--;
              pin.release();
            },
          };
        },
      },
      promised: () => zero,
      send: (to, chunk) => this.sent.push({ to, chunk }),
      nowMs: () => this.nowMs,
      logger: silentLogger,
      chunkBytes: 2000,
    });
  }

  ask(from: ServerId, after?: StateChunk): StateChunk | undefined {
    const request = ++this.#requests;
    const { slot = 0, next = new Uint8Array(0), sum = 0 } = after ?? {};
    this.sender.onRequest(from, { type: 'stateRequest', request, slot, position: next, sum });
    this.world.run(50_000);
    return this.sent.find(({ to, chunk }) => to === from && chunk.request === request)?.chunk;
  }

  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += 1000) {
      this.nowMs += 1000;
      this.sender.tick();
    }
  }
}

t.test('one transfer per peer, two at once; a third peer waits until one is over', async (t) => {
  const s = new Sending();
  const first = s.ask(2);
  t.ok(first);
  t.ok(s.ask(3));
  t.equal(s.ask(4), undefined, 'no room');
  t.equal(s.sender.count, 2);
  t.ok(s.ask(2, first), 'those under way go on');
  t.equal(s.pins, 2);
  s.pass(limits.stateFetchMs);
  t.equal(s.sender.count, 0, 'nobody went on with them');
  t.equal(s.pins, 0);
  t.ok(s.ask(4));
});

t.test('the whole of it, any chunk again and again, with a sum over all of them', async (t) => {
  const s = new Sending();
  let chunk = s.ask(2);
  let sum = 0;
  let rows = 0;
  let slot = 0;
  while (chunk !== undefined) {
    t.equal(chunk.sum, stateSum(sum, chunk));
    for (const item of readStateItems(chunk.bytes)) {
      if (item.kind === 'row') rows++;
      else {
        t.equal(item.slot, slot === 0 ? chunk.firstKept : slot + 1, 'slot after slot');
        slot = item.slot;
      }
    }
    if (chunk.next.length === 0) break;
    const again: StateChunk | undefined = s.ask(2, chunk);
    const next: StateChunk | undefined = s.ask(2, chunk);
    t.same({ ...again, request: 0 }, { ...next, request: 0 }, 'the same question, the same answer');
    sum = chunk.sum;
    chunk = next;
  }
  t.equal(slot, 700);
  t.ok(rows > 30);
  s.pass(limits.statePinAfterMs - 1000);
  t.equal(s.pins, 1, 'what follows is kept for the receiver');
  s.pass(1000);
  t.equal(s.pins, 0);
});

t.test('an asker that takes longer than the log may be pinned begins anew, at the newest checkpoint', async (t) => {
  const s = new Sending();
  const first = s.ask(2) as StateChunk;
  t.equal(first.slot, 700);
  for (let ms = 0; ms < limits.snapshotPinMs; ms += 10_000) {
    s.ask(2, first);
    s.pass(10_000);
  }
  // What it was sent, once, has bought it a few ms more.
  s.pass(1_000);
  t.equal(s.pins, 0);
  for (let applied = 750; applied <= 900; applied += 50) s.life.runTo(applied);
  const anew = s.ask(2, first);
  t.equal(anew?.slot, 900, 'another state');
  t.equal(anew?.position.length, 0, 'from its beginning');
});

t.test('what was sent, each place once, buys a large state more time', async (t) => {
  const s = new Sending();
  let chunk = s.ask(2) as StateChunk;
  const places = [chunk];
  while (places.reduce((sum, { bytes }) => sum + bytes.length, 0) < 8 * limits.statePinBytesPerMs) {
    chunk = s.ask(2, chunk) as StateChunk;
    places.push(chunk);
  }
  for (const place of Array(20).fill(places.at(-2))) s.ask(2, place as StateChunk);
  s.nowMs = limits.snapshotPinMs - 1;
  s.ask(2, chunk);
  s.nowMs += 5;
  s.sender.tick();
  t.equal(s.pins, 1, 'eight kilobytes are worth some ms');
  s.nowMs += 10;
  s.sender.tick();
  t.equal(s.pins, 0, 'the same place twenty times is worth nothing more');
});

t.test('positions that are none, and a server without a checkpoint, are not answered', async (t) => {
  const s = new Sending();
  const first = s.ask(2) as StateChunk;
  for (const position of [
    Buffer.from([9]),
    Buffer.from([1, 2]),
    Buffer.alloc(9, 0xff),
    Buffer.from('0100000000000003e8', 'hex'),
  ]) {
    t.equal(s.ask(2, { ...first, next: position }), undefined);
    s.ask(2);
  }
  t.ok(s.sender.count <= 1);
  s.sender.end();
  t.equal(s.pins, 0);
});
