/** Frames in a stream that is cut anywhere: the same ones come out, with everything that rules do to some of them. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { damaged } from '../../../src/proxy/engine/damage.js';
import { readRule } from '../../../src/proxy/plan/rule.js';
import { RuleBook } from '../../../src/proxy/plan/rule-book.js';
import { encode } from '../../../src/wire/index.js';
import { repeatable } from '../../support/repeatable.js';
import { readProtocol } from '../../wire/layout.js';
import { loadVectors } from '../../wire/vectors.js';
import { accept, commit } from '../framed-pair.js';
import { byteByByte, cutAt, framesOf, hello, PipeBench } from './pipe-bench.js';

/** Every kind of frame that there is, as recorded, behind the hello of server 1. */
const frames = [hello, ...loadVectors(readProtocol()).map(({ frame }) => frame)];
const stream = Buffer.concat(frames);

const rules = [
  { match: { kinds: 'accept', every: 2 }, do: 'drop' },
  { match: { classes: 'c' }, do: { type: 'duplicate', copies: 2 } },
  { match: { classes: 'g' }, do: { type: 'delay', time: 10 } },
  { match: { kinds: ['heartbeat', 'submit'] }, do: 'corrupt' },
  { match: { kinds: 'nack' }, do: { type: 'reorder', frames: 2, within: '1h' } },
  {
    match: { kinds: ['ping', 'promise'], probability: 0.5 },
    do: { type: 'delay', distribution: 'uniform', least: 20, most: 90 },
  },
].map((rule, place) => readRule(rule, `r${place}`));

/** The twin: each frame is judged on its own, and what is late is sorted. */
function twin(): Buffer[] {
  const book = new RuleBook(1);
  book.set(rules, 0);
  const out: Buffer[] = [];
  const late: { readonly frame: Buffer; readonly afterMs: number }[] = [];
  for (const frame of frames) {
    const fate = book.link(1, 2).judge(frame[9] as number, frame.length, 0);
    if (fate?.dropped === true) continue;
    const bytes = fate?.damage === undefined ? frame : Buffer.from(damaged(frame, fate.damage));
    if (fate !== undefined && (fate.holds.length > 0 || fate.behind.length > 0))
      late.push({ frame: bytes, afterMs: fate.delayMs });
    else for (let copy = 0; copy <= (fate?.copies ?? 0); copy++) out.push(bytes);
  }
  // Two frames have passed what waited for that: it leaves first.
  return [...out, ...late.toSorted((a, b) => a.afterMs - b.afterMs).map(({ frame }) => frame)];
}

const expected = Buffer.concat(twin());

/** What comes out of these chunks, which arrive at one moment. */
function through(chunks: readonly Buffer[], isTraced = false): { readonly bench: PipeBench; readonly out: Buffer } {
  const bench = new PipeBench();
  bench.faults.setRules(rules);
  if (isTraced) bench.faults.hub.listen(['trace'], () => undefined);
  bench.feed(...chunks);
  bench.clock.advance(100);
  bench.end();
  return { bench, out: bench.out };
}

t.test('the twin and the rules do what this test is about', async (t) => {
  const lost = stream.length - expected.length;
  t.not(lost, 0);
  t.ok(new Set(frames.map((frame) => frame[9])).size > 45, 'all kinds are there');
  const { bench, out } = through([stream]);
  t.ok(out.equals(expected), 'in one chunk');
  for (const outcome of ['dropped', 'duplicated', 'delayed', 'corrupted', 'reordered'] as const) {
    t.ok(bench.link.counts.total(outcome) > 0, `${outcome}: ${bench.link.counts.total(outcome)}`);
  }
  t.equal(bench.link.counts.totalFrames, frames.length);
  t.equal(bench.link.counts.bytes, stream.length);
  t.same(bench.traffic, { received: stream.length, sent: expected.length });
  t.same(bench.foreign, []);
});

t.test('cut at every byte', async (t) => {
  for (let place = 1; place < stream.length; place++) {
    if (!through(cutAt(stream, [place])).out.equals(expected)) t.fail(`cut at byte ${place} of ${stream.length}`);
  }
  t.pass(`${stream.length - 1} places`);
});

t.test('byte by byte, frame by frame, and with a trace that looks at each frame', async (t) => {
  t.ok(through(byteByByte(stream)).out.equals(expected));
  t.ok(through(frames).out.equals(expected));
  for (const chunks of [[stream], byteByByte(stream), frames]) {
    const { bench, out } = through(chunks, true);
    t.ok(out.equals(expected));
    t.equal(bench.link.counts.totalFrames, frames.length);
  }
});

const places = fc.array(fc.nat(stream.length), { maxLength: 40 });

t.test('in random chunks', async (t) => {
  fc.assert(
    fc.property(places, fc.boolean(), (at, isTraced) => {
      assert.ok(through(cutAt(stream, at), isTraced).out.equals(expected));
    }),
    { ...repeatable, numRuns: 300 },
  );
  t.pass('property held');
});

t.test('without rules the bytes are what they were, and long frames pass while they arrive', async (t) => {
  fc.assert(
    fc.property(places, (at) => {
      const bench = new PipeBench();
      bench.feed(...cutAt(stream, at));
      assert.ok(bench.out.equals(stream));
      assert.equal(bench.link.counts.totalFrames, frames.length);
      assert.equal(bench.link.counts.bytes, stream.length);
    }),
    repeatable,
  );
  const bench = new PipeBench();
  const long = encode(accept(1, 400_000));
  bench.feed(hello, long.subarray(0, 300_000));
  t.equal(bench.out.length, hello.length + 300_000, 'before it is whole');
  bench.rule('slow', { match: { kinds: 'accept' }, do: { type: 'delay', time: 5 } });
  bench.feed(long.subarray(300_000), encode(accept(2)));
  t.ok(bench.out.equals(Buffer.concat([hello, long])), 'a rule that is set meanwhile begins with the next frame');
  bench.clock.advance(5);
  t.same(framesOf(bench.out), framesOf(Buffer.concat([hello, long, encode(accept(2))])));
});

const slow = fc.constantFrom<unknown>(
  'clog',
  { type: 'delay', time: 3 },
  { type: 'delay', distribution: 'uniform', least: 0, most: 20 },
  { type: 'reorder', frames: 3, within: 10 },
  { type: 'throttle', bytesPerSecond: 1_000_000 },
);
const change = fc.record({
  id: fc.constantFrom('a', 'b'),
  rule: fc.option(fc.tuple(fc.constantFrom('accept', 'commit'), slow), { nil: undefined }),
  isTraced: fc.boolean(),
  passMs: fc.constantFrom(0, 0, 1, 5, 30),
});

t.test(
  'rules and traces come and go between any two chunks: no frame falls into another, each comes once',
  async (t) => {
    const sizes = fc.array(fc.oneof(fc.nat(100), fc.integer({ min: 1_000, max: 20_000 })), {
      minLength: 1,
      maxLength: 25,
    });
    const cuts = fc.array(fc.tuple(fc.nat(1_000_000), change), { maxLength: 30 });
    fc.assert(
      fc.property(sizes, cuts, (bytesOf, changes) => {
        const sent = bytesOf.map((size, at) => encode(size % 3 === 0 ? commit(at + 1) : accept(at + 1, size)));
        const whole = Buffer.concat(sent);
        const bench = new PipeBench();
        bench.feed(hello);
        let at = 0;
        let endTrace: (() => void) | undefined;
        for (const [share, { id, rule, isTraced, passMs }] of changes.toSorted((a, b) => a[0] - b[0])) {
          const place = Math.floor((share / 1_000_000) * whole.length);
          bench.feed(whole.subarray(at, place));
          at = place;
          if (rule === undefined) bench.faults.removeRules([id]);
          else bench.rule(id, { match: { kinds: rule[0] }, do: rule[1] });
          endTrace?.();
          endTrace = isTraced ? bench.faults.hub.listen(['trace'], () => undefined) : undefined;
          bench.clock.advance(passMs);
        }
        bench.feed(whole.subarray(at));
        bench.faults.heal();
        bench.clock.advance(100);
        assert.deepEqual(bench.foreign, []);
        assert.deepEqual(framesOf(bench.out).slice(1).toSorted(), framesOf(whole).toSorted());
      }),
      { ...repeatable, numRuns: 300 },
    );
    t.pass('property held');
  },
);
