/** What a run is said to have come to: the figures, from a history made by hand. */
import t from 'tap';
import type { Send, Verdict } from '../checkers/history.js';
import { drawRound } from './plan.js';
import { Summary } from './summary.js';

const good: Verdict = { ok: true, total: 0, violations: [], length: 4 };

function send(client: string, invokeMs: number, ackMs: number, outcome: Send['outcome'] = 'ok'): Send {
  return { session: client, seq: 1, author: client, text: '', invokeMs, ackMs, outcome, position: 1, slot: 1 };
}

function summaryOf(verdict: Verdict, clients: readonly (readonly Send[])[]): Summary {
  const summary = new Summary();
  // Faults from 100 to 1,000 ms; everybody has gone on at 1,500 ms; calm until 2,500 ms.
  summary.countRound(drawRound(1, 1, [1, 2, 3]), { startMs: 100, healedMs: 1000, recoveredMs: 1500 });
  summary.judge({ verdict, slots: 7, reads: 1 }, clients);
  return summary;
}

t.test('recovery is what a client waited from the end of the faults on, not from when it spoke', async (t) => {
  const fast = [send('a', 1010, 1015)];
  const stuck = [send('b', 50, 60), send('b', 200, 1400), send('b', 1450, 1455)];
  const { recoveryFirstMs, recoveryEveryMs } = JSON.parse(JSON.stringify(summaryOf(good, [fast, stuck])));
  t.equal(recoveryFirstMs.max, 5, 'the first client that goes on');
  t.equal(recoveryEveryMs.max, 400, 'the last one, whose line had waited since the faults');
});

t.test('a line of the calm counts when it is answered before the calm is over', async (t) => {
  const inTime = send('a', 1600, 1610);
  const late = send('a', 1700, 2600);
  const outside = [send('a', 1400, 1600), send('a', 2100, 9000)];
  const { calm } = JSON.parse(JSON.stringify(summaryOf(good, [[inTime, late, ...outside]])));
  t.same(calm, { said: 2, inTime: 1 });
});

t.test('lost, doubled, reordered, unknown and refused are counted apart', async (t) => {
  const violations = (['lost', 'hole', 'doubled', 'session-order', 'misplaced', 'future'] as const).map((kind) => ({
    kind,
    text: '',
  }));
  const never = Number.POSITIVE_INFINITY;
  const sends = [send('a', 1, 2), send('a', 3, never, 'unknown'), send('a', 4, never, 'no')];
  const { outcome } = summaryOf({ ok: false, total: 6, violations, length: 1 }, [sends]);
  t.match(outcome.toJSON(), {
    acknowledged: 1,
    unknown: 1,
    refused: 1,
    lost: 2,
    doubled: 1,
    reordered: 2,
    violations: 6,
    slots: 7,
    reads: 1,
  });
});
