/** The plan of kill -9 cycles: the seed's alone, and with exactly the numbers asked for. */
import t from 'tap';
import { drawCycles } from './cycle-plan.js';

const servers = [1, 2, 3, 4, 5];
const counts = { cycles: 2000, all: 200, again: 500 };

t.test('the plan is a function of the seed', async (t) => {
  const text = (seed: number): string => JSON.stringify(drawCycles(seed, counts, servers));
  t.equal(text(7), text(7));
  t.not(text(7), text(8));
});

t.test('it has what was asked for, all over the run', async (t) => {
  const cycles = drawCycles(7, counts, servers);
  t.equal(cycles.length, counts.cycles);
  const all = cycles.filter(({ victims }) => victims.length === servers.length);
  const again = cycles.filter(({ againMs }) => againMs !== undefined);
  t.equal(all.length, counts.all);
  t.equal(again.length, counts.again);
  const early = (list: typeof cycles): number => list.filter(({ number }) => number <= counts.cycles / 2).length;
  t.ok(early(all) > 70 && early(all) < 130, `${early(all)} of ${all.length} kills of all in the first half`);
  t.ok(early(again) > 200 && early(again) < 300, `${early(again)} of ${again.length} second kills in the first half`);
  t.ok(cycles.some(({ victims }) => victims.length === 3) && cycles.some(({ victims }) => victims.length === 1));
  t.same(new Set(cycles.flatMap(({ victims }) => victims)).size, servers.length, 'every server has its turn');
  t.ok(cycles.every(({ victims }) => new Set(victims).size === victims.length));
});
