/** Addresses as people write them, and the open-files limit as the kernel writes it. */
import t from 'tap';
import { connectionsWithinLimit, openFilesMax } from '../../src/net/fd-limit.js';
import { formatAddress, parseAddress } from '../../src/net/index.js';

t.test('host:port', async (t) => {
  t.same(parseAddress('localhost:9010'), { host: 'localhost', port: 9010 });
  t.same(parseAddress('127.0.0.1:0'), { host: '127.0.0.1', port: 0 });
  t.same(parseAddress(':8009'), { host: '127.0.0.1', port: 8009 }, 'no host: loopback, never every interface');
  t.same(parseAddress('[::1]:9010'), { host: '::1', port: 9010 });
  t.equal(formatAddress('::1', 9010), '[::1]:9010');
  for (const wrong of [
    '',
    'localhost',
    '9010',
    'a:b',
    'a:70000',
    'a:-1',
    '::1:9010',
    '[x]:1',
    'a b:1',
    'a:1e3',
    'a: 1',
  ]) {
    t.match(parseAddress(wrong), { error: /./ }, JSON.stringify(wrong));
  }
});

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
