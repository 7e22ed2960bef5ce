/** The HTTP pages of real daemons: when they are ready, what they count, and that requests do not disturb the chat. */
import { connect, type Socket } from 'node:net';
import t from 'tap';
import { Cluster } from '../support/cluster.js';
import { ask, pagesOf, scrape } from '../support/http-pages.js';
import { runToEnd } from '../support/program.js';
import { nowMs, until } from '../support/until.js';

const deadlineMs = 20_000;

/** Waits until /readyz answers `status`, and returns what it says. */
async function readiness(address: string, status: number): Promise<string> {
  return await until(`/readyz of ${address} to say ${status}`, deadlineMs, async () => {
    const answer = await ask(address, '/readyz');
    return answer.status === status ? answer.body : undefined;
  });
}

/** Sends so many lines through one server and waits for their commits. Returns how long that took. */
async function send(cluster: Cluster, id: number, lines: number): Promise<number> {
  const input = Array.from({ length: lines }, (_, line) => `line ${line}\n`).join('');
  const beganMs = nowMs();
  const { code, stderr } = await runToEnd('synod', ['send', '--name', 'bot', '--server', cluster.address(id)], 30_000, {
    input,
    env: { XDG_CONFIG_HOME: `${cluster.root}/bot` },
  });
  if (code !== 0) throw new Error(`send ended with ${code}: ${stderr}`);
  return nowMs() - beganMs;
}

t.test('ready: not before there is a leader, and not when it is cut off', async (t) => {
  const cluster = new Cluster();
  t.teardown(() => cluster.stop());
  await cluster.startWithoutServers();
  const balancer = await pagesOf(cluster.balancer);
  t.equal(await readiness(balancer, 503), 'not sealed: 0 of 3 servers are there\n');
  const first = await pagesOf(cluster.spawnServer(1));
  t.equal((await ask(first, '/livez')).body, 'ok\n', 'alive from the first moment on');
  await until('server 1 to be waiting', deadlineMs, async () => (await readiness(first, 503)).includes('1 of 3'));
  t.match(JSON.parse((await ask(first, '/status')).body), { id: 1, state: 'starting', note: /1 of 3 servers/ });
  t.equal((await scrape(first)).get('synod_ready'), 0);

  await Promise.all([2, 3].map((id) => cluster.startServer(id)));
  const pages = new Map<number, string>([[1, first]]);
  for (const id of [2, 3]) pages.set(id, await pagesOf(cluster.server(id)));
  const pageOf = (id: number): string => pages.get(id) ?? '';
  for (const id of [1, 2, 3]) t.equal(await readiness(pageOf(id), 200), 'ready\n');
  t.equal(await readiness(balancer, 200), 'ready\n');
  t.equal((await scrape(first)).get('synod_ready'), 1);

  const status = await cluster.waitForStatus('a leader', ({ leader }) => leader !== 0);
  const { leader } = status;
  const own: unknown = JSON.parse((await ask(pageOf(leader), '/status')).body);
  const row = status.servers.find(({ id }) => id === leader);
  t.same(Object.keys(own as object), Object.keys(row as object), '/status has the fields of status --json');
  t.match(own, { id: leader, role: 'leader', state: 'up', rttMs: null, http: pageOf(leader), seat: 'votes' });
  t.equal(row?.http, pageOf(leader), 'status --json tells where the pages are');
  t.match((await ask(pageOf(leader), '/')).body, /synod server .*\/metrics/s, 'the list of pages');

  const others = [1, 2, 3].filter((id) => id !== leader);
  for (const id of others) await cluster.killServer(id);
  t.equal(await readiness(pageOf(leader), 503), `no leader: nothing is heard of servers ${others.join(', ')}\n`);
  t.equal((await ask(pageOf(leader), '/livez')).status, 200, 'alive all the same');
  const [back = 0] = others;
  await cluster.startServer(back);
  t.equal(await readiness(pageOf(leader), 200), 'ready\n');
  const gained = await scrape(pageOf(leader));
  t.equal(gained.get('synod_quorum_up'), 1);
  t.equal(gained.get(`synod_peer_heard{peer="${back}"}`), 1);
  t.equal(gained.get(`synod_peer_heard{peer="${others[1]}"}`), 0);
});

t.test('what is counted, and what hostile requests do', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.stop());
  const leader = await cluster.leader();
  const pages = await pagesOf(cluster.server(leader));
  const follower = [1, 2, 3].find((id) => id !== leader) ?? 0;
  const followerPages = await pagesOf(cluster.server(follower));

  await t.test('after N messages the metrics show N', async (t) => {
    const lines = 40;
    await send(cluster, leader, 1);
    const before = [await scrape(pages), await scrape(followerPages)] as const;
    await send(cluster, leader, lines);
    const [atLeader, atFollower] = [await scrape(pages), await scrape(followerPages)];
    const more = (name: string, now = atLeader, then = before[0]): number =>
      (now.get(name) ?? 0) - (then.get(name) ?? 0);
    t.equal(more('synod_commit_seconds_count'), lines);
    t.equal(more('synod_commit_seconds_bucket{le="+Inf"}'), lines, 'the last bucket holds all');
    t.ok(more('synod_commit_seconds_sum') > 0, 'and they took some time');
    t.equal(more('synod_slot_messages_sum'), lines);
    await until('the follower to apply them', deadlineMs, async () => {
      const now = await scrape(followerPages);
      return more('synod_slot_messages_sum', now, before[1]) === lines;
    });
    t.equal(more('synod_commit_seconds_count', atFollower, before[1]), 0, 'nobody sent through the follower');
    t.ok(more('synod_chosen_seconds_count') > 0);
    t.ok(more('synod_log_sync_seconds_count') > 0);
    t.ok(more('synod_log_sync_bytes_sum') > lines * 'line 1'.length);
    t.equal(more('synod_committed_slot'), more('synod_applied_slot'));
    t.equal(more('synod_clients_accepted_total'), 1);
    t.equal(atLeader.get('synod_is_leader'), 1);
    t.equal(atFollower.get('synod_is_leader'), 0);
    t.ok((atLeader.get('synod_elections_won_total') ?? 0) >= 1);
    t.ok((atLeader.get('synod_process_resident_memory_bytes') ?? 0) > 1e7);
  });

  await t.test('wrong requests are answered, and change nothing', async (t) => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']) {
      const { status, headers } = await ask(pages, '/metrics', { method });
      t.match(
        { method, status, allow: headers.allow, connection: headers.connection },
        {
          status: 405,
          allow: 'GET, HEAD',
          connection: 'close',
        },
      );
    }
    const head = await ask(pages, '/readyz', { method: 'HEAD' });
    t.match(head, { status: 200, body: '' });
    t.equal(head.headers['content-length'], '6');
    t.equal((await ask(pages, '/metrics?from=1')).status, 200);
    t.equal((await ask(pages, '/../etc/passwd')).status, 404);
    t.equal(
      (await ask(pages, '/livez', { headers: { host: 'evil.example' } })).status,
      403,
      'a name made to point here',
    );
    t.equal((await ask(pages, '/livez', { headers: { host: 'localhost:1' } })).status, 200);
    t.equal((await ask(pages, '/livez', { headers: { 'x-much': 'x'.repeat(20_000) } })).status, 431, 'huge headers');
    t.equal(
      (await ask(pages, '/livez', { headers: { 'content-length': '3' }, body: 'abc' })).headers.connection,
      'close',
    );
  });

  await t.test('slow, silent and many connections take nothing from the chat', async (t) => {
    const leader = await cluster.leader();
    const pages = await pagesOf(cluster.server(leader));
    const quietMs = await send(cluster, leader, 40);
    const strangers = Array.from({ length: 200 }, (_, at) => new Stranger(pages, at));
    t.teardown(() => {
      for (const stranger of strangers) stranger.end();
    });
    const seen = strangers.filter(({ reads }) => reads);
    await until('most to be turned away', deadlineMs, () => seen.filter(({ closed }) => closed).length > 100);
    t.ok(seen.filter(({ closed }) => !closed).length <= 32, 'few are held at once');
    const disturbedMs = await send(cluster, leader, 40);
    t.ok(disturbedMs < quietMs + 5_000, `${disturbedMs} ms for 40 lines, ${quietMs} ms without them`);
    await until('slow ones to be ended', deadlineMs, () => seen.every(({ closed }) => closed));
    for (const stranger of strangers) stranger.read();
    await until('those who never read to be ended', deadlineMs, () => strangers.every(({ closed }) => closed));
    t.equal(await readiness(pages, 200), 'ready\n');
  });
});

t.test('pages that other machines reach are refused as any open listener, unless insisted on', async (t) => {
  const cluster = new Cluster();
  t.teardown(() => cluster.stop());
  const args = ['balancer', '--listen', '127.0.0.1:0', '--data-dir', `${cluster.root}/b`, '--http', '0.0.0.0:0'];
  const refused = await runToEnd('synod', args, deadlineMs);
  t.equal(refused.code, 3);
  t.match(refused.stderr, /--http 0\.0\.0\.0:0 can be reached from other machines/);
  const open = cluster.run('synod', [...args, '--insecure']);
  const address = (await pagesOf(open)).replace('0.0.0.0', '127.0.0.1');
  t.equal((await ask(address, '/livez', { headers: { host: 'balancer.example' } })).status, 200, 'by any name');
  await open.kill();
  const none = cluster.run('synod', [...args.slice(0, -1), '']);
  await none.waitForLine('READY', (line) => line.startsWith('READY'), deadlineMs);
  t.notMatch(none.stderr, /http-listening/, 'an empty --http is none');
});

/** Holds a connection open: silent, or dripping a header that never ends, or asking a lot and reading nothing. */
class Stranger {
  closed = false;
  /** It notices when it is ended. */
  readonly reads: boolean;
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(address: string, kind: number) {
    const [host = '', port = ''] = address.split(':');
    this.#socket = connect(Number(port), host);
    this.#socket.on('error', () => this.end());
    this.#socket.on('close', () => this.end());
    this.reads = kind % 3 !== 2;
    if (this.reads) this.#socket.resume();
    if (kind % 3 === 0) return;
    if (kind % 3 === 1) {
      this.#socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
      this.#timer = setInterval(() => this.#socket.write('x'), 100);
    } else {
      this.#socket.pause();
      this.#socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(200));
      this.#socket.write('GET /metrics HTTP/1.1\r\n');
    }
  }

  read(): void {
    this.#socket.resume();
  }

  end(): void {
    clearInterval(this.#timer);
    this.closed = true;
    this.#socket.destroy();
  }
}
