/** `npm run bench -- NAME [--option N]…`: runs one benchmark of this folder by name. */

import { endWhenNobodyReads } from '../src/cli/broken-pipe.js';
import { UsageProblem } from './options.js';

endWhenNobodyReads((code) => process.exit(code));

const benchmarks: Readonly<Record<string, () => Promise<{ main(args: readonly string[]): Promise<number> }>>> = {
  throughput: () => import('./throughput.js'),
  'leader-kill': () => import('./leader-kill.js'),
  memory: () => import('./memory.js'),
  idle: () => import('./idle.js'),
  'state-transfer': () => import('./state-transfer.js'),
  proxy: () => import('./proxy.js'),
  chat: () => import('./chat.js'),
  reroute: () => import('./reroute.js'),
  bare: () => import('./bare.js'),
  floor: () => import('./floor.js'),
  guard: () => import('./guard.js'),
  scale: () => import('./scale.js'),
  regions: () => import('./regions.js'),
  profile: () => import('./profile.js'),
};

const [name = '', ...args] = process.argv.slice(2);
const load = benchmarks[name];
if (load === undefined) {
  console.error(`Usage: npm run bench -- ${Object.keys(benchmarks).join('|')} [--option N]…   (see bench/README.md)`);
  process.exit(2);
}
const benchmark = await load();
try {
  process.exit(await benchmark.main(args));
} catch (error) {
  if (!(error instanceof UsageProblem)) throw error;
  console.error(error.message);
  process.exit(2);
}
