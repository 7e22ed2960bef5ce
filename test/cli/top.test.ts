/** `synod top` and what `--watch` remembers: rates of two looks, rows of the dead, a terminal that is given back. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { ExitError, secondsBounds } from '../../src/base/index.js';
import { type Call, OptionValues } from '../../src/cli/command.js';
import { askFigures, type FiguresAnswer, readFigures } from '../../src/cli/figures.js';
import { LiveScreen } from '../../src/cli/live-screen.js';
import { ageText, Lookout } from '../../src/cli/lookout.js';
import { type Probe, statusView } from '../../src/cli/status-view.js';
import { bytesText, topLines, topRows } from '../../src/cli/top-view.js';
import type { Figures } from '../../src/daemon/index.js';
import type { Status } from '../../src/wire/index.js';

function up(serverId: number, changes: Partial<Status> = {}): Probe {
  const status: Status = {
    type: 'status',
    request: 1,
    serverId,
    clusterId: Buffer.alloc(16, 0xab),
    role: serverId === 2 ? 'leader' : 'follower',
    leader: 2,
    ballot: { round: 7, server: 2, incarnation: 1 },
    committed: 1041,
    applied: 1041,
    clients: 3,
    happy: true,
    http: '127.0.0.1:1',
    faults: '',
    note: '',
    members: [1, 2, 3].map((id) => ({ id, address: `localhost:901${id}`, heard: true })),
    ...changes,
  };
  return { ok: true, address: `localhost:901${serverId}`, status, seats: undefined, rttMs: 0.84 };
}

function down(id: number, at: number, reason = 'connection refused'): Probe {
  return { ok: false, id, address: `localhost:901${at}`, reason };
}

/** Counts in the bucket of `seconds`. */
function countsAt(seconds: number, count: number): Figures['commitSeconds'] {
  const at = secondsBounds.findIndex((bound) => seconds <= bound);
  return { bounds: secondsBounds, counts: [...secondsBounds, 0].map((_, bucket) => (bucket === at ? count : 0)) };
}

function figures(changes: Partial<Figures> = {}): Figures {
  return {
    atMs: 10_000,
    messages: 1_000,
    commitSeconds: countsAt(0.004, 100),
    syncSeconds: countsAt(0.0008, 50),
    queuedBytes: 1_536,
    residentBytes: 90 * 2 ** 20,
    cpuSeconds: 5,
    ...changes,
  };
}

t.test('rates of two looks', async (t) => {
  const view = statusView([up(1), up(2), down(3, 3)], 3, 'abab');
  const before = new Map([[2, figures()]]);
  const later = figures({
    atMs: 12_000,
    messages: 1_500,
    commitSeconds: countsAt(0.004, 300),
    syncSeconds: countsAt(0.0008, 90),
    cpuSeconds: 6,
  });
  const now = new Map<number, FiguresAnswer>([
    [1, { error: 'no figures: it runs without --http' }],
    [2, later],
  ]);
  const rows = topRows(view, now, before);
  t.match(rows[1], { messagesPerSecond: 250, processor: 0.5, queuedBytes: 1_536 });
  t.match(topLines(view, rows), [
    /^ID +ROLE +BALLOT +MSG\/S +P50 +P99 +FSYNC P99 +LAG +CLIENTS +QUEUE +RSS +CPU +NOTE$/,
    /^s1 +follower +7\.2 +- +- +- +- +0 +3 +- +- +- +no figures: it runs without --http$/,
    /^s2 +leader +7\.2 +250 +3\.25ms +3\.98ms +0\.80ms +0 +3 +1\.5K +90M +50%$/,
    /^s3 +DOWN +- +- +- +- +- +- +- +- +- +- +connection refused$/,
    /^quorum 2\/3 ok · leader s2 · faults: none$/,
  ]);
});

t.test('no rate of a first look, nor of a process that has begun anew', async (t) => {
  const view = statusView([up(2)], 1, '');
  const now = new Map([[2, figures()]]);
  t.match(topRows(view, now, new Map())[0], {
    messagesPerSecond: null,
    commitP99Ms: null,
    residentBytes: 90 * 2 ** 20,
  });
  const older = new Map([[2, figures({ atMs: 99_000, messages: 9_000 })]]);
  t.match(topRows(view, now, older)[0], { messagesPerSecond: null, processor: null });
});

t.test('sizes', async (t) => {
  const texts = [0, 1, 1_023, 1_024, 1_536, 90 * 2 ** 20, 5 * 2 ** 30].map(bytesText);
  t.same(texts, ['0', '1B', '1023B', '1.0K', '1.5K', '90M', '5.0G']);
});

function callWith(options: Record<string, string>): Call {
  const output = { line: () => undefined, note: () => undefined };
  const { stdin, env: environment } = process;
  const signal = new AbortController().signal;
  const values = new OptionValues(new Map(Object.entries(options)));
  return { program: 'synod', options: values, positionals: [], output, stdin, environment, signal };
}

t.test('one that has died keeps its row, its number and when it was seen', async (t) => {
  let nowMs = 1_000;
  const answers = new Map<string, Probe>([
    ['localhost:9011', up(1)],
    ['localhost:9012', up(2)],
    ['localhost:9013', up(3)],
  ]);
  const call = callWith({ servers: 'localhost:9011,localhost:9012,localhost:9013' });
  const ask = async ({ id, address }: { id: number; address: string }): Promise<Probe> =>
    answers.get(address.replace('127.0.0.1', 'localhost')) ?? { ...down(id, 0), address };
  const lookout = new Lookout(call, () => nowMs, ask);
  await lookout.look();
  answers.set('localhost:9012', down(0, 2));
  nowMs += 12_000;
  const { probes } = await lookout.look();
  t.same(
    probes.find((one) => one.address === 'localhost:9012'),
    { ...down(2, 2), reason: 'connection refused; last seen 12s ago as leader at slot 1041' },
  );
  answers.set('localhost:9012', up(2, { role: 'follower', applied: 2_000 }));
  t.ok(
    (await lookout.look()).probes.every(({ ok }) => ok),
    'until it is back',
  );
});

t.test('one never seen is known by its number from the others', async (t) => {
  const lookout = new Lookout(
    callWith({ servers: '127.0.0.1:9011,127.0.0.1:9013' }),
    () => 0,
    async ({ address }) => {
      const members = [1, 3].map((id) => ({ id, address: `127.0.0.1:901${id}`, heard: true }));
      return address.endsWith('1') ? { ...up(1, { members }), address } : { ...down(0, 3), address };
    },
  );
  t.match((await lookout.look()).probes[1], { ok: false, id: 3, reason: 'connection refused' });
});

t.test('without a balancer nothing is known, and it is said', async (t) => {
  const lookout = new Lookout(callWith({ balancer: '127.0.0.1:1', timeout: '1s' }));
  await t.rejects(lookout.look(), ExitError);
});

t.test('how long ago', async (t) => {
  t.same([400, 12_000, 119_000, 180_000, 7_200_000].map(ageText), ['0s', '12s', '119s', '3m', '2h']);
});

t.test('figures that are none', async (t) => {
  t.match(readFigures(JSON.stringify(figures())), figures());
  const { counts } = figures().commitSeconds;
  for (const wrong of [
    '',
    'null',
    '[]',
    '{"starting":true}',
    JSON.stringify({ ...figures(), messages: '7' }),
    JSON.stringify({ ...figures(), commitSeconds: { bounds: [1], counts } }),
    JSON.stringify({ ...figures(), syncSeconds: { bounds: [1], counts: [1, null] } }),
  ]) {
    t.equal(readFigures(wrong), undefined, wrong.slice(0, 40));
  }
});

t.test('a page that says too much, is silent, is not there or is nowhere', async (t) => {
  const server = createServer((request, response) => {
    if (request.headers.host?.startsWith('127') !== true) return;
    response.end('x'.repeat(100_000));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  t.match(await askFigures(`127.0.0.1:${port}`, '127.0.0.1:1', 5_000), { error: /says too much/ });
  for (const everywhere of ['0.0.0.0', '[::]', '[0:0::0]', '0']) {
    const answer = await askFigures(`${everywhere}:${port}`, '127.0.0.1:1', 5_000);
    t.match(answer, { error: /says too much/ }, `${everywhere}: where the server is`);
  }
  t.match(await askFigures(`localhost:${port}`, '127.0.0.1:1', 100), { error: /does not answer/ });
  t.match(await askFigures('127.0.0.1:1', '127.0.0.1:1', 1_000), { error: /^no figures: 127\.0\.0\.1:1 / });
  t.match(await askFigures('', '127.0.0.1:1', 1_000), { error: /without --http/ });
  t.match(await askFigures('user@evil/x?:80', '127.0.0.1:1', 1_000), { error: /no address/ });
});

t.test('the terminal is taken, painted within its bounds, and given back once', async (t) => {
  const written: string[] = [];
  const listeners = process.listenerCount('exit');
  const screen = new LiveScreen({ columns: 5, rows: 3, write: (text) => written.push(text) });
  t.equal(written.splice(0).join(''), '\x1b[?1049h\x1b[?25l');
  t.equal(process.listenerCount('exit'), listeners + 1, 'given back however the process ends');
  screen.show(['1234567', 'b', 'c', 'd']);
  t.equal(written.splice(0).join(''), '\x1b[H12345\x1b[K\r\nb\x1b[K\r\n\x1b[J');
  screen.close();
  screen.close();
  t.equal(written.splice(0).join(''), '\x1b[?25h\x1b[?1049l');
  t.equal(process.listenerCount('exit'), listeners);
});
