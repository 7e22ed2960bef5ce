/** Toxiproxy's API by raw HTTP: proxies, with every status, body and error text of the contract. */
import t, { type Test } from 'tap';
import { freePort } from '../support/ports.js';
import { fails, proxyBody, type RawAnswer, startSubject } from './support.js';

/** Asserts a status and, as JSON, a body. */
function answers(t: Test, answer: RawAnswer, status: number, body: unknown): void {
  t.equal(answer.status, status);
  t.strictSame(JSON.parse(answer.body), body);
}

t.test('GET /version', async (t) => {
  const { call } = await startSubject(t);
  const answer = await call('GET', '/version?x');
  t.equal(answer.status, 200);
  t.equal(answer.body, '{"version": "2.12.0"}\n');
  t.equal(answer.headers.get('content-type'), 'application/json;charset=utf-8');
  t.ok(answer.headers.has('x-toxiproxy-request-id'));
});

t.test('unknown paths and methods', async (t) => {
  const { call } = await startSubject(t);
  const cases = [
    ['GET', '/proxies/', 404],
    ['GET', '/toxics', 404],
    ['GET', '/proxies/x/toxics/y/z', 404],
    ['PUT', '/proxies', 405],
    ['HEAD', '/proxies', 405],
    ['OPTIONS', '/proxies', 405],
    ['GET', '/reset', 405],
    ['POST', '/version', 405],
    ['PATCH', '/proxies/x/toxics', 405],
    ['PUT', '/proxies/x/toxics/y', 405],
  ] as const;
  for (const [method, path, status] of cases) {
    const answer = await call(method, path);
    t.equal(answer.status, status, `${method} ${path}`);
    t.equal(answer.body, status === 405 ? '' : '404 page not found\n');
  }
  const moved = await call('GET', '//proxies/x');
  t.equal(`${moved.status} ${moved.headers.get('location')}`, '301 /proxies/x');
});

t.test('POST /proxies: created and listening, with the real address', async (t) => {
  const { call } = await startSubject(t);
  const created = await call('POST', '/proxies', proxyBody('x'));
  t.equal(created.status, 201);
  t.equal(created.headers.get('content-type'), 'application/json');
  t.match(
    created.body,
    /^\{"name":"x","listen":"127\.0\.0\.1:[1-9]\d+","upstream":"127\.0\.0\.1:1","enabled":true,"toxics":\[\]\}$/,
  );
  const any = await call('POST', '/proxies', '{"name":"any","upstream":"u:1"}');
  t.match(JSON.parse(any.body), { listen: /^\[::\]:\d+$/, enabled: true });
  const off = await call('POST', '/proxies', proxyBody('off', { listen: 'localhost:3310', enabled: false }));
  answers(t, off, 201, {
    name: 'off',
    listen: 'localhost:3310',
    upstream: '127.0.0.1:1',
    enabled: false,
    toxics: [],
  });
});

t.test('bodies: any content type, keys in any case, null is absent, more is ignored', async (t) => {
  const { call } = await startSubject(t);
  const body = '{"NAME":"x","Upstream":"u:1","listen":null,"enabled":null,"toxics":null,"bogus":[{}]} trailing';
  const created = await call('POST', '/proxies', body, { 'Content-Type': 'application/x-www-form-urlencoded' });
  t.equal(created.status, 201);
  t.match(JSON.parse(created.body), { name: 'x', enabled: true, toxics: [] });
});

t.test('POST /proxies: what is refused, in which order', async (t) => {
  const { call } = await startSubject(t);
  await call('POST', '/proxies', proxyBody('taken', { listen: 'localhost:0' }));
  const taken = JSON.parse((await call('GET', '/proxies/taken')).body) as { listen: string };
  const cases: readonly (readonly [body: string, status: number, error: string | RegExp])[] = [
    ['', 400, 'bad request body: EOF'],
    ['{"name":"x"', 400, 'bad request body: unexpected EOF'],
    ['hello', 400, /^bad request body: /],
    ['[]', 400, /^bad request body: json: cannot unmarshal array/],
    ['{"name":1}', 400, /^bad request body: json: cannot unmarshal number 1 into field name of type string$/],
    [proxyBody('x', { enabled: 'yes' }), 400, /^bad request body: json: cannot unmarshal string/],
    [proxyBody('x', { upstream: true }), 400, /^bad request body: json: cannot unmarshal bool/],
    [proxyBody('x', { listen: {} }), 400, /^bad request body: json: cannot unmarshal object/],
    ['null', 400, 'missing required field: name'],
    ['{}', 400, 'missing required field: name'],
    ['{"name":"","upstream":""}', 400, 'missing required field: name'],
    ['{"name":"taken"}', 400, 'missing required field: upstream'],
    [proxyBody('taken', { listen: 'nonsense' }), 409, 'proxy already exists'],
    [proxyBody('x', { listen: 'nonsense' }), 500, 'listen tcp: address nonsense: missing port in address'],
    [proxyBody('x', { listen: 'localhost:99999' }), 500, 'listen tcp: address 99999: invalid port'],
    [proxyBody('x', { listen: taken.listen }), 500, `listen tcp ${taken.listen}: bind: address already in use`],
    [proxyBody('x', { toxics: [{ type: 'nope' }] }), 400, 'invalid toxic type'],
    [proxyBody('x', { toxics: [{ type: 'noop' }, { type: 'noop' }] }), 409, 'toxic already exists'],
    [proxyBody('x', { toxics: {} }), 400, /^bad request body: json: cannot unmarshal object/],
  ];
  for (const [body, status, error] of cases) fails(t, await call('POST', '/proxies', body), status, error);
  t.strictSame(Object.keys(JSON.parse((await call('GET', '/proxies')).body)), ['taken'], 'nothing was registered');
});

t.test('names that could never be addressed again are refused: Toxiproxy takes them', async (t) => {
  const { call } = await startSubject(t);
  for (const name of ['a/b', '/', '.', '..', 'x'.repeat(1_001)]) {
    fails(t, await call('POST', '/proxies', proxyBody(name)), 400, /^invalid name /);
  }
  for (const name of ['a b', '@', 'ü:1', '%2F', '..x', '__proto__', '10', 'constructor']) {
    t.equal((await call('POST', '/proxies', proxyBody(name))).status, 201, name);
    const path = `/proxies/${encodeURIComponent(name)}`;
    t.match(JSON.parse((await call('GET', path)).body), { name });
    fails(t, await call('POST', `${path}/toxics`, '{"type":"noop","name":"a/b"}'), 400, /^invalid name /);
  }
  t.equal((await call('POST', '/proxies', proxyBody('9'))).status, 201);
  const list = (await call('GET', '/proxies')).body;
  const names = [...list.matchAll(/\{"name":("(?:[^"\\]|\\.)*")/g)].map(([, name]) => JSON.parse(name as string));
  t.strictSame(names, ['%2F', '..x', '10', '9', '@', '__proto__', 'a b', 'constructor', 'ü:1'], 'sorted bytewise');
  t.equal((await call('DELETE', '/proxies/__proto__')).status, 204);
});

t.test('GET and DELETE of proxies', async (t) => {
  const { call } = await startSubject(t);
  const none = await call('GET', '/proxies');
  t.equal(none.body, '{}');
  t.equal(none.headers.get('content-type'), 'application/json');
  const x = JSON.parse((await call('POST', '/proxies', proxyBody('x'))).body);
  answers(t, await call('GET', '/proxies'), 200, { x });
  answers(t, await call('GET', '/proxies/x'), 200, x);
  const gone = await call('DELETE', '/proxies/x', 'whatever');
  t.equal(gone.status, 204);
  t.equal(gone.body, '');
  for (const [method, path] of [
    ['GET', '/proxies/x'],
    ['DELETE', '/proxies/x'],
    ['POST', '/proxies/x'],
    ['PATCH', '/proxies/x'],
    ['GET', '/proxies/x/toxics'],
    ['POST', '/proxies/x/toxics'],
    ['GET', '/proxies/x/toxics/y'],
    ['POST', '/proxies/x/toxics/y'],
    ['PATCH', '/proxies/x/toxics/y'],
    ['DELETE', '/proxies/x/toxics/y'],
  ] as const) {
    fails(t, await call(method, path), 404, 'proxy not found');
  }
});

t.test('PATCH and POST of a proxy change what they name', async (t) => {
  for (const method of ['PATCH', 'POST']) {
    const { call } = await startSubject(t);
    const x = JSON.parse((await call('POST', '/proxies', proxyBody('x'))).body);
    await call('POST', '/proxies/x/toxics', '{"type":"noop"}');
    const toxics = [{ attributes: {}, name: 'noop_downstream', type: 'noop', stream: 'downstream', toxicity: 1 }];
    const change = (body: string) => call(method, '/proxies/x', body);
    answers(t, await change('{}'), 200, { ...x, toxics });
    answers(t, await change('{"name":"y","enabled":true,"toxics":[]}'), 200, { ...x, toxics });
    answers(t, await change('{"upstream":"u:2"}'), 200, { ...x, upstream: 'u:2', toxics });
    answers(t, await change('{"enabled":false}'), 200, { ...x, upstream: 'u:2', enabled: false, toxics });
    answers(t, await change('{"enabled":true}'), 200, { ...x, upstream: 'u:2', toxics });
    t.match(JSON.parse((await change('{"listen":"localhost:0","enabled":null}')).body), { enabled: true });
    fails(t, await change(''), 400, 'bad request body: EOF');
    fails(t, await change('{"enabled":1}'), 400, /^bad request body: json/);
    fails(t, await change('{"listen":"nonsense"}'), 500, 'address nonsense: missing port in address');
    t.match(JSON.parse((await call('GET', '/proxies/x')).body), { enabled: true, listen: /^127/ }, 'nothing changed');
    const other = JSON.parse((await call('POST', '/proxies', proxyBody('other'))).body);
    const error = `listen tcp ${other.listen}: bind: address already in use`;
    fails(t, await change(JSON.stringify({ listen: other.listen })), 500, error);
    t.match(JSON.parse((await call('GET', '/proxies/x')).body), { enabled: false, listen: other.listen });
  }
});

t.test(
  "an upstream that is the proxy's own address is refused: it would call itself until descriptors are gone",
  async (t) => {
    const { call } = await startSubject(t);
    const created = await call('POST', '/proxies', proxyBody('a'));
    const { listen } = JSON.parse(created.body) as { listen: string };
    fails(
      t,
      await call('PATCH', '/proxies/a', JSON.stringify({ upstream: listen })),
      400,
      /is the proxy's own address/,
    );
    const port = await freePort();
    for (const [at, upstream] of [
      ['[0::0]', '127.0.0.2'],
      ['0.0.0.0', '[0:0::0]'],
      ['0', 'localhost'],
    ]) {
      const body = JSON.stringify({ name: 'b', listen: `${at}:${port}`, upstream: `${upstream}:${port}` });
      fails(t, await call('POST', '/proxies', body), 400, /is the proxy's own address/);
    }
  },
);
