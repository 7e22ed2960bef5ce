/** The simulator's first half of seeds; the other half runs beside it on a second core. */
import t from 'tap';
import { expectSeeds } from './expect-seeds.js';

t.setTimeout(300_000);

t.test('seeds 1 to 140', (t) => expectSeeds(t, 1, 140));
