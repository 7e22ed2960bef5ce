/** The open-files limit as the kernel writes it, and how many connections it leaves room for. */
import t from 'tap';
import { connectionsWithinLimit, openFilesMax } from '../../src/net/fd-limit.js';

t.test('connections leave descriptors for the log', async (t) => {
  t.equal(
    openFilesMax('Max processes 5 5\nMax open files            1024                 4096                 files\n'),
    1024,
  );
  t.equal(openFilesMax(''), undefined);
  t.equal(connectionsWithinLimit(10_240, 1_024), 976);
  t.equal(connectionsWithinLimit(10_240, 64), 16);
  t.equal(connectionsWithinLimit(10_240, 20), 4);
  t.equal(connectionsWithinLimit(100, undefined), 100);
  t.ok((openFilesMax() ?? 1_000_000) > 0);
});
