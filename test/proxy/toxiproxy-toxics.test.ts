/** Toxiproxy's API by raw HTTP: its toxics, with every status, body and error text of the contract. */
import t, { type Test } from 'tap';
import { fails, proxyBody, type RawAnswer, startSubject } from './support.js';

type Call = (method: string, path: string, body?: string) => Promise<RawAnswer>;

/** A subject with a proxy `x`; paths begin behind `/proxies/x/toxics`. */
async function started(t: Test): Promise<Call> {
  const { call } = await startSubject(t);
  await call('POST', '/proxies', proxyBody('x'));
  return (method, path, body = '') => call(method, `/proxies/x/toxics${path}`, body);
}

t.test('POST: 200, with defaults, only the own attributes, in the known order of keys', async (t) => {
  const call = await started(t);
  const answer = await call('POST', '', '{"type":"latency","attributes":{"latency":100,"bogus":1}}');
  t.equal(answer.status, 200);
  t.equal(
    answer.body,
    '{"attributes":{"latency":100,"jitter":0},"name":"latency_downstream","type":"latency","stream":"downstream","toxicity":1}',
  );
  t.equal(answer.headers.get('content-type'), 'application/json');
});

t.test('every type has its attributes and their defaults', async (t) => {
  const call = await started(t);
  const expected = {
    latency: { latency: 0, jitter: 0 },
    bandwidth: { rate: 0 },
    slow_close: { delay: 0 },
    timeout: { timeout: 0 },
    reset_peer: { timeout: 0 },
    slicer: { average_size: 1, size_variation: 0, delay: 0 },
    limit_data: { bytes: 0 },
    noop: {},
    packet_loss: { loss_rate: 0.1, correlation: 0 },
  };
  for (const [type, attributes] of Object.entries(expected)) {
    const given = type === 'slicer' ? { average_size: 1 } : {};
    const answer = await call('POST', '', JSON.stringify({ type, attributes: given }));
    t.equal(answer.status, 200, type);
    t.strictSame(JSON.parse(answer.body).attributes, attributes, type);
  }
});

t.test('POST: what is refused, in which order', async (t) => {
  const call = await started(t);
  await call('POST', '', '{"type":"noop"}');
  const cases: readonly (readonly [body: unknown, status: number, error: string | RegExp])[] = [
    ['', 400, 'bad request body: EOF'],
    ['{"type":', 400, 'bad request body: unexpected EOF'],
    [[], 400, /^bad request body: json/],
    [{ type: 1, stream: 'nowhere' }, 400, /^bad request body: json/],
    [{ type: 'noop', toxicity: '1' }, 400, /^bad request body: json/],
    [{ type: 'noop', attributes: [] }, 400, /^bad request body: json: cannot unmarshal array into field attributes/],
    [{ stream: 'nowhere', type: 'nope' }, 400, 'stream was invalid, can be either upstream or downstream'],
    [{ stream: '', type: 'noop' }, 400, 'stream was invalid, can be either upstream or downstream'],
    [{ type: 'nope', name: 'noop_downstream' }, 400, 'invalid toxic type'],
    [{ type: 'Latency' }, 400, 'invalid toxic type'],
    [{}, 400, 'invalid toxic type'],
    [{ type: 'noop' }, 409, 'toxic already exists'],
    [{ type: 'latency', name: 'noop_downstream', stream: 'upstream' }, 409, 'toxic already exists'],
    [{ type: 'latency', name: 'noop_downstream', attributes: { latency: 'x' } }, 409, 'toxic already exists'],
    [{ type: 'latency', attributes: { latency: 1.5 } }, 400, /^bad request body: json: cannot unmarshal number 1\.5/],
    [{ type: 'latency', attributes: { latency: '1' } }, 400, /^bad request body: json: cannot unmarshal string/],
    [{ type: 'latency', attributes: { latency: true } }, 400, /^bad request body: json: cannot unmarshal bool/],
    ['{"type":"latency","attributes":{"latency":1e300}}', 400, /^bad request body: json/],
    ['{"type":"packet_loss","attributes":{"loss_rate":1e999}}', 400, /^bad request body: json/],
    ['{"type":"noop","name":"inf","toxicity":1e999}', 400, /^bad request body: json/],
  ];
  for (const [body, status, error] of cases) {
    fails(t, await call('POST', '', typeof body === 'string' ? body : JSON.stringify(body)), status, error);
  }
  t.equal(JSON.parse((await call('GET', '')).body).length, 1, 'none of them is there');
});

t.test('numbers that are whole, however written; negative ones; any toxicity', async (t) => {
  const call = await started(t);
  const latency = async (text: string): Promise<unknown> => {
    await call('DELETE', '/l');
    const answer = await call('POST', '', `{"name":"l","type":"latency","attributes":{"LATENCY":${text}}}`);
    return JSON.parse(answer.body).attributes?.latency;
  };
  t.equal(await latency('1e3'), 1_000);
  t.equal(await latency('10.0'), 10);
  t.equal(await latency('-5'), -5);
  t.equal(await latency('null'), 0);
  for (const toxicity of [0, 0.25, 7, -1]) {
    const answer = await call('POST', '', JSON.stringify({ name: `t${toxicity}`, type: 'noop', toxicity }));
    t.equal(JSON.parse(answer.body).toxicity, toxicity);
  }
});

t.test('a slicer of size 0 is refused: it crashes Toxiproxy', async (t) => {
  const call = await started(t);
  for (const attributes of [undefined, {}, { average_size: 0 }, { average_size: -1 }]) {
    fails(
      t,
      await call('POST', '', JSON.stringify({ type: 'slicer', attributes })),
      400,
      /^average_size is -?\d: give/,
    );
  }
  t.equal((await call('POST', '', '{"type":"slicer","attributes":{"average_size":9}}')).status, 200);
  const path = '/slicer_downstream';
  fails(t, await call('PATCH', path, '{"toxicity":0,"attributes":{"average_size":0}}'), 400, /^average_size is 0/);
  t.match(JSON.parse((await call('GET', path)).body), { toxicity: 1, attributes: { average_size: 9 } }, 'not half');
  t.equal((await call('PATCH', path, '{"attributes":{"delay":5}}')).status, 200);
});

t.test('the stream is echoed as sent; lists show upstream first, each in its order', async (t) => {
  const call = await started(t);
  t.equal((await call('GET', '')).body, '[]');
  const add = (body: unknown) => call('POST', '', JSON.stringify(body));
  t.match(JSON.parse((await add({ type: 'noop' })).body), { name: 'noop_downstream' });
  t.match(JSON.parse((await add({ type: 'noop', stream: 'Upstream', name: '' })).body), {
    name: 'noop_Upstream',
    stream: 'Upstream',
  });
  await add({ type: 'timeout', stream: 'DOWNSTREAM', name: 'b' });
  await add({ type: 'timeout', stream: 'upstream', name: 'a' });
  const names = (JSON.parse((await call('GET', '')).body) as { name: string }[]).map(({ name }) => name);
  t.strictSame(names, ['noop_Upstream', 'a', 'noop_downstream', 'b']);
});

t.test('GET, PATCH, POST and DELETE of one', async (t) => {
  const call = await started(t);
  await call('POST', '', '{"type":"latency","name":"l","attributes":{"latency":1,"jitter":2}}');
  await call('POST', '', '{"type":"noop"}');
  const shown = (more: Record<string, unknown>) => ({
    attributes: { latency: 1, jitter: 2 },
    name: 'l',
    type: 'latency',
    stream: 'downstream',
    toxicity: 1,
    ...more,
  });
  t.strictSame(JSON.parse((await call('GET', '/l')).body), shown({}));
  const changes: readonly (readonly [method: string, body: string, expected: Record<string, unknown>])[] = [
    ['PATCH', '{}', {}],
    ['POST', '{"attributes":null,"toxicity":null}', {}],
    ['PATCH', '{"toxicity":0.5,"type":"timeout","name":"n","stream":"upstream"}', { toxicity: 0.5 }],
    ['POST', '{"attributes":{"jitter":9}}', { toxicity: 0.5, attributes: { latency: 1, jitter: 9 } }],
    ['PATCH', '{"attributes":{"latency":7,"rate":1}} x', { toxicity: 0.5, attributes: { latency: 7, jitter: 9 } }],
  ];
  for (const [method, body, expected] of changes) {
    const answer = await call(method, '/l', body);
    t.equal(answer.status, 200, body);
    t.strictSame(JSON.parse(answer.body), shown(expected), body);
  }
  fails(t, await call('PATCH', '/l', ''), 400, 'bad request body: EOF');
  fails(t, await call('PATCH', '/l', '{"toxicity":0,"attributes":{"latency":0.5}}'), 400, /^bad request body: json/);
  t.match(JSON.parse((await call('GET', '/l')).body), { toxicity: 0.5, attributes: { latency: 7 } }, 'all or nothing');
  const gone = await call('DELETE', '/l', 'whatever');
  t.equal(gone.status, 204);
  t.equal(gone.body, '');
  for (const [method, body] of [
    ['GET', ''],
    ['DELETE', ''],
    ['PATCH', '{'],
    ['POST', '{}'],
  ] as const) {
    fails(t, await call(method, '/l', body), 404, 'toxic not found');
  }
  const names = (JSON.parse((await call('GET', '')).body) as { name: string }[]).map(({ name }) => name);
  t.strictSame(names, ['noop_downstream'], 'the other one is still there');
});
