/**
 * Submissions: batches of a turn, resubmission without storms, answers in parts, windows, duplicates, closed
 * connections.
 */
import t from 'tap';
import type { Answer } from '../../src/chat/index.js';
import type { SubmissionHandle } from '../../src/daemon/server/session-queue.js';
import { type BusyReason, Submissions } from '../../src/daemon/server/submissions.js';
import { EntryReader, encodeRun, ITEM_RUN, readRunHeader, type SessionId, touchItem } from '../../src/wire/index.js';

const session: SessionId = { slot: 5, index: 0 };
const nonce = Buffer.alloc(16, 7);

interface Rig {
  readonly subs: Submissions<string>;
  readonly handle: SubmissionHandle<string>;
  /** Batches given to the driver: number and the firstSeq of each run. */
  readonly batches: { batch: number; runs: number[] }[];
  readonly answered: number[];
  readonly acks: string[];
  readonly busy: { to: string; fromSeq: number; reason: BusyReason }[];
  last: number;
}

function rig(options: { window?: number; bytesMax?: number; batchBytesMax?: number } = {}): Rig {
  const batches: Rig['batches'] = [];
  const answered: number[] = [];
  const acks: string[] = [];
  const busy: Rig['busy'] = [];
  const { window = 64, ...bounds } = options;
  const subs = new Submissions<string>({
    submit: (batch, bytes) => {
      const runs: number[] = [];
      const items = new EntryReader().resetBatch(bytes);
      while (items.next()) if (items.kind === ITEM_RUN) runs.push(readRunHeader(bytes, items.offset).firstSeq);
      batches.push({ batch, runs });
    },
    answered: (batch) => answered.push(batch),
    ack: (connection, answer) => acks.push(`${connection} ${answer.firstSeq}@${answer.slot}`),
    busy: (to, _session, fromSeq, reason) => busy.push({ to, fromSeq, reason }),
    lastSeq: () => made.last,
    ...bounds,
  });
  const made: Rig = { subs, handle: subs.open('c1', session, nonce, window), batches, answered, acks, busy, last: 0 };
  return made;
}

function run(firstSeq: number, count = 1, answeredBelow = 1, of = session): Buffer {
  const messages = Array.from({ length: count }, (_, at) => ({
    kind: 'post' as const,
    room: '#a',
    text: `m${firstSeq + at}`,
  }));
  return encodeRun({ session: of, nonce, firstSeq, answeredBelow }, messages);
}

function answer(firstSeq: number, count: number, slot: number): Answer {
  return { session, firstSeq, slot, outcomes: [{ code: 'ok', count, n: firstSeq }] };
}

t.test('the runs of one turn become one batch, and the bytes of a frame may be reused', async (t) => {
  const { subs, handle, batches } = rig();
  const frame = run(1, 2);
  t.equal(subs.submit(handle, frame), 'taken');
  frame.fill(0);
  t.equal(subs.submit(handle, run(3)), 'taken');
  t.same(batches, [], 'nothing before the end of the turn');
  subs.flush();
  subs.flush();
  t.same(batches, [{ batch: 1, runs: [1, 3] }]);
});

t.test('a batch is cut at its bound', async (t) => {
  const { subs, handle, batches } = rig({ batchBytesMax: 200 });
  for (const seq of [1, 2, 3, 4]) subs.submit(handle, run(seq));
  subs.flush();
  t.same(
    batches.map((batch) => batch.runs),
    [[1, 2, 3], [4]],
  );
});

t.test('answers reach the connection whichever server logged the run, and an answered batch is told', async (t) => {
  const { subs, handle, answered, acks } = rig();
  subs.submit(handle, run(1, 2));
  subs.submit(handle, run(3));
  subs.flush();
  subs.applied([answer(1, 2, 9)]);
  t.same(answered, []);
  subs.applied([answer(3, 1, 10)]);
  t.same(answered, [1]);
  t.same(acks, ['c1 1@9', 'c1 3@10']);
  t.equal(subs.bytes, 0);
  t.equal(handle.unanswered, 0);
});

t.test('a run that was applied in parts is answered in parts', async (t) => {
  const { subs, handle, answered } = rig();
  subs.submit(handle, run(1, 6));
  subs.flush();
  subs.applied([answer(1, 3, 7)]);
  t.equal(handle.unanswered, 6);
  subs.applied([answer(4, 3, 8)]);
  t.same(answered, [1]);
});

t.test('a lost batch is submitted again; what stands behind waits for it instead of going round', async (t) => {
  const made = rig();
  const { subs, handle, batches } = made;
  subs.submit(handle, run(1));
  subs.flush();
  subs.submit(handle, run(2));
  subs.flush();
  subs.settled([2]);
  subs.flush();
  t.equal(batches.length, 2, 'batch 2 was a gap; run 1 is still on its way');
  subs.settled([1]);
  subs.flush();
  t.same(batches[2], { batch: 3, runs: [1, 2] }, 'both, in order');
  subs.settled([1, 2]);
  subs.flush();
  t.equal(batches.length, 3, 'batches that hold nothing any more settle nothing');
  subs.applied([answer(1, 1, 4), answer(2, 1, 4)]);
  subs.settled([3]);
  subs.flush();
  t.equal(batches.length, 3);
});

t.test(
  'a run that overtook the one before it goes again once that is answered, without a word of the client',
  async (t) => {
    const made = rig();
    const { subs, handle, batches } = made;
    for (const seq of [1, 2]) {
      subs.submit(handle, run(seq));
      subs.flush();
    }
    // The frame with the first batch was lost and sent again: the second one came first and was a gap to the log.
    subs.settled([2]);
    subs.flush();
    t.equal(batches.length, 2, 'it waits for the first');
    made.last = 1;
    subs.applied([answer(1, 1, 9)]);
    subs.flush();
    t.same(batches[2], { batch: 3, runs: [2] });
    t.equal(subs.submit(handle, run(2)), 'duplicate', 'a resend of the client would have changed nothing');
  },
);

t.test('the same when the client has the first answer from another server', async (t) => {
  const made = rig();
  const { subs, handle, batches } = made;
  for (const seq of [1, 2]) {
    subs.submit(handle, run(seq));
    subs.flush();
  }
  subs.settled([2]);
  made.last = 1;
  subs.submit(handle, run(2, 1, 2));
  subs.flush();
  t.same(
    batches.slice(2).map(({ runs }) => runs),
    [[2]],
  );
});

t.test('a run lost again and again waits for the tick', async (t) => {
  const { subs, handle, batches } = rig();
  subs.submit(handle, run(1));
  subs.flush();
  for (let batch = 1; batch <= 10; batch++) {
    subs.settled([batch]);
    subs.flush();
  }
  t.equal(batches.length, 4, 'three quick retries');
  subs.tick(1000);
  subs.flush();
  t.equal(batches.length, 5);
});

t.test('a hole that only the client can fill is told to the client', async (t) => {
  const made = rig();
  const { subs, handle, batches, busy } = made;
  made.last = 3;
  subs.submit(handle, run(7));
  subs.flush();
  subs.settled([1]);
  subs.flush();
  t.same(busy, [{ to: 'c1', fromSeq: 4, reason: 'gap' }]);
  t.equal(batches.length, 1);
  t.equal(subs.bytes, 0);
});

t.test('resends: what is outstanding is recognised, a new cut takes no more of the window', async (t) => {
  const { subs, handle, batches } = rig({ window: 4 });
  t.equal(subs.submit(handle, run(1, 3)), 'taken');
  subs.flush();
  t.equal(subs.submit(handle, run(1, 3)), 'duplicate');
  t.equal(subs.submit(handle, run(2, 2)), 'duplicate');
  t.equal(subs.submit(handle, run(3, 2)), 'taken', 'seq 4 is new and fits the window');
  t.equal(handle.unanswered, 4);
  subs.flush();
  t.same(
    batches.map((batch) => batch.runs),
    [[1], [3]],
  );
});

t.test('bounds: window, total bytes and gaps are answered with busy', async (t) => {
  const { subs, handle, busy } = rig({ window: 2, bytesMax: 150 });
  t.equal(subs.submit(handle, run(1, 2)), 'taken');
  t.equal(subs.submit(handle, run(3)), 'window');
  t.equal(subs.submit(handle, run(9)), 'gap');
  const other = subs.open('c2', { slot: 6, index: 0 }, nonce, 64);
  t.equal(subs.submit(other, run(1, 9, 1, { slot: 6, index: 0 })), 'full');
  t.same(busy, [
    { to: 'c1', fromSeq: 3, reason: 'window' },
    { to: 'c1', fromSeq: 3, reason: 'gap' },
    { to: 'c2', fromSeq: 1, reason: 'full' },
  ]);
});

t.test('a run of another session or nonce is foreign', async (t) => {
  const { subs, handle } = rig();
  t.equal(subs.submit(handle, run(1, 1, 1, { slot: 5, index: 1 })), 'foreign');
  const forged = run(1);
  forged.fill(9, 12, 28);
  t.equal(subs.submit(handle, forged), 'foreign');
});

t.test('what the client says it knows is dropped', async (t) => {
  const { subs, handle, answered } = rig();
  subs.submit(handle, run(1, 2));
  subs.flush();
  subs.submit(handle, run(3, 1, 3));
  t.same(answered, [1]);
  t.equal(handle.unanswered, 1);
});

t.test('refused batches: clients hear busy from the first run on, items wait for the tick', async (t) => {
  const { subs, handle, busy, batches } = rig();
  subs.submit(handle, run(1));
  subs.item(touchItem([session]), () => true);
  subs.submit(handle, run(2));
  subs.flush();
  subs.refused([1]);
  t.same(
    busy.map(({ fromSeq }) => fromSeq),
    [1],
  );
  t.equal(handle.unanswered, 0);
  subs.tick(1000);
  subs.flush();
  t.same(batches[1], { batch: 2, runs: [] }, 'the item alone');
});

t.test('a refused run is taken again while one before it is on its way', async (t) => {
  const { subs, handle, busy, batches } = rig();
  for (const seq of [1, 2]) {
    subs.submit(handle, run(seq));
    subs.flush();
  }
  subs.refused([2]);
  t.same(
    busy.map(({ fromSeq }) => fromSeq),
    [2],
  );
  t.equal(subs.submit(handle, run(2)), 'taken');
  subs.flush();
  t.same(batches[2], { batch: 3, runs: [2] });
});

t.test('an item goes again until it is not pending any more', async (t) => {
  const { subs, batches } = rig();
  let pending = true;
  t.ok(subs.item(touchItem([session]), () => pending));
  subs.flush();
  subs.settled([1]);
  subs.flush();
  t.equal(batches.length, 2);
  pending = false;
  subs.settled([2]);
  subs.flush();
  t.equal(batches.length, 2);
  t.equal(subs.bytes, 0);
});

t.test('a closed connection: runs live on for a while, a new connection takes them over', async (t) => {
  const { subs, handle, batches, acks } = rig();
  subs.submit(handle, run(1));
  subs.flush();
  subs.close(handle, 'c1', 0);
  subs.settled([1]);
  subs.flush();
  t.equal(batches.length, 2, 'still submitted again');
  const again = subs.open('c2', session, nonce, 64);
  t.equal(subs.submit(again, run(1)), 'duplicate');
  subs.close(handle, 'c1', 5);
  subs.applied([answer(1, 1, 3)]);
  t.same(acks, ['c2 1@3'], 'the late end of the old connection changes nothing');
  subs.submit(again, run(2));
  subs.flush();
  subs.close(again, 'c2', 10_000);
  subs.tick(10_001);
  t.not(subs.bytes, 0);
  subs.tick(30_000);
  t.equal(subs.bytes, 0, 'given up: its client is elsewhere');
  t.equal(subs.outstanding, 0);
});
