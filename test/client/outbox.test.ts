/** The outbox against a naive twin: any order of posting, sending, answering, rewinding; and its speed. */
import fc from 'fast-check';
import t from 'tap';
import { type FinalCode, type Line, Outbox } from '../../src/client/outbox.js';
import { checkRun, type Outcome, RunReader } from '../../src/wire/index.js';

const SESSION = { slot: 5, index: 1 };
const NONCE = new Uint8Array(16).fill(3);
const ROOM = Buffer.from('#lobby');
const givenUp = { UNKNOWN: 'it was sent', NOT_SENT: 'it was not' };

function make(linesMax = 1_000_000) {
  const log: string[] = [];
  const finals: [number, FinalCode, number, number][] = [];
  const reasons: string[] = [];
  const outbox = new Outbox(
    {
      onSending: (line: Line, seq: number) => log.push(`${line.id}@${seq}`),
      onAnswered: (line, code, slot, n) => finals.push([line.id, code, slot, n]),
      onGivenUp: (line, code, reason) => finals.push([line.id, code, 0, 0]) && reasons.push(`${line.id}: ${reason}`),
      onUnconfirmed: (line) => log.push(`?${line.id}`),
    },
    linesMax,
    1 << 30,
  );
  outbox.begin(0);
  return { outbox, log, finals, reasons };
}

function read(run: Uint8Array): { firstSeq: number; answeredBelow: number; texts: string[] } {
  checkRun(run);
  const reader = new RunReader().reset(run);
  const { firstSeq, answeredBelow } = reader;
  const texts: string[] = [];
  while (reader.next())
    texts.push(Buffer.from(run.subarray(reader.textOffset, reader.textOffset + reader.textLength)).toString());
  return { firstSeq, answeredBelow, texts };
}

t.test('a run carries the header, the seqs and the bytes that the wire reads back', async (t) => {
  const { outbox, log } = make();
  outbox.push(1, 'post', '#lobby', ROOM, 'grüße 👋');
  outbox.push(2, 'post', '#lobby', ROOM, Buffer.from('bytes'));
  const run = outbox.takeRun(SESSION, NONCE, 64, 0);
  t.same(read(run!), { firstSeq: 1, answeredBelow: 1, texts: ['grüße 👋', 'bytes'] });
  t.same(log, ['1@1', '2@2']);
  t.equal(outbox.takeRun(SESSION, NONCE, 64, 0), undefined);
});

t.test('answers may come in any pieces, twice, and out of order; ends are told once', async (t) => {
  const { outbox, finals } = make();
  for (let id = 1; id <= 4; id++) outbox.push(id, 'post', '#lobby', ROOM, `t${id}`);
  outbox.takeRun(SESSION, NONCE, 64, 0);
  const ok = (count: number, n: number): Outcome => ({ code: 'ok', count, n });
  t.equal(outbox.ack(3, 9, [ok(2, 30)]), 'taken');
  t.equal(outbox.headSeq, 1, 'seqs 1 and 2 still lack their answers');
  t.equal(outbox.ack(3, 9, [ok(2, 30)]), 'taken');
  t.equal(outbox.ack(1, 10, [{ code: 'BAD_TEXT', count: 1, n: 0 }, ok(1, 29)]), 'taken');
  t.same(finals, [
    [3, 'ok', 9, 30],
    [4, 'ok', 9, 31],
    [1, 'BAD_TEXT', 0, 0],
    [2, 'ok', 10, 29],
  ]);
  t.equal(outbox.headSeq, 5);
  t.equal(outbox.open, 0);
  t.equal(outbox.ack(5, 11, [ok(1, 32)]), 'foreign', 'never sent');
  t.equal(outbox.ack(1, 11, [ok(4, 32)]), 'taken', 'a late copy changes nothing');
});

t.test('a run stays below its bound, whatever the lines', async (t) => {
  const { outbox } = make();
  const long = 'x'.repeat(8_192);
  for (let id = 1; id <= 100; id++) outbox.push(id, 'post', '#lobby', ROOM, long);
  const sizes: number[] = [];
  for (;;) {
    const run = outbox.takeRun(SESSION, NONCE, 4_096, 0);
    if (run === undefined) break;
    checkRun(run);
    sizes.push(read(run).texts.length);
  }
  t.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    100,
  );
  t.ok(sizes.length > 1);
});

t.test('unconfirmed is due per line, exactly, and once', async (t) => {
  const { outbox, log } = make();
  outbox.push(1, 'post', '#lobby', ROOM, 'a');
  outbox.takeRun(SESSION, NONCE, 64, 100);
  outbox.push(2, 'post', '#lobby', ROOM, 'b');
  outbox.takeRun(SESSION, NONCE, 64, 150);
  t.equal(outbox.unconfirmedAtMs(10_000), 10_100);
  outbox.sweepUnconfirmed(10_099, 10_000);
  outbox.sweepUnconfirmed(10_100, 10_000);
  outbox.rewind();
  outbox.takeRun(SESSION, NONCE, 64, 10_120);
  t.equal(outbox.unconfirmedAtMs(10_000), 10_150, 'a resend does not start the time anew');
  outbox.sweepUnconfirmed(10_150, 10_000);
  t.same(log, ['1@1', '2@2', '?1', '?2']);
  t.equal(outbox.unconfirmedAtMs(10_000), undefined);
});

t.test('given up: each line is told the reason of its own fate, an answered one nothing', async (t) => {
  const { outbox, finals, reasons } = make();
  for (let id = 1; id <= 4; id++) outbox.push(id, 'post', '#lobby', ROOM, `t${id}`);
  outbox.takeRun(SESSION, NONCE, 3, 0);
  outbox.ack(2, 9, [{ code: 'ok', count: 1, n: 1 }]);
  t.equal(outbox.unanswered, 2);
  outbox.giveUp(givenUp);
  t.same(finals.slice(1), [
    [1, 'UNKNOWN', 0, 0],
    [3, 'UNKNOWN', 0, 0],
    [4, 'NOT_SENT', 0, 0],
  ]);
  t.same(reasons, ['1: it was sent', '3: it was sent', '4: it was not']);
});

type Step =
  | { readonly kind: 'post'; readonly count: number }
  | { readonly kind: 'send' | 'rewind' | 'expire' | 'give up' }
  | { readonly kind: 'busy' | 'ack'; readonly at: number; readonly count: number }
  | { readonly kind: 'cancel'; readonly at: number };

t.test('property: seqs are dense, order is kept, each line ends once, resends repeat the same bytes', async (t) => {
  const seed = Number(process.env.SEED ?? 7);
  t.comment(`fast-check seed ${seed}`);
  const count = fc.integer({ min: 1, max: 9 });
  const at = fc.double({ min: 0, max: 1, noNaN: true });
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ kind: fc.constant('post' as const), count }),
    fc.record({ kind: fc.constantFrom('send' as const, 'send' as const, 'rewind' as const, 'expire' as const) }),
    fc.record({ kind: fc.constantFrom('send' as const, 'rewind' as const, 'give up' as const) }),
    fc.record({ kind: fc.constantFrom('busy' as const, 'ack' as const, 'ack' as const), at, count }),
    fc.record({ kind: fc.constant('cancel' as const), at }),
  );
  let runs = 0;
  let cancelled = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), fc.integer({ min: 1, max: 12 }), (steps, window) => {
      const { outbox, finals } = make();
      let posted = 0;
      /** What each seq of the present session carried when it was first sent. */
      let sent = new Map<number, string>();
      const taken = new Set<number>();
      for (const s of steps) {
        switch (s.kind) {
          case 'post':
            for (let i = 0; i < s.count; i++) outbox.push(++posted, 'post', '#lobby', ROOM, `line ${posted}`);
            break;
          case 'send': {
            const run = outbox.takeRun(SESSION, NONCE, window, 0);
            if (run === undefined) break;
            runs++;
            const { firstSeq, answeredBelow, texts } = read(run);
            if (answeredBelow !== outbox.headSeq || firstSeq < answeredBelow) throw new Error('answeredBelow');
            if (firstSeq + texts.length - answeredBelow > window) throw new Error('window');
            texts.forEach((text, i) => {
              const known = sent.get(firstSeq + i);
              if (known !== undefined && known !== text)
                throw new Error(`seq ${firstSeq + i} was ${known}, is ${text}`);
              if (known === undefined && sent.size !== firstSeq + i - 1) throw new Error('a seq was skipped');
              sent.set(firstSeq + i, text);
            });
            break;
          }
          case 'rewind':
            outbox.rewind();
            break;
          case 'busy':
            outbox.rewindTo(outbox.headSeq + Math.floor(s.at * window));
            break;
          case 'ack': {
            const firstSeq = 1 + Math.floor(s.at * sent.size);
            const upto = Math.min(sent.size, firstSeq + s.count - 1);
            if (upto < firstSeq) break;
            if (outbox.ack(firstSeq, 3, [{ code: 'ok', count: upto - firstSeq + 1, n: firstSeq }]) !== 'taken')
              throw new Error('ack');
            break;
          }
          case 'cancel': {
            const id = 1 + Math.floor(s.at * posted);
            const wasSent = [...sent.values()].includes(`line ${id}`) || finals.some(([ended]) => ended === id);
            const line = outbox.cancel(id);
            if (line === undefined) break;
            if (wasSent || line.id !== id) throw new Error(`line ${id} was taken back although it was sent`);
            taken.add(id);
            cancelled++;
            break;
          }
          case 'expire':
            outbox.expire('gone');
            outbox.begin(0);
            sent = new Map();
            break;
          case 'give up':
            outbox.giveUp(givenUp);
            if (outbox.open !== 0 || outbox.queued !== 0) throw new Error('a line was left behind');
            outbox.begin(0);
            sent = new Map();
            break;
        }
        for (const id of taken) if ([...sent.values()].includes(`line ${id}`)) throw new Error(`line ${id} was sent`);
        const ended = finals.length + outbox.open + taken.size;
        if (ended !== posted) throw new Error(`${posted} posted, ${ended} accounted for`);
      }
      outbox.giveUp(givenUp);
      const ids = [...finals.map(([id]) => id), ...taken].sort((a, b) => a - b);
      if (ids.length !== posted || ids.some((id, i) => id !== i + 1)) throw new Error('a line ended twice or never');
    }),
    { seed, numRuns: 400 },
  );
  t.ok(runs > 1_000, `${runs} runs sent`);
  t.ok(cancelled > 100, `${cancelled} lines taken back`);
});

t.test('a line that waits can be taken back, one that was submitted can not', async (t) => {
  const { outbox } = make();
  for (let id = 1; id <= 3; id++) outbox.push(id, 'post', '#lobby', ROOM, `t${id}`);
  outbox.takeRun(SESSION, NONCE, 1, 0);
  t.equal(outbox.cancel(1), undefined, 'it is on its way');
  t.equal(outbox.cancel(2)?.id, 2);
  t.equal(outbox.cancel(2), undefined, 'it is gone');
  t.equal(outbox.open, 2);
  outbox.ack(1, 9, [{ code: 'ok', count: 1, n: 1 }]);
  t.same(read(outbox.takeRun(SESSION, NONCE, 64, 0) as Buffer).texts, ['t3']);
});

t.test('full: refuses, and takes again once there is room', async (t) => {
  const { outbox } = make(2);
  t.ok(outbox.push(1, 'post', '#lobby', ROOM, 'a'));
  t.ok(outbox.push(2, 'post', '#lobby', ROOM, 'b'));
  t.notOk(outbox.push(3, 'post', '#lobby', ROOM, 'c'));
  outbox.takeRun(SESSION, NONCE, 64, 0);
  outbox.ack(1, 1, [{ code: 'ok', count: 1, n: 1 }]);
  t.ok(outbox.push(4, 'post', '#lobby', ROOM, 'd'));
});
