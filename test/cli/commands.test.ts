/** The commands against a real, small cluster (one server), started through the old spellings with -id=0. */
import path from 'node:path';
import t from 'tap';
import { run, start, until } from './program.js';

t.setTimeout(180_000);

const home = t.testdir();
const balancerProcess = start('lrunner', ['-hostPort=localhost:0', '-servers=1'], home);
await until(() => balancerProcess.out().includes('\n'), 'the balancer is READY');
const balancer = balancerProcess.out().trim().split(' ').at(-1) as string;
const serverProcess = start('srunner', [`-master=${balancer}`, '-port=0', '-mode='], home);
await until(() => serverProcess.out().includes('\n'), 'the server is READY');
const server = serverProcess.out().trim().split(' ').at(-1) as string;
const at = ['--balancer', balancer];
const synod = (command: string, ...args: string[]) => run('synod', [command, ...at, ...args], home);
const lines = (text: string) => text.trimEnd().split('\n');

t.teardown(async () => {
  for (const daemon of [serverProcess, balancerProcess]) {
    daemon.child.kill('SIGTERM');
    await daemon.finished;
  }
});

t.test('-id=0 takes the free number, says so and keeps it in a directory named after the port', async (t) => {
  t.match(serverProcess.out(), /^READY server 1 127\.0\.0\.1:\d+\n$/);
  t.match(serverProcess.err(), /srunner: took id 1/);
  const check = await run('synod', ['log', 'check', './synod-data/server-at-0'], home);
  t.match(check, { code: 0, out: /^sound: / });
});

t.test('send waits for the commit of what is given, or of each line of stdin', async (t) => {
  t.match(await synod('send', '--name', 'bot', '--', 'one', 'line'), {
    code: 0,
    out: /^committed #lobby 1 slot \d+\n$/,
  });
  const piped = await run('synod', ['send', ...at, '--name', 'bot', '--json'], home, 'two\n\nthree\n');
  t.equal(piped.code, 0);
  const committed = lines(piped.out)
    .map((line) => JSON.parse(line) as { state: string; n?: number })
    .filter((event) => event.state === 'committed');
  t.strictSame(
    committed.map((event) => event.n),
    [2, 3],
  );
});

t.test('tail: all, from a number, so many, as JSON', async (t) => {
  const all = await synod('tail');
  t.equal(all.code, 0);
  t.strictSame(
    lines(all.out).map((line) => line.replace(/^\d\d:\d\d /, '')),
    ['<bot> one line', '<bot> two', '<bot> three'],
  );
  const one = await synod('tail', '--from', '2', '--limit', '1', '--json');
  t.match(JSON.parse(one.out), { event: 'message', room: '#lobby', n: 2, from: 'bot', text: 'two' });
  const pinned = await run('synod', ['tail', '--server', server, '--from', '3'], home);
  t.match(pinned.out, /<bot> three\n$/);
  t.match(await synod('tail', '--room', '#empty'), { code: 0, out: '' });
});

t.test('tail --follow goes on with what comes, from the wanted message on', async (t) => {
  const following = start('synod', ['tail', ...at, '--follow', '--from', '3', '--limit', '2', '--json'], home);
  await until(() => following.out().includes('"n":3'), 'what is there');
  await synod('send', '--name', 'bot', '--', 'four');
  const { code, out } = await following.finished;
  t.equal(code, 0, 'it ends by itself at its limit');
  t.strictSame(
    lines(out)
      .map((line) => JSON.parse(line) as { event: string; n?: number })
      .filter((event) => event.event === 'message')
      .map((event) => event.n),
    [3, 4],
  );
});

t.test('a direct message is shown to the two of them only', async (t) => {
  const said = await run('synod', ['chat', ...at, '--name', 'ann', '--history', '0'], home, '/msg bot psst\n');
  t.equal(said.code, 0);
  t.match((await synod('tail', '--room', '@bot,ann')).out, /<ann> psst/);
  const stranger = await run('synod', ['tail', ...at, '--room', '@ann,bot'], path.join(home, 'stranger'));
  t.match(stranger, { code: 3, out: '', err: /only the two people/ });
});

t.test('a name of somebody else is refused with 3', async (t) => {
  const stranger = path.join(home, 'stranger');
  const chat = await run('synod', ['chat', ...at, '--name', 'bot', '--json'], stranger, 'hi\n');
  t.match(chat, { code: 3, out: /"event":"error","code":"NAME_TAKEN"/ });
  const send = await run('synod', ['send', ...at, '--name', 'BOT', '--', 'hi'], stranger);
  t.match(send, { code: 3, err: /belongs to another user/ }, 'capitals make no other name');
});

t.test('a message that is too long is refused with 3, its neighbours are not', async (t) => {
  const { code, out, err } = await run('synod', ['send', ...at, '--name', 'bot'], home, `${'x'.repeat(8_193)}\nfine\n`);
  t.equal(code, 3);
  t.match(err, /8,193 bytes; the limit is 8,192/);
  t.match(out, /^committed #lobby \d+ slot \d+\n$/);
});

t.test('status and verify', async (t) => {
  const table = await synod('status', '--strict');
  t.equal(table.code, 0, table.out);
  t.match(table.out, /^ID +ADDRESS +STATE +ROLE/);
  t.match(table.out, /quorum 1\/1 ok · leader s1 · faults: none\n$/);
  const json = JSON.parse((await synod('status', '--json')).out) as { servers: { state: string; committed: number }[] };
  t.match(json, {
    quorum: { up: 1, size: 1, ok: true },
    leader: 1,
    servers: [{ id: 1, address: server, state: 'up' }],
  });
  const named = await run('synod', ['status', '--servers', server, '--json'], home);
  t.match(JSON.parse(named.out), { quorum: { up: 1, size: 1, ok: true }, leader: 1 });
  const verdict = JSON.parse((await synod('verify', '--json')).out) as { comparedThrough: number };
  t.match(verdict, { ok: true, servers: [{ id: 1 }] });
  t.ok(verdict.comparedThrough >= (json.servers[0]?.committed ?? Number.NaN));
});

t.test('crunner: history first, own states, and // for a slash', async (t) => {
  const { code, out } = await run(
    'crunner',
    ['-id=Lala', '-port1=2003', `-master=${balancer}`],
    home,
    '//etc\n/me waves\n',
  );
  t.equal(code, 0);
  t.match(out, /<bot> one line/);
  t.match(out, /^\[1 queued\]$/m);
  t.match(out, /^\[2 committed slot \d+\]$/m);
  t.match(out, /^\d\d:\d\d <Lala> \/etc$/m);
  t.match(out, /^\d\d:\d\d \* Lala waves$/m);
});

t.test('test1 says hi and sees it where it must', async (t) => {
  const { code, out } = await run('test1', [`-master=${balancer}`], home);
  t.equal(code, 0, out);
  t.match(out, /^server 1 127\.0\.0\.1:\d+: "hi" committed after \d\.\d\d s \(expected: within 3 s\) ok\n$/);
});

t.test('log dump names what was said, and no secret', async (t) => {
  const folder = './synod-data/server-at-0';
  const { code, out } = await run('synod', ['log', 'dump', folder, '--json'], home);
  t.equal(code, 0);
  const records = lines(out).map((line) => JSON.parse(line) as { sequence: number; kind: string; items?: string[] });
  t.strictSame(
    records.map((record) => record.sequence),
    records.map((_, index) => index + 1),
    'no record is left out',
  );
  const items = records.flatMap((record) => record.items ?? []);
  t.ok(items.some((item) => /^session \d+\/0 seq 1 post #lobby "one line"$/.test(item)));
  t.ok(items.some((item) => /^register "bot" index 0 at server 1/.test(item)));
  const text = await run('synod', ['log', 'dump', folder], home);
  t.match(text.out, /accept slot \d+ ballot \d+\.1 \[register "bot"/);
});
