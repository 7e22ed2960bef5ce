/** The checker is checked: good histories pass, planted wrongs are named, a stupid twin gives the same verdict. */
import fc from 'fast-check';
import t from 'tap';
import { Prng } from '../../src/base/prng.js';
import { cpuMs } from '../support/cpu-time.js';
import { checkHistory, describeVerdict, type History } from './history.js';
import { makeGoodHistory, type Plant, plant, plantable, smallShape } from './make-history.js';
import { naiveIsGood } from './naive.js';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const empty: History = { servers: [], streams: [], sends: [], reads: [] };

void t.test(`good histories pass, seed ${seed}`, async (t) => {
  for (let i = 0; i < 200; i++) {
    const history = makeGoodHistory(new Prng(seed + i), smallShape);
    const verdict = checkHistory(history);
    if (!verdict.ok) t.fail(`seed ${seed + i}: ${describeVerdict(verdict)}`);
    t.equal(verdict.length, history.servers[0]?.entries.length);
  }
  t.ok(checkHistory(empty).ok, 'nothing at all is a good history');
});

for (const what of Object.keys(plantable) as Plant[]) {
  void t.test(`a planted ${what} is found, seed ${seed}`, async (t) => {
    let planted = 0;
    for (let i = 0; i < 100; i++) {
      const random = new Prng(seed + i);
      const bad = plant(makeGoodHistory(random, smallShape), what, random);
      if (bad === undefined) continue;
      planted += 1;
      const verdict = checkHistory(bad);
      const kinds = verdict.violations.map((violation) => violation.kind);
      const expected: readonly string[] = plantable[what];
      if (!kinds.some((kind) => expected.includes(kind))) {
        t.fail(`seed ${seed + i}: wanted one of ${expected}, got ${describeVerdict(verdict)}`);
      }
    }
    t.ok(planted >= 50, `${planted} of 100 histories had a place for it`);
  });
}

void t.test('the linear checker and its quadratic twin agree on tampered histories', async (t) => {
  let good = 0;
  let bad = 0;
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: 0, max: 3 }), (historySeed, wrongs) => {
      const random = new Prng(historySeed);
      const shape = { clients: 3, sends: 12, servers: 2, reads: 3, refusedPercent: 10, unknownPercent: 15 };
      let history = makeGoodHistory(random, shape);
      for (let i = 0; i < wrongs; i++) history = tamper(history, random);
      const verdict = checkHistory(history);
      if (verdict.ok) good += 1;
      else bad += 1;
      const twin = naiveIsGood(history);
      if (verdict.ok !== twin) throw new Error(`twin says ${twin}, checker: ${describeVerdict(verdict)}`);
    }),
    { seed, numRuns: 3000 },
  );
  t.ok(good > 300 && bad > 300, `${good} good and ${bad} bad ones, seed ${seed}`);
});

void t.test('the wrongs that need a scripted case', async (t) => {
  const send = (seq: number, invokeMs: number, ackMs: number, position: number) => ({
    session: 's',
    seq,
    author: 'a',
    text: `m${seq}`,
    invokeMs,
    outcome: 'ok' as const,
    ackMs,
    position,
    slot: position + 10,
  });
  const entry = (n: number) => ({ position: n, slot: n + 10, author: 'a', text: `m${n}` });
  const server = { server: '1', entries: [entry(1), entry(2), entry(3)] };
  const sends = [send(1, 0, 5, 1), send(2, 1, 6, 2), send(3, 2, 7, 3)];
  const base: History = { servers: [server], streams: [], sends, reads: [] };
  t.ok(checkHistory(base).ok);

  const kinds = (history: History): string[] => checkHistory(history).violations.map((violation) => violation.kind);
  const read = (invokeMs: number, length: number) => ({ client: 'r', invokeMs, returnMs: invokeMs + 1, length });
  t.same(kinds({ ...base, reads: [read(6, 1)] }), [], 'message 2 was known at 6 ms, not before');
  t.same(kinds({ ...base, reads: [read(6.5, 1)] }), ['stale-read']);
  t.same(kinds({ ...base, reads: [read(8, 4)] }), ['invented'], 'a read of more than there is');

  const skipped = [
    send(1, 0, 5, 1),
    { ...send(2, 1, 6, 2), outcome: 'unknown' as const, position: 0 },
    send(3, 2, 7, 2),
  ];
  const two = [entry(1), { ...entry(3), position: 2, slot: 12 }];
  const skip: History = {
    ...base,
    sends: [...skipped.slice(0, 2), { ...send(3, 2, 7, 2), slot: 12 }],
    servers: [{ server: '1', entries: two }],
  };
  t.same(kinds(skip), ['session-order'], 'seq 3 applied without seq 2');
  t.same(kinds({ ...base, servers: [{ server: '1', entries: [entry(1), entry(3)] }] }), [
    'hole',
    'session-order',
    'lost',
    'stream-gap',
  ]);
  const early = { client: 'e', from: 1, reachesEnd: false, deliveries: [{ ...entry(1), atMs: -1 }] };
  t.same(kinds({ ...base, streams: [early] }), ['future']);
  const behind = { client: 'e', from: 4, reachesEnd: true, deliveries: [] };
  t.same(kinds({ ...base, streams: [behind] }), [], 'a stream that begins behind the end has nothing to show');
  t.same(kinds({ ...base, streams: [{ ...behind, from: 3 }] }), ['stream-short']);
  t.match(describeVerdict(checkHistory({ ...base, streams: [early] })), /future: position 1 was known at -1 ms/);
});

void t.test('100,000 operations are checked in well under a second', async (t) => {
  const shape = { clients: 4, sends: 28_000, servers: 1, reads: 100, refusedPercent: 1, unknownPercent: 1 };
  const history = makeGoodHistory(new Prng(1), shape);
  const before = cpuMs();
  const verdict = checkHistory(history);
  const tookMs = cpuMs() - before;
  t.ok(verdict.ok, describeVerdict(verdict));
  const operations = history.sends.length + history.streams.reduce((sum, stream) => sum + stream.deliveries.length, 0);
  t.ok(operations >= 95_000);
  // The goal is 200 ms; the bound only catches a step that is no longer linear, on any machine however slow.
  t.ok(tookMs < 1000, `${operations} sends and deliveries in ${tookMs.toFixed(0)} ms`);
});

/** Changes one thing at random, without caring whether the result is still good. */
function tamper(history: History, random: Prng): History {
  const near = (value: number): number => value + random.between(-2, 2);
  const at = <T>(items: readonly T[], change: (item: T) => T): T[] => {
    if (items.length === 0) return [];
    const chosen = random.below(items.length);
    return items.map((item, index) => (index === chosen ? change(item) : item));
  };
  switch (random.below(9)) {
    case 0:
      return { ...history, sends: at(history.sends, (send) => ({ ...send, invokeMs: near(send.invokeMs) })) };
    case 1:
      return {
        ...history,
        sends: at(history.sends, (send) => ({ ...send, ackMs: send.ackMs + random.between(-40, 5) })),
      };
    case 2:
      return { ...history, reads: at(history.reads, (read) => ({ ...read, length: Math.max(0, near(read.length)) })) };
    case 3:
      return {
        ...history,
        sends: at(history.sends, (send) => ({ ...send, outcome: random.pick(['no', 'unknown'] as const) })),
      };
    case 4:
      return { ...history, sends: at(history.sends, (send) => ({ ...send, seq: Math.max(1, near(send.seq)) })) };
    case 5:
      return {
        ...history,
        streams: at(history.streams, (s) => ({ ...s, from: s.from === undefined ? 1 : Math.max(1, near(s.from)) })),
      };
    case 6:
      return {
        ...history,
        streams: at(history.streams, (s) => ({ ...s, deliveries: s.deliveries.slice(random.below(2)) })),
      };
    case 7:
      return {
        ...history,
        servers: at(history.servers, (log) => ({
          ...log,
          entries: log.entries.slice(0, log.entries.length - random.below(2)),
        })),
      };
    default:
      return { ...history, sends: history.sends.filter((_, index) => index !== 0) };
  }
}
