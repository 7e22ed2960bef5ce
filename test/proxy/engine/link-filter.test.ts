/** The engine inside a server: what `--mode` does to its links with other servers, both directions. */
import t from 'tap';
import { type Logger, silentLogger } from '../../../src/base/index.js';
import { type FilteredLink, LinkFilter } from '../../../src/proxy/engine/link-filter.js';
import { PlanError } from '../../../src/proxy/plan/errors.js';
import { encode, type Message, registry } from '../../../src/wire/index.js';
import { FakeClock } from '../../support/fake-clock.js';
import { accept, ballot, commit } from '../framed-pair.js';

class Bench {
  readonly clock = new FakeClock();
  readonly warnings: unknown[] = [];
  readonly filter: LinkFilter;

  /** Server 1 with this mode. */
  constructor(mode: string) {
    const logger: Logger = { ...silentLogger, warn: (event, fields) => this.warnings.push({ event, ...fields }) };
    this.filter = new LinkFilter(this.clock, logger, 1, mode);
  }

  /** Both directions of a link with a peer; what they deliver later is noted, what passes is noted at once. */
  link(peer: number) {
    const delivered: string[] = [];
    const deliver = (frame: Uint8Array) => delivered.push(Buffer.from(frame).toString('hex'));
    const send = (link: FilteredLink) => (message: Message) => {
      // As a server does it: the memory of a frame is its own again when the call returns.
      const frame = Buffer.from(encode(message));
      const passes = link.passes(registry[message.type].code, frame);
      frame.fill(0);
      return passes;
    };
    const out = this.filter.to(peer, deliver);
    const incoming = this.filter.from(peer, deliver);
    return { delivered, out, incoming, send: send(out), take: send(incoming) };
  }
}

const hex = (message: Message): string => encode(message).toString('hex');
const prepare: Message = { type: 'prepare', ballot, commit: 0 };
const nack: Message = { type: 'nack', refused: ballot, promised: ballot };

t.test('frames of a letter come later, both directions; the others pass at once', async (t) => {
  const bench = new Bench('a:5::p:1');
  const { delivered, send, take } = bench.link(2);
  t.notOk(send(accept(1)));
  t.ok(send(commit(1)));
  t.ok(send(nack));
  t.notOk(take(prepare));
  t.ok(take({ type: 'heartbeat', round: 1 }));
  bench.clock.advance(999);
  t.same(delivered, []);
  bench.clock.advance(1);
  t.same(delivered, [hex(prepare)]);
  t.notOk(send(accept(2)));
  bench.clock.advance(3_999);
  t.equal(delivered.length, 1);
  bench.clock.advance(1);
  t.same(delivered, [prepare, accept(1)].map(hex));
  bench.clock.advance(1_000);
  t.same(delivered, [prepare, accept(1), accept(2)].map(hex), 'byte for byte as they were given');
});

t.test('d drops everything, heartbeats too, and nothing of it comes later', async (t) => {
  const bench = new Bench('d:3');
  const { delivered, send, take } = bench.link(3);
  for (const message of [accept(1), nack, commit(1), { type: 'heartbeat', round: 1 } as const]) {
    t.notOk(send(message));
    t.notOk(take(message));
  }
  bench.clock.advance(1_000_000);
  t.same(delivered, []);
});

t.test('links are apart: what is held of one is lost when it closes, and only that', async (t) => {
  const bench = new Bench('a:1');
  const two = bench.link(2);
  const three = bench.link(3);
  two.send(accept(2));
  two.take(accept(20));
  three.send(accept(3));
  two.out.close();
  bench.clock.advance(1_000);
  t.same(two.delivered, [hex(accept(20))]);
  t.same(three.delivered, [hex(accept(3))]);
  three.send(accept(4));
  bench.filter.stop();
  bench.clock.advance(10_000);
  t.equal(three.delivered.length, 1, 'nothing comes from a filter that was stopped');
  t.equal(bench.clock.timers, 0);
});

t.test('a direction holds so much at most; beyond it frames are lost, and that is said once', async (t) => {
  const bench = new Bench('a:60');
  const { delivered, send } = bench.link(2);
  // The same memory for each: what is held is a copy.
  const big = accept(1, 500_000);
  for (let i = 0; i < 200; i++) send(big);
  bench.clock.advance(60_000);
  const bytes = delivered.length * encode(big).length;
  t.ok(bytes > 60e6 && bytes <= 64 << 20, `${bytes} bytes were held`);
  t.match(bench.warnings, [{ event: 'link-full', text: /further frames are lost; shorten the delay/, link: '1>2' }]);
  t.equal(bench.warnings.length, 1);
  t.notOk(send(accept(2)), 'there is room again');
  bench.clock.advance(60_000);
  t.equal(delivered.at(-1), hex(accept(2)));
});

t.test('a mode that is none', async (t) => {
  t.throws(() => new Bench('x:1'), PlanError);
  const { send, take } = new Bench('').link(2);
  t.ok(send(accept(1)) && take(prepare), 'and one without items does nothing');
});
