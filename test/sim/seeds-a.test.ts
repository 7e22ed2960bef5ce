/** The simulator's first half of seeds; the other half runs beside it on a second core. */
import t from 'tap';
import { expectSeeds } from './expect-seeds.js';
import { runSeed } from './run.js';

t.setTimeout(300_000);

t.test('seeds 1 to 260', async (t) => expectSeeds(t, 1, 260));

/** Seeds that found something once, kept for ever. What each found also stands as a named test. */
const found: readonly (readonly [number, string])[] = [
  [500959, 'pages of a failed sync were never written again (wal-faults: what a failed sync left…)'],
  [502153, 'the same with the header of a new segment (wal-faults: a header whose sync failed…)'],
  [500538, 'answers slower than three rounds: nobody was heard for long (gray: links of 200 ms each way)'],
];

t.test('seeds that once failed', async (t) => {
  for (const [seed, what] of found) t.equal(runSeed({ seed }).failure?.text, undefined, `${seed}: ${what}`);
});
