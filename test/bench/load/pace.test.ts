/**
 * Closed and open loops against a cluster that is made of a clock: what counts from when, and what is never skipped.
 */
import t from 'tap';
import { Prng } from '../../../src/base/index.js';
import { closedPace, OpenPace, Pacer } from '../../../src/bench/load/pace.js';
import { Sender } from '../../../src/bench/load/sender.js';
import { Tally } from '../../../src/bench/load/tally.js';
import { Histogram } from '../../../src/bench/plan/histogram.js';
import { schedules } from '../../../src/bench/plan/schedule.js';
import type { ChatClient, OnOutcome } from '../../../src/client/index.js';
import { FakeClock } from '../../support/fake-clock.js';

/** A client whose lines wait until they are answered, in order. */
class WaitingClient {
  readonly sent: { readonly id: number; readonly room: string; readonly bytes: number; readonly end: OnOutcome }[] = [];
  #lastId = 1;
  refuses = false;

  post(room: string, text: Uint8Array, end: OnOutcome): number {
    const id = ++this.#lastId;
    if (this.refuses) end('NOT_SENT', 0, 0, id);
    else this.sent.push({ id, room, bytes: text.length, end });
    return id;
  }

  answer(count = 1, code: Parameters<OnOutcome>[0] = 'ok'): void {
    for (const { id, end } of this.sent.splice(0, count)) end(code, code === 'ok' ? id : 0, 1, id);
  }
}

function world(inFlight: number, perSecond?: number) {
  const clock = new FakeClock();
  const tally = new Tally();
  const client = new WaitingClient();
  const punctuality = { late: 0, lag: new Histogram() };
  const [schedule] = schedules('uniform', { clients: 1, perSecond: perSecond ?? 1 }, new Prng(1));
  if (schedule === undefined) throw new Error('no schedule');
  const pace = new OpenPace(schedule, punctuality, () => tally.window);
  const sender = new Sender({
    index: 0,
    client: client as unknown as ChatClient,
    pace: perSecond === undefined ? closedPace : pace,
    tally,
    clock,
    inFlight,
    rooms: ['#a', '#b'],
    payloads: [Buffer.from('x')],
    linesMax: Number.POSITIVE_INFINITY,
  });
  const pacer = new Pacer(clock, [{ pace, sender }]);
  return { clock, tally, client, punctuality, pace, sender, pacer };
}

t.test('closed: the window is full, and one that ends makes room for one', async (t) => {
  const { clock, tally, client, sender } = world(4);
  tally.open({ startMs: clock.monotonicMs(), endMs: Number.POSITIVE_INFINITY, binMs: 100 });
  sender.start(1, clock.monotonicMs());
  t.equal(client.sent.length, 4);
  clock.advance(30);
  client.answer(3);
  t.equal(client.sent.length, 4);
  t.equal(tally.series.latencies().percentileUs(100), 30_000);
  client.answer(1, 'NAME_TAKEN');
  client.answer(1, 'UNKNOWN');
  t.same(tally.all, { ok: 3, failed: 1, unknown: 1 });
  sender.stop();
  client.answer(4);
  t.equal(client.sent.length, 0, 'nothing is sent after the stop');
  t.same(new Set(client.sent.map(({ room }) => room)).size, 0);
});

t.test('closed: a client that refuses at once is not asked for ever', async (t) => {
  const { clock, tally, client, sender } = world(4);
  client.refuses = true;
  sender.start(1, clock.monotonicMs());
  t.equal(tally.all.failed, 1);
});

t.test('only what is sent within the window is measured, only what arrives within it makes the rate', async (t) => {
  const { clock, tally, client, sender } = world(1);
  sender.start(1, clock.monotonicMs());
  clock.advance(50);
  tally.open({ startMs: clock.monotonicMs(), endMs: clock.monotonicMs() + 100, binMs: 100 });
  clock.advance(10);
  client.answer();
  t.same([tally.arrived, tally.series.counts.ok], [1, 0], 'it was sent before');
  clock.advance(20);
  client.answer();
  t.same([tally.arrived, tally.series.counts.ok], [2, 1]);
  clock.advance(200);
  client.answer();
  t.same([tally.arrived, tally.series.counts.ok], [2, 2], 'sent within, home after the end');
  client.answer();
  t.same([tally.all.ok, tally.series.counts.ok], [4, 2], 'sent after the end');
});

t.test('open: a stall does not hide the messages that were meant meanwhile', async (t) => {
  const { clock, tally, client, punctuality, pace, sender, pacer } = world(2, 100);
  const startMs = clock.monotonicMs();
  sender.start(1, startMs);
  tally.open({ startMs, endMs: startMs + 1_000, binMs: 100 });
  pacer.start(startMs);
  // The cluster is silent for half a second: 0 and 10 ms are in flight, the others wait for room.
  clock.advance(500);
  t.equal(client.sent.length, 2);
  while (tally.all.ok < 50) client.answer();
  const latencies = tally.series.latencies();
  t.equal(latencies.count, 50);
  t.equal(latencies.maxUs, 500_000, 'the first one waited for all of it');
  t.ok(latencies.percentileUs(50) >= 250_000, 'and half of them for half of it or more');
  t.equal(punctuality.late, 49, 'those that had no room, up to that of this moment');
  // It is well again: on time from here on.
  for (let ms = 500; ms < 1_000; ms++) {
    clock.advance(1);
    client.answer(client.sent.length);
  }
  pacer.stop(startMs + 1_000);
  sender.stop();
  client.answer(client.sent.length);
  t.equal(tally.series.counts.ok, 100, 'every message of the schedule was sent');
  t.equal(pace.unsent(), 0);
  t.ok(punctuality.lag.maxUs <= 2_000, `sent ${punctuality.lag.maxUs} µs after its time at most`);
});

t.test('open: what could not be sent by the end is told', async (t) => {
  const { clock, tally, client, pace, sender, pacer } = world(1, 100);
  const startMs = clock.monotonicMs();
  sender.start(1, startMs);
  pacer.start(startMs);
  clock.advance(200);
  tally.open({ startMs: startMs + 200, endMs: startMs + 1_200, binMs: 100 });
  clock.advance(1_000);
  pacer.stop(startMs + 1_200);
  sender.stop();
  client.answer();
  t.equal(pace.unsent(), 100, 'all that was meant within the window; what was due before it is not its own');
});

t.test('the longest silence, also one at the end', async (t) => {
  const tally = new Tally();
  tally.open({ startMs: 1_000, endMs: 2_000, binMs: 100 });
  for (const nowMs of [1_100, 1_150, 1_450, 1_500]) tally.onOk(1_050, nowMs, 0);
  t.same(tally.silence(1_600), { atMs: 1_150, ms: 300 });
  t.same(tally.silence(2_500), { atMs: 1_500, ms: 500 }, 'it ends with the window');
});
