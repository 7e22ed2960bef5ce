/** Addresses as Toxiproxy takes them, and the texts that its clients compare. */
import t from 'tap';
import { AddressError, bindError, bindHost, dialHost, splitAddress } from '../../../src/proxy/engine/go-address.js';

t.test('addresses', async (t) => {
  const good: Readonly<Record<string, readonly [host: string, port: number]>> = {
    'localhost:3310': ['localhost', 3_310],
    '127.0.0.1:0': ['127.0.0.1', 0],
    ':9000': ['', 9_000],
    '': ['', 0],
    'host:': ['host', 0],
    '[::1]:80': ['::1', 80],
    '[fe80::1%eth0]:65535': ['fe80::1%eth0', 65_535],
    'redis.example.org:6379': ['redis.example.org', 6_379],
  };
  for (const [text, [host, port]] of Object.entries(good)) t.same(splitAddress(text), { host, port }, text);
});

t.test('what is none, in the words of Go', async (t) => {
  const bad: Readonly<Record<string, string>> = {
    nonsense: 'address nonsense: missing port in address',
    '[::1]': 'address [::1]: missing port in address',
    '::1:80': 'address ::1:80: too many colons in address',
    'a:b:80': 'address a:b:80: too many colons in address',
    'host:99999': 'address 99999: invalid port',
    'host:http': 'lookup tcp/http: unknown port',
    'host:-1': 'lookup tcp/-1: unknown port',
    'host:80 ': 'lookup tcp/80 : unknown port',
  };
  for (const [text, message] of Object.entries(bad)) {
    t.throws(() => splitAddress(text), new AddressError(message), text);
  }
});

t.test('localhost is IPv4; no host is any address to listen at, and this machine to dial', async (t) => {
  t.same(['localhost', 'LocalHost', '', '::1', 'a.example'].map(bindHost), [
    '127.0.0.1',
    '127.0.0.1',
    '::',
    '::1',
    'a.example',
  ]);
  t.same(['localhost', '', '::1', '10.0.0.1'].map(dialHost), ['127.0.0.1', '127.0.0.1', '::1', '10.0.0.1']);
});

t.test('why an address could not be listened at', async (t) => {
  const text = (address: string, code: string, message = '') =>
    bindError(address, Object.assign(new Error(message), { code })).message;
  t.equal(text('localhost:3310', 'EADDRINUSE'), 'listen tcp 127.0.0.1:3310: bind: address already in use');
  t.equal(text(':80', 'EACCES'), 'listen tcp [::]:80: bind: permission denied');
  t.equal(text('10.9.9.9:80', 'EADDRNOTAVAIL'), 'listen tcp 10.9.9.9:80: bind: cannot assign requested address');
  t.equal(text('nohost:80', 'ENOTFOUND'), 'listen tcp: lookup nohost: no such host');
  t.equal(text('nohost:80', 'EAI_AGAIN'), 'listen tcp: lookup nohost: no such host');
  t.equal(text('localhost:80', 'EMFILE', 'too many open files'), 'listen tcp 127.0.0.1:80: too many open files');
});
