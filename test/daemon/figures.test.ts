/** What is counted on a message's way: from its arrival to its answer, from a slot's proposal to its being chosen. */
import t from 'tap';
import { BucketHistogram } from '../../src/base/index.js';
import type { Answer } from '../../src/chat/index.js';
import { DriverFigures } from '../../src/daemon/server/driver-figures.js';
import { LoopDelay } from '../../src/daemon/server/loop-delay.js';
import { Submissions } from '../../src/daemon/server/submissions.js';
import { encodeRun, type SessionId } from '../../src/wire/index.js';

const session: SessionId = { slot: 5, index: 0 };
const nonce = Buffer.alloc(16, 7);

function run(firstSeq: number, count: number): Buffer {
  const message = { kind: 'post' as const, room: '#a', text: 'x' };
  return encodeRun(
    { session, nonce, firstSeq, answeredBelow: 1 },
    Array.from({ length: count }, () => message),
  );
}

function answer(firstSeq: number, count: number, slot: number): Answer {
  return { session, firstSeq, slot, outcomes: [{ code: 'ok', count, n: firstSeq }] };
}

function timed() {
  const clock = { nowMs: 1_000, reads: 0 };
  const histogram = new BucketHistogram([0.01, 0.1, 1]);
  const subs = new Submissions<string>({
    submit: () => undefined,
    answered: () => undefined,
    ack: () => undefined,
    busy: () => undefined,
    lastSeq: () => 0,
    timing: {
      nowMs: () => {
        clock.reads++;
        return clock.nowMs;
      },
      histogram,
    },
  });
  return { clock, histogram, subs, handle: subs.open('c1', session, nonce, 64) };
}

t.test('each message counts, from the arrival of its batch to its answer', async (t) => {
  const { clock, histogram, subs, handle } = timed();
  subs.submit(handle, run(1, 3));
  subs.submit(handle, run(4, 1));
  subs.flush();
  t.equal(clock.reads, 1, 'one reading for the batch');
  clock.nowMs = 1_050;
  subs.submit(handle, run(5, 2));
  subs.flush();
  clock.nowMs = 1_055;
  subs.applied([answer(1, 3, 9), answer(4, 1, 9), answer(5, 2, 9)]);
  t.equal(clock.reads, 3, 'and one for the slot');
  t.same(histogram.counts, [2, 4, 0, 0], 'four waited 55 ms, two 5 ms');
  t.ok(Math.abs(histogram.sum - (4 * 0.055 + 2 * 0.005)) < 1e-9);
});

t.test('a run that is lost and submitted again waits from its first arrival on', async (t) => {
  const { clock, histogram, subs, handle } = timed();
  subs.submit(handle, run(1, 1));
  subs.flush();
  clock.nowMs = 1_300;
  subs.settled([1]);
  subs.flush();
  clock.nowMs = 1_500;
  subs.applied([answer(1, 1, 9)]);
  t.same(histogram.counts, [0, 0, 1, 0]);
  t.equal(histogram.sum, 0.5);
});

t.test('answered in parts: each message once', async (t) => {
  const { clock, histogram, subs, handle } = timed();
  subs.submit(handle, run(1, 4));
  subs.flush();
  clock.nowMs = 1_005;
  subs.applied([answer(1, 3, 9)]);
  clock.nowMs = 1_500;
  subs.applied([answer(4, 1, 10)]);
  t.same(histogram.counts, [3, 0, 1, 0]);
  subs.applied([answer(1, 4, 10)]);
  t.equal(histogram.count, 4);
});

t.test('other sessions cost no reading of the clock', async (t) => {
  const { clock, subs } = timed();
  subs.applied([{ ...answer(1, 1, 9), session: { slot: 77, index: 0 } }]);
  t.equal(clock.reads, 0);
});

t.test('a slot is timed from its proposal by this server', async (t) => {
  const figures = new DriverFigures();
  figures.chosen(7, 50);
  t.equal(figures.chosenSeconds.count, 0, 'proposed by another server');
  figures.proposed(8, 100);
  figures.proposed(9, 101);
  figures.chosen(8, 103);
  figures.chosen(8, 900);
  t.equal(figures.chosenSeconds.count, 1, 'once');
  t.ok(Math.abs(figures.chosenSeconds.sum - 0.003) < 1e-12);
  figures.standing(2, true, false);
  figures.standing(0, false, true);
  figures.chosen(9, 999);
  t.equal(figures.chosenSeconds.count, 1, 'what was proposed before the lead was lost is not counted');
  figures.proposed(2 ** 40 + 8, 0);
  figures.chosen(8, 1);
  t.equal(figures.chosenSeconds.count, 1, 'slots that share a place are told apart');
  figures.chosen(2 ** 40 + 8, 1);
  t.equal(figures.chosenSeconds.count, 2);
});

t.test('who leads: changes seen and elections won', async (t) => {
  const figures = new DriverFigures();
  const seen = (): number[] => [figures.leaderChanges, figures.wins];
  figures.standing(0, false, false);
  t.same(seen(), [0, 0]);
  figures.standing(2, false, false);
  figures.standing(2, false, false);
  t.same(seen(), [1, 0]);
  figures.standing(0, false, false);
  figures.standing(2, false, false);
  t.same(seen(), [1, 0], 'the same one again is no change');
  figures.standing(1, true, false);
  figures.standing(1, true, true);
  t.same(seen(), [2, 1]);
});

t.test('messages of a slot: what it decided, not what an earlier one had', async (t) => {
  const figures = new DriverFigures();
  figures.applied(9, [answer(1, 3, 9), answer(4, 5, 8)]);
  figures.applied(10, []);
  t.equal(figures.slotMessages.count, 1);
  t.equal(figures.slotMessages.sum, 3);
});

t.test("the event loop's delay is counted from the last firing, whatever is due", async (t) => {
  const delay = new LoopDelay(10, new BucketHistogram([0.0005, 0.01]));
  // Every firing a little late: by the grid of 10 ms the lateness would add up, and now and then nothing would be due.
  for (const ms of [1_000, 1_010.2, 1_020.4, 1_030.6]) delay.fired(ms);
  t.same(delay.seconds.counts, [3, 0, 0]);
  for (const ms of [1_045.6, 1_050, 1_260]) delay.fired(ms);
  t.same(delay.seconds.counts, [4, 1, 1], '5 ms late; early; 200 ms late');
});
