/** The simulator's second half of seeds, and that a seed decides everything. */
import t from 'tap';
import { Cluster } from './cluster.js';
import { expectSeeds } from './expect-seeds.js';
import { main, parseArguments } from './main.js';

t.setTimeout(300_000);

t.test('seeds 201 to 340', (t) => expectSeeds(t, 201, 140));

t.test('another seed is another run', async (t) => {
  const hashes = new Set<number>();
  for (const seed of [1, 2, 3, 4, 5]) {
    hashes.add((await new Cluster({ seed, options: { safetyUs: 1_000_000 } }).run()).hash);
  }
  t.equal(hashes.size, 5);
});

t.test('the command: arguments, help, exit codes', async (t) => {
  t.match(parseArguments(['--seeds', '7']), { seed: 1, seeds: 7, trace: false });
  t.match(parseArguments(['--seed', '42', '--trace']), { seed: 42, seeds: 1, trace: true });
  for (const wrong of [['--seeds', '0'], ['--seed', 'x'], ['--fast'], ['stray']]) {
    const lines: string[] = [];
    t.equal(await main(wrong, (line) => lines.push(line)), 2, wrong.join(' '));
    t.match(lines.join('\n'), /Usage: npm run sim/);
  }
  const lines: string[] = [];
  t.equal(await main(['--help'], (line) => lines.push(line)), 0);
  t.equal(await main(['--seed', '3'], (line) => lines.push(line)), 0);
  t.match(lines.at(-2), /^1 seeds, 0 failed: /);
  t.match(lines.at(-1), /^exercised: elections [1-9]/);
});
