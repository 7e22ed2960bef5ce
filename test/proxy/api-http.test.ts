/** The HTTP server under the API: routes, guards, limits, clients that are slow or gone, ports. */
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import t from 'tap';
import { InvariantError, silentLogger } from '../../src/base/index.js';
import { ApiError, type Route, startApi } from '../../src/proxy/api/http.js';
import { isHostAllowed, readApiAddress } from '../../src/proxy/api/listen-hosts.js';
import { readTarget } from '../../src/proxy/api/target.js';
import { AddressError } from '../../src/proxy/engine/go-address.js';
import { PlanError } from '../../src/proxy/plan/errors.js';
import { until } from '../support/until.js';
import { exchange, startSubject } from './support.js';

const routes: readonly Route[] = [
  { method: 'GET', path: '/things', handle: ({ query }) => ({ status: 200, body: [...query] }) },
  { method: 'GET', path: '/things/:thing', handle: (request) => ({ status: 200, body: request.param('thing') }) },
  { method: 'PUT', path: '/things/:thing', handle: async (request) => ({ status: 200, body: await request.json() }) },
  {
    method: 'POST',
    path: '/text',
    handle: async (request) => ({ status: 200, text: await request.text(), contentType: 'text/x' }),
  },
  { method: 'DELETE', path: '/things/:thing', handle: () => ({ status: 204 }) },
  {
    method: 'GET',
    path: '/fails/:how',
    handle(request) {
      const how = request.param('how');
      if (how === 'api') throw new ApiError(418, 'short and stout', { more: [1] });
      if (how === 'plan') throw new PlanError('do.time is missing: give a time, as 200ms');
      if (how === 'address') throw new AddressError('listen tcp 127.0.0.1:1: bind: permission denied');
      throw new Error('oh');
    },
  },
];

t.test('a route is found by its method and its decoded path', async (t) => {
  const subject = await startSubject(t, { routes });
  const cases = [
    ['GET', '/things?a=1&b=x%20y&a=2', 200, '[["a","1"],["b","x y"],["a","2"]]'],
    ['GET', '/things/a%20b%25@:', 200, '"a b%@:"'],
    ['GET', `http://localhost:${subject.port}/things/absolute`, 200, '"absolute"'],
    ['GET', '/thingz', 404, '404 page not found\n'],
    ['GET', '/things/', 404, '404 page not found\n'],
    ['GET', '/things/a/b', 404, '404 page not found\n'],
    ['GET', '/things/a%2Fb', 404, '404 page not found\n'],
    ['GET', '/Things', 404, '404 page not found\n'],
    ['GET', '/', 404, '404 page not found\n'],
    ['OPTIONS', '*', 404, '404 page not found\n'],
    ['GET', '/things/%zz', 400, '400 Bad Request'],
    ['GET', '/things/%ff', 400, '400 Bad Request'],
    ['PATCH', '/things/a', 405, ''],
    ['HEAD', '/things', 405, ''],
    ['OPTIONS', '/things', 405, ''],
    ['DELETE', '/things/a', 204, ''],
    ['DELETE', '/things', 405, ''],
  ] as const;
  for (const [method, path, status, body] of cases) {
    const answer = await subject.call(method, path);
    t.equal(answer.status, status, `${method} ${path}`);
    t.equal(answer.body, body, `${method} ${path}`);
    const isMatched = status === 200 || status === 204;
    t.equal(answer.headers.has('x-toxiproxy-request-id'), isMatched, `${method} ${path} has its number`);
  }
  t.equal((await subject.call('PATCH', '/things/a')).headers.get('allow'), 'GET, PUT, DELETE');
  const ids = await Promise.all([1, 2].map(() => subject.call('GET', '/things')));
  t.not(ids[0]?.headers.get('x-toxiproxy-request-id'), ids[1]?.headers.get('x-toxiproxy-request-id'));
  t.equal(ids[0]?.headers.get('content-type'), 'application/json');
});

t.test('a path with empty or dotted segments moves to the clean one, and never elsewhere', async (t) => {
  const subject = await startSubject(t, { routes });
  const moved = async (path: string): Promise<string> => {
    const { status, headers } = await subject.call('GET', path);
    return `${status} ${headers.get('location')}`;
  };
  t.equal(await moved('//things/a?x=1'), '301 /things/a?x=1');
  t.equal(await moved('/things//a'), '301 /things/a');
  t.equal(await moved('/things/../things/./a%20b'), '301 /things/a%20b');
  t.equal(await moved('//evil.example/%0d%0aSet-Cookie:x'), '301 /evil.example/%0D%0ASet-Cookie%3Ax');
  t.equal(readTarget('/..//..')?.movedTo, '/');
});

t.test('the body: one JSON value, whatever follows it; or any text', async (t) => {
  const subject = await startSubject(t, { routes });
  const cases: readonly (readonly [body: string, status: number, answer: unknown])[] = [
    ['{"a":1}', 200, { a: 1 }],
    [' \n[1,"]",{"}":"\\""}] and {more', 200, [1, ']', { '}': '"' }]],
    ['"a\\"b" x', 200, 'a"b'],
    ['12 13', 200, 12],
    ['null{', 200, null],
    ['true,', 200, true],
    ['"ünï\\u00e9"', 200, 'ünïé'],
    ['', 400, 'bad request body: EOF'],
    [' \t\r\n', 400, 'bad request body: EOF'],
    ['{"a"', 400, 'bad request body: unexpected EOF'],
    ['{"a":"b', 400, 'bad request body: unexpected EOF'],
    ['[1,', 400, 'bad request body: unexpected EOF'],
    ['[', 400, 'bad request body: unexpected EOF'],
    ['tru', 400, 'bad request body: unexpected EOF'],
  ];
  for (const [body, status, expected] of cases) {
    const answer = await subject.call('PUT', '/things/x', body);
    t.equal(answer.status, status, body);
    const wanted = status === 200 ? JSON.stringify(expected) : `${JSON.stringify({ error: expected, status })}\n`;
    t.equal(answer.body, wanted, body);
  }
  for (const body of ['{"a":tru}', '{a}', '}', 'hello', "{'a':1}", '[1 2]', '"\n"', '01']) {
    const answer = await subject.call('PUT', '/things/x', body);
    t.match(JSON.parse(answer.body), { error: /^bad request body: .+/, status: 400 }, body);
  }
  t.equal((await subject.call('POST', '/text', 'a = 1\n')).body, 'a = 1\n');
  t.equal((await subject.call('POST', '/text', 'x')).headers.get('content-type'), 'text/x');
});

t.test('a body of a mebibyte is read, a longer one refused, announced or not', async (t) => {
  const subject = await startSubject(t, { routes });
  const most = 'x'.repeat(1 << 20);
  t.equal((await subject.call('POST', '/text', most)).body.length, 1 << 20);
  const answer = await subject.call('POST', '/text', `${most}y`);
  t.equal(answer.status, 413);
  t.match(JSON.parse(answer.body), { error: /1048577 bytes: send at most 1048576/, status: 413 });
  const chunk = `${(1 << 19).toString(16)}\r\n${'x'.repeat(1 << 19)}\r\n`;
  const head = `POST /text HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`;
  const chunked = await exchange(subject.port, `${head}${chunk.repeat(3)}0\r\n\r\n`);
  t.equal(chunked?.status, 413);
});

t.test('what goes wrong in a route is an answer that can be read', async (t) => {
  const subject = await startSubject(t, { routes });
  const cases = [
    ['api', 418, { error: 'short and stout', status: 418, more: [1] }],
    ['plan', 400, { error: 'do.time is missing: give a time, as 200ms', status: 400 }],
    ['address', 500, { error: 'listen tcp 127.0.0.1:1: bind: permission denied', status: 500 }],
    ['else', 500, { error: 'Error: oh', status: 500 }],
  ] as const;
  for (const [how, status, body] of cases) {
    const answer = await subject.call('GET', `/fails/${how}`);
    t.equal(answer.status, status);
    t.equal(answer.body, `${JSON.stringify(body)}\n`);
    t.equal(answer.headers.get('content-type'), 'application/json');
    t.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  }
});

t.test('web pages are not served: by their user agent, and by names that are not ours', async (t) => {
  const subject = await startSubject(t, { routes });
  const agent = (name: string) => subject.call('GET', '/things', '', { 'User-Agent': name });
  const refused = await agent('Mozilla/5.0 (X11)');
  t.equal(refused.status, 403);
  t.equal(refused.body, 'User agent not allowed\n');
  t.match(refused.headers.get('content-type'), /^text\/plain/);
  t.ok(refused.headers.has('x-toxiproxy-request-id'));
  for (const name of ['mozilla/5.0', 'curl Mozilla/5', 'toxiproxy-cli/2.9.0 (linux/amd64)', '']) {
    t.equal((await agent(name)).status, 200, name);
  }
  t.equal((await subject.call('GET', '/nothing', '', { 'User-Agent': 'Mozilla/5' })).status, 404, 'routes come first');
  const host = (name: string) => subject.call('GET', '/things', '', { Host: name });
  for (const name of ['localhost', 'LOCALHOST:1', '127.0.0.1:8474', '127.1.2.3', '[::1]:8474', 'a.localhost:8474']) {
    t.equal((await host(name)).status, 200, name);
  }
  for (const name of [
    'evil.example',
    'evil.example:8474',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1',
  ]) {
    const answer = await host(name);
    t.equal(answer.status, 403, name);
    t.match(JSON.parse(answer.body), { error: /--api/, status: 403 });
  }
  t.equal((await exchange(subject.port, 'GET /things HTTP/1.0\r\n\r\n'))?.status, 200, 'no Host, no web page');
});

t.test('which names an API has depends on where it listens', async (t) => {
  t.ok(isHostAllowed('box:8474', 'Box'));
  for (const everywhere of ['0.0.0.0', '::', '0::0', '0', '::ffff:0.0.0.0']) {
    const text = `${everywhere}: in a container its name is what its neighbours call it`;
    t.ok(isHostAllowed('toxiproxy:8474', everywhere), text);
  }
  t.ok(isHostAllowed('[fe80::1]:8474', 'fe80::1'));
  t.ok(isHostAllowed('localhost.:8474', 'localhost'));
  t.notOk(isHostAllowed('box:8474', 'localhost'));
  t.notOk(isHostAllowed('', 'localhost'));
});

t.test('addresses', async (t) => {
  t.strictSame(readApiAddress('localhost:8474'), { host: 'localhost', port: 8474 });
  t.strictSame(readApiAddress(':0'), { host: '127.0.0.1', port: 0 });
  t.strictSame(readApiAddress('[::1]:8474'), { host: '::1', port: 8474 });
  t.strictSame(readApiAddress('0.0.0.0:8474'), { host: '0.0.0.0', port: 8474 });
  for (const text of [
    '8474',
    'localhost',
    'localhost:',
    'localhost:99999',
    '::1:8474',
    'a b:1',
    'localhost:8474x',
    '[0.0.0.0]:1',
  ]) {
    t.throws(() => readApiAddress(text), { code: 'BAD_ADDRESS', exitCode: 2, message: /--api/ }, text);
  }
});

t.test('localhost is both families; a busy port of either says what to do', async (t) => {
  const subject = await startSubject(t, { routes });
  const hasSix = await listenOn('::1', 0).then(close, () => false);
  if (hasSix) {
    const request = 'GET /things HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
    t.equal((await exchange(subject.port, request, '::1'))?.status, 200);
  }
  const busy = {
    code: 'PORT_BUSY',
    exitCode: 3,
    message: /^API port \d+ .* Choose one with --api, or stop that process\.$/,
  };
  const again = (listen: string) => startApi({ listen, routes, logger: silentLogger });
  await t.rejects(again(`localhost:${subject.port}`), busy);
  await t.rejects(again(`127.0.0.1:${subject.port}`), busy);
  if (hasSix) {
    const six = await listenOn('::1', 0);
    const { port } = six.address() as AddressInfo;
    await t.rejects(again(`localhost:${port}`), busy);
    await close(await listenOn('127.0.0.1', port));
    await close(six);
  }
  await t.rejects(again('192.0.2.1:0'), { code: 'BAD_HOST', exitCode: 3, message: /--api/ });
});

t.test('slow and dead clients keep nobody waiting, and are let go', async (t) => {
  const subject = await startSubject(t, { routes, requestMsMax: 300 });
  const head = 'POST /text HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf';
  const slow = exchange(subject.port, head);
  const silent = exchange(subject.port, 'GET /thi');
  const gone = connect(subject.port, '127.0.0.1');
  gone.on('error', () => undefined); // It is we who break it off.
  await new Promise((resolve) => gone.write(head, resolve));
  gone.resetAndDestroy();
  t.equal((await subject.call('GET', '/things')).status, 200);
  t.equal((await slow)?.status, 408);
  t.equal((await silent)?.status, 408);
  t.equal((await subject.call('GET', '/things')).status, 200);
});

t.test('a client must take its answer in time; a route may take longer', async (t) => {
  const big = 'x'.repeat(32 << 20);
  const gate = { open: () => {} };
  const opened = new Promise<void>((resolve) => {
    gate.open = resolve;
  });
  const slow: readonly Route[] = [
    { method: 'GET', path: '/slow', handle: () => opened.then(() => ({ status: 204 })) },
    { method: 'GET', path: '/big', handle: () => ({ status: 200, text: big, contentType: 'text/plain' }) },
  ];
  const subject = await startSubject(t, { routes: slow, answerMsMax: 200 });
  const answer = subject.call('GET', '/slow');
  const unread = connect(subject.port, '127.0.0.1', () => unread.write('GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n'));
  unread.pause();
  t.teardown(() => unread.destroy());
  // Both ends of both connections live in this process; the one that is not read notices nothing by itself.
  await until('both connections', 5_000, () => openSockets() === 4);
  await until('the one that is not read to be let go', 5_000, () => openSockets() === 3);
  gate.open();
  t.equal((await answer).status, 204);
});

t.test('a stream writes by itself; stopping ends it', async (t) => {
  let lines = 0;
  const streaming: Route = {
    method: 'GET',
    path: '/events',
    handle: () => ({
      stream(response) {
        response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
        response.write(`{"n":${++lines}}\n`);
      },
    }),
  };
  const subject = await startSubject(t, { routes: [streaming] });
  const answer = exchange(subject.port, 'GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await until('the stream to begin', 5_000, () => lines === 1);
  await subject.stop();
  const received = await answer.catch(() => undefined);
  t.match(received, { status: 200 });
  t.match(received?.body, /\{"n":1\}/);
  await t.rejects(exchange(subject.port, 'GET / HTTP/1.1\r\n\r\n'), { code: 'ECONNREFUSED' });
});

t.test('a broken invariant is no answer: it stops the process', async (t) => {
  const broken: Route = {
    method: 'GET',
    path: '/broken',
    handle() {
      throw new InvariantError('this can not be');
    },
  };
  const subject = await startSubject(t, { routes: [broken] });
  const listeners = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  const thrown = new Promise((resolve) => process.once('unhandledRejection', resolve));
  void exchange(subject.port, 'GET /broken HTTP/1.1\r\nHost: localhost\r\n\r\n');
  t.match(await thrown, { name: 'InvariantError' });
  for (const listener of listeners) process.on('unhandledRejection', listener);
});

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length;
}

function listenOn(host: string, port: number): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => resolve(server));
  });
}

function close(server: Server): Promise<boolean> {
  return new Promise((resolve) => server.close(() => resolve(true)));
}
