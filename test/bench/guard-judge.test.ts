/** What the guard says about ratios, and how it ends. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import {
  exitCodeOf,
  type FloorFile,
  floorsFrom,
  type GuardedLoad,
  guardedLoads,
  judge,
  ratioOf,
  readFloors,
  type Verdict,
  verdictsText,
} from '../../bench/guard-judge.js';

const floors: FloorFile = { commit: 'abc', date: '2026-01-01', far: 0.5, floors: { busy: 0.4, idle: null } };

function says(ratio: number): Verdict['says'] {
  return judge('busy', [ratio], floors).says;
}

t.test('a ratio above 1 is better than the bare pipeline, whatever is divided', async (t) => {
  const load = (by: GuardedLoad['by']): GuardedLoad => ({ name: '', clients: 1, inFlight: 1, durable: true, by });
  const bare = { perSecond: 1000, p50Us: 400 };
  const synod = { perSecond: 500, p50Us: 800 };
  t.equal(ratioOf(load('throughput'), bare, synod), 0.5);
  t.equal(ratioOf(load('latency'), bare, synod), 0.5);
});

t.test('a load is judged by the median of its rounds', async (t) => {
  const odd = judge('busy', [0.9, 0.1, 0.5], floors);
  t.match(odd, { load: 'busy', ratio: 0.5, least: 0.1, most: 0.9, floor: 0.4, says: 'ok' });
  t.equal(judge('busy', [0.2, 0.4, 0.5, 0.9], floors).ratio, 0.45);
});

t.test('below the floor, far below it, and no floor', async (t) => {
  t.equal(says(0.4), 'ok');
  t.equal(says(0.39), 'below');
  t.equal(says(0.2), 'below');
  t.equal(says(0.19), 'far below');
  t.equal(says(Number.NaN), 'far below', 'what was not measured passes nothing');
  t.equal(judge('busy', [], floors).says, 'far below');
  t.equal(judge('idle', [0.01], floors).says, 'no floor stored');
  t.equal(judge('new', [0.01], floors).says, 'no floor stored');
});

t.test('a run fails below a floor, in CI only far below one', async (t) => {
  const verdicts = (...ratios: number[]): Verdict[] => ratios.map((ratio) => judge('busy', [ratio], floors));
  t.equal(exitCodeOf(verdicts(0.5, 0.4), false), 0);
  t.equal(exitCodeOf(verdicts(0.5, 0.3), false), 1);
  t.equal(exitCodeOf(verdicts(0.5, 0.3), true), 0);
  t.equal(exitCodeOf(verdicts(0.5, 0.1), true), 1);
  t.equal(exitCodeOf([judge('idle', [0.1], floors)], false), 0, 'without a floor nothing fails');
});

t.test('what is stored is a little less than what was measured, and can be read back', async (t) => {
  const verdicts = [judge('busy', [0.6], floors), judge('idle', [0.3333], floors)];
  const stored = floorsFrom(verdicts, floors, 'def', '2026-02-02');
  t.same(stored, { commit: 'def', date: '2026-02-02', far: 0.5, floors: { busy: 0.51, idle: 0.283 } });
  t.same(readFloors(JSON.stringify(stored)), stored);
  t.equal(judge('busy', [0.6], stored).says, 'ok');
});

t.test('a broken file is refused', async (t) => {
  for (const text of ['{}', '{"far": 0.5}', '{"far": 2, "floors": {}}', '{"far": 0.5, "floors": {"busy": -1}}']) {
    t.throws(() => readFloors(text), /restore it/, text);
  }
  t.throws(() => readFloors('not JSON'));
});

t.test('the file in the repository can be read and has every load', async (t) => {
  const stored = readFloors(readFileSync('bench/guard-floor.json', 'utf8'));
  t.same(Object.keys(stored.floors).sort(), guardedLoads.map(({ name }) => name).sort());
});

t.test('the table says what is compared with what', async (t) => {
  const text = verdictsText([judge('busy', [0.3], floors), judge('idle', [0.3], floors)], floors, true);
  t.match(text, '| busy | 0.300 | 0.300–0.300 | 0.400 | below |');
  t.match(text, '| idle | 0.300 | 0.300–0.300 |  | no floor stored |');
  t.match(text, 'floors of abc, 2026-01-01; fails below 0.5 × the floor');
  t.match(verdictsText([], { ...floors, commit: null }, false), 'no floors are stored: npm run bench:guard -- --store');
});
