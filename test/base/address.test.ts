/** Addresses: one table for everybody who reads one, whether an option, a frame, the pages or the control API. */
import { type AddressInfo, createServer } from 'node:net';
import t from 'tap';
import { formatAddress, hostsToTry, hostToBind, isUnspecified, parseAddress } from '../../src/base/index.js';
import { UsageError } from '../../src/cli/go-flags.js';
import { readAddress, readApi, readHttp } from '../../src/cli/values.js';
import { checkHttpAddress } from '../../src/daemon/http/index.js';
import { readApiAddress } from '../../src/proxy/api/listen-hosts.js';

const right: readonly { text: string; host: string; port: number }[] = [
  { text: '127.0.0.1:0', host: '127.0.0.1', port: 0 },
  { text: '10.0.0.1:65535', host: '10.0.0.1', port: 65_535 },
  { text: '0.0.0.0:9010', host: '0.0.0.0', port: 9_010 },
  { text: 'a:00080', host: 'a', port: 80 },
  { text: ':8009', host: '127.0.0.1', port: 8_009 },
  { text: 'example.org:1', host: 'example.org', port: 1 },
  { text: 'synod-0.synod_x:1', host: 'synod-0.synod_x', port: 1 },
  { text: 'xn--bcher-kva.example:1', host: 'xn--bcher-kva.example', port: 1 },
  { text: '[::1]:9010', host: '::1', port: 9_010 },
  { text: '[::]:0', host: '::', port: 0 },
  { text: '[FE80::1]:1', host: 'FE80::1', port: 1 },
  { text: '[fe80::1%eth0]:1', host: 'fe80::1%eth0', port: 1 },
  { text: '[::ffff:10.0.0.1]:1', host: '::ffff:10.0.0.1', port: 1 },
];

const wrong: readonly string[] = [
  ...['', ':', 'a', '9010', 'localhost', 'a:', '[::1]', '[::1]:'],
  ...['a:b', 'a:-1', 'a:+1', 'a:1e3', 'a:0x50', 'a: 1', 'a:1 ', 'a:1x', 'a:65536', 'a:70000', 'a:000080', 'a:１'],
  ...['a b:1', ' a:1', 'a\n:1', 'a\0:1', 'a/b:1', 'user@a:1', 'http://a:1', 'bücher.example:1', 'a:1,b:2', '*:1'],
  ...['::1:9010', '::1', '1:2:3', '[0.0.0.0]:1', '[a]:1', '[]:1', '[::1:1', '::1]:1', '[:::]:1', '[1:2]:1'],
  ...['[::1]x:1', 'x[::1]:1', '[::g]:1', '[::1 ]:1', '[::1%]:1', '[12345::]:1', '[[::1]]:1'],
];

t.test('what is an address, for everybody', async (t) => {
  for (const { text, host, port } of right) {
    const written = formatAddress(host, port);
    t.strictSame(parseAddress(text), { host, port }, text);
    t.strictSame(parseAddress(written), { host, port }, `${text}, written again`);
    t.equal(readAddress('--x', text), written, text);
    t.equal(readHttp('--http', text), written, text);
    t.equal(readApi('--api', text), written, text);
    t.strictSame(checkHttpAddress(text), { host, port }, text);
    t.strictSame(readApiAddress(text), { host, port }, text);
  }
});

t.test('what is none, for everybody', async (t) => {
  for (const text of wrong) {
    const shown = JSON.stringify(text);
    const parsed = parseAddress(text);
    t.ok('error' in parsed && parsed.error.includes(text), `${shown}: the error names it`);
    t.throws(() => readAddress('--x', text), new UsageError(`--x takes HOST:PORT, not '${text}'`), shown);
    if (text !== '') {
      t.throws(() => readHttp('--http', text), UsageError, shown);
      t.throws(() => readApi('--api', text), UsageError, shown);
    }
    t.throws(() => checkHttpAddress(text), { code: 'BAD_ADDRESS', exitCode: 2, message: /^--http: / }, shown);
    t.throws(() => readApiAddress(text), { code: 'BAD_ADDRESS', exitCode: 2, message: /^--api: / }, shown);
  }
  t.match(parseAddress('::1:9010'), { error: /write an IPv6 address as \[::1\]:9010/ });
});

t.test('localhost is IPv4 first, however it is spelt; only the control API listens on both families', async (t) => {
  for (const name of ['localhost', 'LocalHost']) {
    const text = `${name}:8474`;
    t.equal(readAddress('--x', text), '127.0.0.1:8474');
    t.strictSame(checkHttpAddress(text), { host: '127.0.0.1', port: 8_474 });
    t.equal(readApi('--api', text), text);
    t.equal(hostToBind(name), '127.0.0.1');
    t.strictSame(hostsToTry(name), ['127.0.0.1', '::1']);
  }
  t.strictSame(hostsToTry('a'), ['a']);
});

/** Where the system listens when it is told this host; undefined for what is none. */
async function boundAt(host: string): Promise<string | undefined> {
  const server = createServer();
  const address = await new Promise<string | undefined>((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen({ host, port: 0 }, () => resolve((server.address() as AddressInfo).address));
  });
  server.close();
  return address;
}

t.test('every address of the machine, in each spelling that the system takes for it', async (t) => {
  const everywhere = ['0.0.0.0', '::', '::ffff:0.0.0.0'];
  const v4 = ['0.0.0.0', '0', '00', '0x0', '0X00', '0.0', '0x0.0.00', '000.0.0x0.0', '000000000000'];
  const v6 = ['::', '::0', '0::', '0::0', '0:0:0:0:0:0:0:0', '0000::0000', '::0.0.0.0', '::%lo', '0::0%1'];
  const mapped = ['::ffff:0.0.0.0', '::FFFF:0:0', '0:0:0:0:0:ffff:0.0.0.0'];
  const other = [
    '127.0.0.1',
    '127.1',
    '::1',
    '0:0::1',
    '::ffff:127.0.0.1',
    '0.0.0.1',
    '1',
    '0x7f.1',
    '0.0.0.0.0',
    '0x',
  ];
  const hasV6 = (await boundAt('::1')) !== undefined;
  for (const host of [...v4, ...v6, ...mapped]) {
    t.ok(isUnspecified(host), host);
    if (hasV6 || !host.includes(':'))
      t.ok(everywhere.includes((await boundAt(host)) ?? ''), `${host}, says the system`);
  }
  for (const host of [...other, 'localhost', '0.example', 'a', '', '0.', '.0', '0.0.0.0.', '*', '[::]', '::g', '０']) {
    t.notOk(isUnspecified(host), host);
  }
  // A name that is none may be asked for in the network: only what is a number is tried here.
  for (const host of ['127.0.0.1', '127.1', '0x7f.1'])
    t.equal(await boundAt(host), '127.0.0.1', `${host} is elsewhere`);
});
