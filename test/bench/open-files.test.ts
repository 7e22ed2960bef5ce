/** How a process comes to hold ten thousand files open. */
import t from 'tap';
import { openFilesLimits, throughForFiles } from '../../bench/open-files.js';

const table = (soft: string, hard: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units     \nMax open files            ${soft}                 ${hard}               files     \n`;

t.test('the limits are read from the process table', async (t) => {
  t.same(openFilesLimits(table('1024', '20000')), { soft: 1024, hard: 20_000 });
  t.same(openFilesLimits(table('1024', 'unlimited')), { soft: 1024, hard: Number.POSITIVE_INFINITY });
});

t.test('a hard limit that is high enough needs nothing', async (t) => {
  t.same(throughForFiles(10_100, { hard: 20_000 }, false), []);
});

t.test('a lower one is raised by root, and explained to others', async (t) => {
  t.same(throughForFiles(10_100, { hard: 4096 }, true), ['prlimit', '--nofile=10100:10100']);
  t.throws(() => throughForFiles(10_100, { hard: 4096 }, false), /hard limit is 4096: raise it .* or ask for fewer/);
});
