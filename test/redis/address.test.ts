/** Redis URLs: what is read, what is refused, and that no password ever stands in a text. */
import t from 'tap';
import { type RedisAddress, readRedisUrl } from '../../src/redis/index.js';

const read = (url: string): RedisAddress => {
  const address = readRedisUrl(url);
  if ('wrong' in address) throw new Error(`${url} was refused: ${address.wrong}`);
  return address;
};

t.test('what is left out has its default', async (t) => {
  const local = { host: 'localhost', port: 6379, db: 0, tls: false, username: undefined, password: undefined };
  t.same(read('redis://localhost'), { ...local, shown: 'redis://localhost:6379/0' });
  t.same(read('redis://localhost/'), { ...local, shown: 'redis://localhost:6379/0' });
  t.same(read('redis://localhost:7000/12'), { ...local, port: 7000, db: 12, shown: 'redis://localhost:7000/12' });
  t.equal(read('rediss://r.example').tls, true);
  t.equal(read('redis://[::1]:6380/1').host, '::1');
  t.equal(read('redis://[::1]:6380/1').shown, 'redis://[::1]:6380/1');
});

t.test('user and password are read and not shown', async (t) => {
  t.match(read('redis://amy:geheim@h'), { username: 'amy', password: 'geheim', shown: 'redis://h:6379/0' });
  t.match(read('redis://:geheim@h/2'), { username: undefined, password: 'geheim', shown: 'redis://h:6379/2' });
  t.equal(read('redis://:p%40ss%3A%2F@h').password, 'p@ss:/', 'what a URL cannot hold is written with %');
});

t.test('what is no URL of a Redis', async (t) => {
  for (const url of [
    '',
    'geheim',
    'h:6379',
    'http://amy:geheim@h',
    'redis://',
    'redis://amy:geheim@',
    'redis://amy:geheim@h/x',
    'redis://amy:geheim@h/1/2',
    'redis://amy:geheim@h/-1',
    'redis://amy:geheim@h/1?x=1',
    'redis://amy:geheim@h#x',
    'redis://amy:geheim@h:99999',
    'redis://amy:geheim%@h',
  ]) {
    const found = readRedisUrl(url);
    t.ok('wrong' in found, `'${url}' is refused`);
    t.notMatch(JSON.stringify(found), /geheim/, 'without its password');
  }
});
