/** The HTTP listener by itself: pages, names it answers to, its pace, and the text form of metrics. */
import { connect, type Socket } from 'node:net';
import t from 'tap';
import { BucketHistogram, ExitError, type LogFields, limits, silentLogger } from '../../src/base/index.js';
import { checkHttpAddress, daemonPages, type Metric, startHttp } from '../../src/daemon/http/index.js';
import { Pace } from '../../src/daemon/http/pace.js';
import { readProbe } from '../../src/daemon/http/side-door.js';
import { missingOf } from '../../src/daemon/server/readiness.js';
import { FakeClock } from '../support/fake-clock.js';
import { ask } from '../support/http-pages.js';
import { until, within } from '../support/until.js';

const histogram = new BucketHistogram([0.5, 1]);
histogram.observe(0.2, 3);
histogram.observe(7);
const metrics: readonly Metric[] = [
  { name: 'synod_things', help: 'Things "here".', kind: 'gauge', read: () => 2 },
  {
    name: 'synod_ends_total',
    help: 'Ends.',
    kind: 'counter',
    read: () => [
      { labels: { reason: 'a "quoted" one' }, value: 1 },
      { labels: { reason: 'B' }, value: 0 },
    ],
  },
  { name: 'synod_wait_seconds', help: 'Waits.', kind: 'histogram', read: () => histogram },
];

function pagesFor(facts: { missing?: () => string; status?: () => object } = {}) {
  return daemonPages({
    title: () => 'synod test',
    missing: facts.missing ?? (() => ''),
    status: facts.status ?? (() => ({ id: 1 })),
    metrics: () => metrics,
  });
}

t.test('metrics in the text form', async (t) => {
  const listener = await startHttp({ address: '127.0.0.1:0', pages: pagesFor(), logger: silentLogger });
  t.teardown(() => listener.stop());
  const { body, headers, status } = await ask(listener.address, '/metrics');
  t.equal(status, 200);
  t.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  t.equal(headers['cache-control'], 'no-store');
  t.same(
    body.split('\n').filter((line) => line !== ''),
    [
      '# HELP synod_things Things "here".',
      '# TYPE synod_things gauge',
      'synod_things 2',
      '# HELP synod_ends_total Ends.',
      '# TYPE synod_ends_total counter',
      'synod_ends_total{reason="a \\"quoted\\" one"} 1',
      'synod_ends_total{reason="B"} 0',
      '# HELP synod_wait_seconds Waits.',
      '# TYPE synod_wait_seconds histogram',
      'synod_wait_seconds_bucket{le="0.5"} 3',
      'synod_wait_seconds_bucket{le="1"} 3',
      'synod_wait_seconds_bucket{le="+Inf"} 4',
      'synod_wait_seconds_sum 7.6',
      'synod_wait_seconds_count 4',
    ],
  );
});

t.test('a page that can not be made is an answer and a line in the log, and ends nothing', async (t) => {
  const errors: [string, LogFields | undefined][] = [];
  const logger = { ...silentLogger, error: (event: string, fields?: LogFields) => void errors.push([event, fields]) };
  const status = (): object => {
    throw new Error('broken');
  };
  const listener = await startHttp({ address: '127.0.0.1:0', pages: pagesFor({ status }), logger });
  t.teardown(() => listener.stop());
  t.match(await ask(listener.address, '/status'), { status: 500, body: /see the log/ });
  t.same(errors, [['http-page-failed', { path: '/status', error: 'Error: broken' }]]);
  t.equal((await ask(listener.address, '/livez')).status, 200);
});

t.test('names: on loopback only those of this machine, elsewhere any', async (t) => {
  const near = await startHttp({ address: 'localhost:0', pages: pagesFor(), logger: silentLogger });
  t.teardown(() => near.stop());
  t.match(near.address, /^127\.0\.0\.1:\d+$/);
  const everywhere = await startHttp({ address: '0.0.0.0:0', pages: pagesFor(), logger: silentLogger });
  t.teardown(() => everywhere.stop());
  const far = everywhere.address.replace('0.0.0.0', '127.0.0.1');
  for (const [host, nearStatus] of [
    ['localhost', 200],
    ['localhost:9100', 200],
    ['127.0.0.1:80', 200],
    ['[::1]:80', 200],
    ['evil.example', 403],
    ['127.0.0.1.evil.example', 403],
    ['localhost.evil.example:80', 403],
  ] as const) {
    t.equal((await ask(near.address, '/livez', { headers: { host } })).status, nearStatus, host);
    t.equal((await ask(far, '/livez', { headers: { host } })).status, 200, `${host}, where anybody may call`);
  }
});

t.test('an address that is none, or that is taken', async (t) => {
  t.throws(() => checkHttpAddress('nowhere'), { exitCode: 2, code: 'BAD_ADDRESS' });
  t.throws(() => checkHttpAddress('a:99999'), ExitError);
  t.same(checkHttpAddress(':9100'), { host: '127.0.0.1', port: 9100 });
  t.same(checkHttpAddress('[::1]:0'), { host: '::1', port: 0 });
  const first = await startHttp({ address: '127.0.0.1:0', pages: pagesFor(), logger: silentLogger });
  t.teardown(() => first.stop());
  const again = startHttp({ address: first.address, pages: pagesFor(), logger: silentLogger });
  await t.rejects(again, { exitCode: 3, code: 'PORT_BUSY', message: /Choose one with --http/ });
});

t.test('the pace: a share a second for each address, and what a flood is', async (t) => {
  const clock = new FakeClock();
  const pace = new Pace(clock, 3);
  const flooded: boolean[][] = [];
  pace.onFlood = (floods) => flooded.push(['a', 'b'].map(floods));
  const takes = (count: number): boolean[] => Array.from({ length: count }, () => pace.take('a'));
  t.same(takes(5), [true, true, true, false, false]);
  t.same([pace.floods('a'), flooded], [false, []]);
  t.same(takes(2), [false, false]);
  t.same([pace.floods('a'), flooded], [true, [[true, false]]], 'told once, and whose it is');
  t.same([pace.take('b'), pace.floods('b')], [true, false], 'others have their own');
  clock.advance(999);
  t.ok(pace.floods('a'));
  clock.advance(1);
  t.notOk(pace.floods('a'));
  t.same(takes(4), [true, true, true, false], 'a new second');
  for (let i = 0; i < 100; i++) pace.take(`stranger ${i}`);
  t.notOk(pace.take('one more'), 'a thousand addresses are one in the end');
});

const near = '127.0.0.1';
const stranger = '127.0.0.2';

/** A connection from an address of this machine that stays. */
function callFrom(localAddress: string, listener: string): Socket {
  const [host = '', port = ''] = listener.split(':');
  return connect({ host, port: Number(port), localAddress })
    .on('error', () => undefined)
    .resume();
}

t.test('a flood of requests in one read is cut off, and the next second is a new one', async (t) => {
  let answered = 0;
  const missing = (): string => {
    answered++;
    return '';
  };
  const listener = await startHttp({ address: '127.0.0.1:0', pages: pagesFor({ missing }), logger: silentLogger });
  t.teardown(() => listener.stop());
  const livez = 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const [beside, other] = [callFrom(stranger, listener.address), callFrom(near, listener.address)];
  for (const socket of [beside, other]) {
    socket.write(livez);
    await until('an answer beside', 10_000, () => socket.bytesRead > 0);
  }
  const flood = callFrom(stranger, listener.address);
  flood.write('GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(1_000));
  await until('the flood to be cut off', 10_000, () => flood.closed);
  await until('all others of its address to be', 2_000, () => beside.closed);
  t.ok(answered <= 2 * limits.httpRequestsPerSecond, `${answered} pages were made`);
  const before = other.bytesRead;
  other.write(livez);
  await until('an answer to somebody else', 10_000, () => other.bytesRead > before);
  t.notOk(other.closed);
  await until('a page for who flooded, when the second is over', 10_000, async () => {
    const again = callFrom(stranger, listener.address);
    again.end(livez.replace('livez', 'status'));
    await until('its end', 10_000, () => again.closed);
    return again.bytesRead > 0;
  });
});

t.test('probes are answered in the midst of a flood from their own address, and nothing else is', async (t) => {
  let missing = '';
  const pages = pagesFor({ missing: () => missing });
  const listener = await startHttp({ address: '127.0.0.1:0', pages, logger: silentLogger });
  t.teardown(() => listener.stop());
  let floods = 0;
  let isOver = false;
  const flood = (): void => {
    const socket = callFrom(stranger, listener.address);
    socket.write('GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(1_000));
    socket.on('close', () => {
      floods++;
      if (!isOver) setImmediate(flood);
    });
  };
  t.teardown(() => {
    isOver = true;
  });
  flood();
  const ended = 'ended';
  const probe = (path: string, { method = 'GET', headers = {} } = {}): Promise<string> =>
    ask(listener.address, path, { from: stranger, method, headers }).then(
      ({ status, body }) => `${status} ${body}`,
      () => ended,
    );
  // The one that is under way when a flood begins is lost with it; never two in a row.
  const probeTwice = async (path: string, method = 'GET'): Promise<string> => {
    const first = await probe(path, { method });
    return first === ended ? probe(path, { method }) : first;
  };
  // Through the beginnings of several seconds, in which the flood is let in again.
  const endMs = performance.now() + 2_500;
  let probes = 0;
  while (performance.now() < endMs || floods < 3) {
    missing = '';
    await until('the flood', 10_000, () => floods > 0);
    t.equal(await probeTwice('/livez'), '200 ok\n');
    missing = 'no leader: §';
    t.equal(await probeTwice('/readyz'), '503 no leader: §\n');
    t.equal(await probeTwice('/readyz', 'HEAD'), '503 ');
    probes += 3;
  }
  t.ok(probes > 20, `${probes} probes beside ${floods} floods`);
  await until('another page to be refused', 10_000, async () => (await probe('/status')) === ended);
  await until(
    'a foreign name to be',
    10_000,
    async () => (await probe('/livez', { headers: { host: 'evil.example' } })) === ended,
  );
});

const isProbed = (path: string): boolean => path === '/livez' || path === '/readyz';

t.test('what a probe is', async (t) => {
  const read = (text: string) => readProbe(Buffer.from(text), isProbed);
  t.same(read('GET /livez HTTP/1.1\r\nHost: a:1 \r\nUser-Agent: kube-probe/1.30\r\n\r\n'), {
    method: 'GET',
    path: '/livez',
    host: 'a:1',
  });
  t.same(read('HEAD /readyz?verbose HTTP/1.0\r\n\r\n'), { method: 'HEAD', path: '/readyz', host: undefined });
  for (const wrong of [
    ...['', 'GET /livez HTTP/1.1\r\nHost: a\r\n', 'POST /livez HTTP/1.1\r\n\r\n', 'GET /livez\r\n\r\n'],
    ...['GET /livez HTTP/1.1\r\n\r\n'.repeat(2), `GET /livez HTTP/1.1\r\nx: ${'x'.repeat(1_000)}\r\n\r\n`],
    ...['GET /status HTTP/1.1\r\n\r\n', 'GET /livez\r\n?x HTTP/1.1\r\n\r\n', 'GET /livezHTTP/1.1\r\n\r\n'],
  ]) {
    t.equal(read(wrong), undefined, JSON.stringify(wrong));
  }
});

t.test('no filling of a probe takes long to read', async (t) => {
  const spent = (from: NodeJS.CpuUsage): number => {
    const { user, system } = process.cpuUsage(from);
    return (user + system) / 1_000;
  };
  const [callsMax, cpuMsMax] = [400, 200];
  const probe = 'GET /livez HTTP/1.1\r\n';
  for (const [name, start, filling, end] of [
    ['spaces', `${probe}host:`, ' ', '\n\r\n\r\n'],
    ['tabs and spaces', `${probe}host:`, '\t ', '\n\r\n\r\n'],
    ['spaces behind a name', `${probe}host: a`, ' ', '\n\r\n\r\n'],
    ['hosts', probe, 'host:', '\r\n\r\n'],
    ['lines', probe, '\r\nhost:', '\n\r\n\r\n'],
    ['bare line feeds', `${probe}host:`, '\n', '\r\n\r\n'],
    ['a path', 'GET ', '/', ' HTTP/1.1\n\r\n\r\n'],
    ['questions', 'GET /livez', '?', ' HTTP/1.1\n\r\n\r\n'],
    ['versions', 'GET /livez?', ' HTTP/1.1', '\n\r\n\r\n'],
  ] as const) {
    const filled = start + filling.repeat((1_024 - start.length - end.length) / filling.length) + end;
    const chunk = Buffer.from(filled);
    const began = process.cpuUsage();
    let calls = 0;
    while (calls < callsMax && spent(began) < cpuMsMax) {
      readProbe(chunk, isProbed);
      calls++;
    }
    t.equal(calls, callsMax, `${name}: ${calls} readings in ${spent(began)} ms of the processor`);
  }
});

t.test('a silent connection through the side door does not hold up the end', async (t) => {
  const listener = await startHttp({ address: '127.0.0.1:0', pages: pagesFor(), logger: silentLogger });
  const silent: Socket[] = [];
  t.teardown(() => {
    for (const socket of silent) socket.destroy();
  });
  await until('one to be let in in the midst of a flood', 10_000, async () => {
    const flood = callFrom(stranger, listener.address);
    flood.write('GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(1_000));
    await until('the flood to be cut off', 10_000, () => flood.closed);
    const socket = callFrom(stranger, listener.address);
    silent.push(socket);
    await until('it to connect', 10_000, () => !socket.connecting);
    // The next one goes through the side door, too, if this page is no answer.
    return await ask(listener.address, '/status', { from: stranger }).then(
      () => false,
      () => true,
    );
  });
  await within('the end', limits.httpRequestMs / 2, listener.stop());
  await until('the silent ones to be sent away', 10_000, () => silent.every(({ closed }) => closed));
  t.pass('at once, and they were sent away');
});

t.test('by staying nobody keeps others out: a newcomer takes a place of who has most', async (t) => {
  const listener = await startHttp({ address: '127.0.0.1:0', pages: pagesFor(), logger: silentLogger });
  t.teardown(() => listener.stop());
  const livez = 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const kept = callFrom(near, listener.address);
  kept.write(livez);
  await until('an answer', 10_000, () => kept.bytesRead > 0);
  const greedy: Socket[] = [];
  t.teardown(() => {
    for (const socket of [...greedy, kept]) socket.destroy();
  });
  for (let i = 0; i < 3 * limits.httpConnectionsMax; i++) {
    const socket = callFrom(stranger, listener.address);
    greedy.push(socket);
    if (i % 16 === 15) await until('them to be let in', 10_000, () => greedy.every(({ connecting }) => !connecting));
  }
  const closed = (): number => greedy.filter((socket) => socket.closed).length;
  await until('the oldest to be sent away', 10_000, () => closed() >= greedy.length - limits.httpConnectionsMax + 1);
  t.equal(closed(), greedy.length - limits.httpConnectionsMax + 1, 'and no more than that');
  t.equal(
    greedy.findIndex((socket) => !socket.closed),
    closed(),
    'the oldest first',
  );
  for (const from of [stranger, near]) t.equal((await ask(listener.address, '/livez', { from })).status, 200, from);
  const before = kept.bytesRead;
  kept.write(livez);
  await until('an answer to who has one only', 10_000, () => kept.bytesRead > before);
});

t.test('by asking nobody takes the pages from who probes', async (t) => {
  const listener = await startHttp({ address: '127.0.0.1:0', pages: pagesFor(), logger: silentLogger });
  t.teardown(() => listener.stop());
  const asked = async (path: string): Promise<number> => (await ask(listener.address, path)).status;
  const sharesMax = limits.httpRequestsPerSecond + 20;
  let refused = false;
  await until('a share to be used up', 10_000, async () => {
    for (let i = 0; i < sharesMax && !refused; i++) refused = (await asked('/status')) === 429;
    return refused;
  });
  t.same([await asked('/livez'), await asked('/readyz')], [200, 200], 'probes are answered all the same');
});

t.test('what a server lacks', async (t) => {
  const well = {
    isFull: false,
    fetchesState: false,
    happy: true,
    caughtUp: true,
    lag: 3,
    heard: [2, 3],
    others: [2, 3],
  };
  t.equal(missingOf(well), '');
  t.match(missingOf({ ...well, happy: false }), /^no leader: all servers are heard/);
  t.equal(missingOf({ ...well, happy: false, heard: [2] }), 'no leader: nothing is heard of server 3');
  t.equal(missingOf({ ...well, happy: false, heard: [] }), 'no leader: nothing is heard of servers 2, 3');
  t.equal(missingOf({ ...well, caughtUp: false }), 'not caught up: 3 slots behind');
  t.equal(missingOf({ ...well, lag: 5_000 }), 'not caught up: 5000 slots behind');
  t.match(missingOf({ ...well, fetchesState: true }), /^not caught up: takes over/);
  t.match(missingOf({ ...well, isFull: true }), /^disk full: /);
});
