/** Toxiproxy's API by raw HTTP: what acts on many proxies at once, populate and reset; changes that meet. */
import t from 'tap';
import { exchange, fails, proxyBody, startSubject } from './support.js';

t.test('POST /populate: creates, keeps what is the same, replaces what is not', async (t) => {
  const { call } = await startSubject(t);
  const populate = async (list: unknown): Promise<{ listen: string; toxics: unknown[]; enabled: boolean }[]> => {
    const answer = await call('POST', '/populate', JSON.stringify(list));
    t.equal(answer.status, 201);
    return JSON.parse(answer.body).proxies;
  };
  const entry = (listen: string, more = {}) => ({ name: 'a', listen, upstream: 'u:1', ...more });
  const [first, second] = await populate([entry('localhost:0'), { name: 'b', upstream: 'u:2', enabled: false }]);
  t.match(first, { name: 'a', listen: /^127\.0\.0\.1:\d+$/, upstream: 'u:1', enabled: true, toxics: [] });
  t.match(second, { name: 'b', listen: '', enabled: false });
  await call('POST', '/proxies/a/toxics', '{"type":"noop"}');
  const here = first?.listen ?? '';
  const [same] = await populate([entry(here.replace('127.0.0.1', 'localhost'), { enabled: false })]);
  t.match(same, { listen: here, enabled: true, toxics: [{ name: 'noop_downstream' }] }, 'left as it is');
  const [moved] = await populate([entry(here, { upstream: 'u:9' })]);
  t.match(moved, { listen: here, upstream: 'u:9' });
  t.strictSame(moved?.toxics, [], 'a fresh one');
  const [fresh] = await populate([entry('localhost:0')]);
  t.not(fresh?.listen, '', 'port 0 is always another one');
  const twice = await populate([
    { ...entry('localhost:0'), name: 't' },
    { ...entry('localhost:0'), name: 't' },
  ]);
  t.equal(twice.length, 2, 'both are returned');
  t.equal(JSON.parse((await call('GET', '/proxies/t')).body).listen, twice[1]?.listen, 'the later one wins');
  const [toxic] = await populate([{ ...entry('localhost:0'), name: 'toxic', toxics: [{ type: 'latency' }] }]);
  t.match(toxic?.toxics, [{ name: 'latency_downstream' }]);
});

t.test('POST /populate of nothing gives a list: Toxiproxy answers null, which breaks clients', async (t) => {
  const { call } = await startSubject(t);
  for (const body of ['[]', 'null']) {
    const answer = await call('POST', '/populate', body);
    t.equal(answer.status, 201);
    t.equal(answer.body, '{"proxies":[]}');
  }
});

t.test('POST /populate: what is refused, and how much of it is done', async (t) => {
  const { call } = await startSubject(t);
  const fail = async (body: unknown, status: number, error: string | RegExp): Promise<unknown[]> => {
    const answer = await call('POST', '/populate', typeof body === 'string' ? body : JSON.stringify(body));
    fails(t, answer, status, error);
    return JSON.parse(answer.body).proxies;
  };
  const a = { name: 'a', upstream: 'u:1', listen: 'localhost:0' };
  t.strictSame(await fail('', 400, 'bad request body: EOF'), []);
  t.strictSame(await fail('{}', 400, /^bad request body: json/), []);
  t.strictSame(await fail([a, 'b'], 400, /^bad request body: json/), []);
  t.strictSame(await fail([a, { upstream: 'u:2' }], 400, 'missing required field: name at proxy 2'), []);
  t.strictSame(await fail([a, { name: 'b' }], 400, 'missing required field: upstream at proxy 2'), []);
  t.strictSame(await fail([{ ...a, name: 'a/b' }], 400, /^invalid name "a\/b" at proxy 1: /), []);
  t.strictSame(await fail([a, { ...a, toxics: [{ type: 'x' }] }], 400, 'invalid toxic type'), []);
  t.equal((await call('GET', '/proxies')).body, '{}', 'all are checked before one is made');
  const bad = { name: 'b', upstream: 'u:1', listen: 'nonsense' };
  const rest = { name: 'c', upstream: 'u:1', listen: 'localhost:0' };
  const error = 'listen tcp: address nonsense: missing port in address';
  t.match(await fail([a, bad, rest], 500, error), [{ name: 'a' }]);
  t.strictSame(Object.keys(JSON.parse((await call('GET', '/proxies')).body)), ['a'], 'the first stays');

  await call('POST', '/proxies/a/toxics', '{"type":"noop"}');
  await fail([{ ...a, listen: 'nonsense' }], 500, 'address nonsense: missing port in address');
  t.match(JSON.parse((await call('GET', '/proxies/a')).body), { enabled: true }, 'no address, no change');
  const busy = JSON.parse((await call('POST', '/proxies', proxyBody('busy'))).body).listen;
  await fail([{ ...a, listen: busy }], 500, `listen tcp ${busy}: bind: address already in use`);
  const left = { name: 'a', enabled: false, toxics: [{ name: 'noop_downstream' }] };
  t.match(JSON.parse((await call('GET', '/proxies/a')).body), left, 'the old one is still there, stopped');
});

t.test('POST /reset enables all and takes all toxics away', async (t) => {
  const { call } = await startSubject(t);
  await call('POST', '/proxies', proxyBody('x', { toxics: [{ type: 'noop' }] }));
  await call('POST', '/proxies', proxyBody('y', { enabled: false }));
  const answer = await call('POST', '/reset', 'whatever');
  t.equal(answer.status, 204);
  t.equal(answer.body, '');
  const all = JSON.parse((await call('GET', '/proxies')).body);
  t.match(all, { x: { enabled: true, toxics: [] }, y: { enabled: true, toxics: [] } });
  t.equal(all.x.toxics.length, 0);
  await call('POST', '/proxies', proxyBody('a', { enabled: false, listen: all.x.listen }));
  await call('POST', '/proxies/y', '{"enabled":false}');
  const error = `listen tcp ${all.x.listen}: bind: address already in use`;
  fails(t, await call('POST', '/reset'), 500, error);
  t.match(JSON.parse((await call('GET', '/proxies/y')).body), { enabled: true }, 'the others are reset all the same');
});

t.test('changes that come at once are made one after the other', async (t) => {
  const { call, port } = await startSubject(t);
  // In one packet: all of them have begun before the first is done.
  const pipelined = (method: string, path: string, body: string, more = ''): string =>
    `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;
  const statuses = async (requests: readonly (readonly [string, string, string])[]): Promise<string[]> => {
    const all = requests.map(([method, path, body]) => pipelined(method, path, body)).join('');
    const answer = await exchange(port, all + pipelined('GET', '/version', '', 'Connection: close\r\n'));
    const rest = [...(answer?.body ?? '').matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status as string);
    return [`${answer?.status}`, ...rest];
  };
  const create = ['POST', '/proxies', proxyBody('x')] as const;
  t.strictSame(await statuses([create, create, create]), ['201', '409', '409', '200']);
  const mixed = await statuses([
    ['POST', '/populate', `[${proxyBody('x')}]`],
    ['POST', '/proxies/x', '{"enabled":false}'],
    ['POST', '/populate', `[${proxyBody('x')},${proxyBody('y')}]`],
    create,
    ['POST', '/proxies/x', '{"listen":"localhost:0"}'],
  ]);
  t.strictSame(mixed, ['201', '200', '201', '409', '200', '200']);
  t.match(JSON.parse((await call('GET', '/proxies/x')).body), { enabled: true, listen: /:[1-9]\d*$/ });
});
