/** The balancer on loopback, with registrants made of raw frames. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';

type Tap = typeof t;

import { nodeClock, silentLogger } from '../../src/base/index.js';
import type { Seal } from '../../src/daemon/balancer/membership.js';
import { Registrar } from '../../src/daemon/balancer/registrar.js';
import { formatSeal, parseSeal, SealFile, type SealStore } from '../../src/daemon/balancer/seal-file.js';
import { helloGate } from '../../src/daemon/hello-gate.js';
import type { BalancerHandle } from '../../src/daemon/index.js';
import { startBalancer } from '../../src/daemon/index.js';
import { listen, netContext } from '../../src/net/index.js';
import type { Member, MessageOf } from '../../src/wire/index.js';
import { hello, Raw, until } from './raw.js';

t.setTimeout(60_000);
const bytes = (n: number): Uint8Array => new Uint8Array(16).fill(n);
const addressOf = (id: number): string => `127.0.0.1:${9000 + id}`;

interface Shown {
  clusterId?: Uint8Array;
  members?: readonly Member[];
  birth?: number;
  life?: number;
  address?: string;
}

/** A registrant that has said hello and join. */
async function join(balancer: { address: string }, id: number, shown: Shown = {}): Promise<Raw> {
  const { clusterId, members = [], birth = 100 + id, life = 1000 + id, address = addressOf(id) } = shown;
  const raw = await Raw.welcomed(balancer.address, {
    role: 'registrant',
    serverId: id,
    incarnation: life,
    birthId: bytes(birth),
    ...(clusterId === undefined ? {} : { clusterId, epoch: 1 }),
  });
  raw.send({ type: 'join', serverId: id, address, members });
  return raw;
}

async function sealThree(balancer: BalancerHandle): Promise<{ raws: Raw[]; sealed: MessageOf<'sealed'> }> {
  const raws = await Promise.all([1, 2, 3].map((id) => join(balancer, id)));
  const all = await Promise.all(raws.map((raw) => raw.take('sealed')));
  return { raws, sealed: all[0] as MessageOf<'sealed'> };
}

async function route(balancer: BalancerHandle, failed?: string): Promise<MessageOf<'routed'>> {
  const raw = await Raw.welcomed(balancer.address);
  raw.send({ type: 'route', request: 7, kind: failed === undefined ? 'init' : 'retry', failed: failed ?? '' });
  const routed = await raw.take('routed', (message) => message.request === 7);
  raw.end();
  return routed;
}

function setup(t: Pick<Tap, 'teardown'>): { dataDir: string; start: (listen?: string) => Promise<BalancerHandle> } {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'synod-balancer-'));
  const running: BalancerHandle[] = [];
  t.teardown(async () => {
    Raw.endAll();
    await Promise.all(running.map((balancer) => balancer.destroy()));
    rmSync(dataDir, { recursive: true, force: true });
  });
  const start = async (address = '127.0.0.1:0'): Promise<BalancerHandle> => {
    const balancer = await startBalancer({ listen: address, servers: 3, dataDir, logger: silentLogger });
    running.push(balancer);
    return balancer;
  };
  return { dataDir, start };
}

t.test('not ready k/N; only connected registrants count; then sealed', async (t) => {
  const { start } = setup(t);
  const balancer = await start();
  t.match(await route(balancer), { status: 'notReady', registered: 0, servers: 3, address: '' });
  const one = await join(balancer, 1);
  t.match(await one.take('waiting'), { serverId: 1, registered: 1, servers: 3 });
  const two = await join(balancer, 2);
  await one.take('waiting', (message) => message.registered === 2);
  two.end();
  await one.take('waiting', (message) => message.registered === 1);
  t.match(await route(balancer), { status: 'notReady', registered: 1 });
  const three = await join(balancer, 3);
  await one.take('waiting', (message) => message.registered === 2);
  const again = await join(balancer, 2);
  for (const raw of [one, three, again]) {
    const sealed = await raw.take('sealed');
    t.match(sealed, { recovering: false, epoch: 1 });
    t.same(
      sealed.members.map(({ id }) => id),
      [1, 2, 3],
    );
    t.same(
      sealed.members.map(({ address }) => address),
      [1, 2, 3].map(addressOf),
    );
  }
  t.match(await route(balancer), { status: 'ok', address: addressOf(1), up: 3 });
});

t.test('id 0 is given what is missing', async (t) => {
  const { start } = setup(t);
  const balancer = await start();
  await join(balancer, 2);
  const zero = await join(balancer, 0, { birth: 50, life: 50 });
  t.match(await zero.take('waiting'), { serverId: 1 });
  const other = await join(balancer, 0, { birth: 51, life: 51 });
  const { members } = await other.take('sealed');
  t.same(
    members.map(({ id, birthId }) => [id, birthId[0]]),
    [
      [1, 50],
      [2, 102],
      [3, 51],
    ],
  );
});

/** A registrant's side of a balancer, and nothing else of it. */
async function registrarOn(t: Pick<Tap, 'teardown'>, store: SealStore) {
  const failures: unknown[] = [];
  const registrar = new Registrar({
    servers: 3,
    seal: undefined,
    store,
    clock: nodeClock,
    logger: silentLogger,
    newClusterId: () => bytes(9),
    onFatal: (error) => failures.push(error),
  });
  const listener = await listen(
    {
      address: '127.0.0.1:0',
      connectionsMax: 10,
      onConnection: helloGate({
        roles: ['registrant'],
        what: 'a test',
        onHello: (c, h) => registrar.accept(c, h),
        logger: silentLogger,
      }),
    },
    netContext(nodeClock),
  );
  t.teardown(async () => {
    Raw.endAll();
    registrar.abandon();
    await listener.stop();
  });
  return { registrar, listener, failures };
}

t.test('nobody hears of a seal that is not on disk', async (t) => {
  let saved: (() => void) | undefined;
  const store = {
    load: async () => undefined,
    seal: (seal: Seal) =>
      new Promise<Seal>((resolve) => {
        saved = () => resolve(seal);
      }),
    save: async () => undefined,
  };
  const { registrar, listener, failures } = await registrarOn(t, store);
  const raws = await Promise.all([1, 2, 3].map((id) => join(listener, id)));
  await until('the seal on its way to disk', () => saved !== undefined);
  const late = await join(listener, 4);
  await new Promise((resolve) => setTimeout(resolve, 100));
  for (const raw of raws)
    t.notOk(
      raw.received.some(({ type }) => type === 'sealed'),
      'not announced yet',
    );
  t.equal(registrar.seal, undefined);
  t.equal(late.closed, undefined, 'who comes meanwhile is not decided about yet');
  saved?.();
  for (const raw of raws) t.same((await raw.take('sealed')).clusterId, bytes(9));
  t.match(await late.ended(), { code: 'UNKNOWN_ID' });
  t.same(failures, []);
});

t.test('a seal that cannot be written ends the balancer, and whoever waits for it is not decided about', async (t) => {
  let fail: (() => void) | undefined;
  const store = {
    load: async () => undefined,
    seal: () =>
      new Promise<Seal>((_, reject) => {
        fail = () => reject(new Error('EIO'));
      }),
    save: async () => undefined,
  };
  const { registrar, listener, failures } = await registrarOn(t, store);
  const raws = await Promise.all([1, 2, 3].map((id) => join(listener, id)));
  await until('the seal on its way to disk', () => fail !== undefined);
  const late = await join(listener, 2, { birth: 50 });
  await new Promise((resolve) => setTimeout(resolve, 100));
  fail?.();
  await until('the failure to be told', () => failures.length === 1);
  t.match(failures, [{ code: 'DISK_ERROR' }]);
  t.equal(registrar.seal, undefined);
  for (const raw of [...raws, late]) {
    t.notOk(
      raw.received.some(({ type }) => type === 'sealed'),
      'nobody was told anything',
    );
  }
});

t.test(
  'after the seal: unknown id, duplicate, emptied disk, foreign cluster; a known one comes back from elsewhere',
  async (t) => {
    const { start } = setup(t);
    const balancer = await start();
    const { raws, sealed } = await sealThree(balancer);
    const shows = { clusterId: sealed.clusterId, members: sealed.members };
    t.match(await (await join(balancer, 4)).ended(), { code: 'UNKNOWN_ID', text: /1, 2, 3/ });
    t.match(await (await join(balancer, 0, { birth: 77 })).ended(), { code: 'UNKNOWN_ID' });
    t.match(
      await (await join(balancer, 2, { ...shows, life: 5 })).ended(),
      { code: 'DUPLICATE_ID' },
      'the old link answers',
    );
    t.match(await (await join(balancer, 2, { clusterId: bytes(1), life: 5 })).ended(), { code: 'FOREIGN_CLUSTER' });
    raws[1]?.end();
    await route(balancer);
    for (let i = 0; i < 100 && (await route(balancer)).up > 2; i++);
    const emptied = await join(balancer, 2, { birth: 9, life: 5 });
    t.match(await emptied.take('sealed'), { recovering: true }, 'the others decide whether to admit it');
    emptied.end();
    t.equal((await route(balancer)).up, 2, 'and until then nobody is sent to it');
    const back = await join(balancer, 2, { ...shows, life: 6, address: '127.0.0.1:9999' });
    t.match(await back.take('sealed'), { recovering: true });
    const told = await (raws[0] as Raw).take('sealed');
    t.equal(told.members[1]?.address, '127.0.0.1:9999', 'the others hear of the new address');
  },
);

t.test('a silent link loses its id to a newcomer after a second', async (t) => {
  const { start } = setup(t);
  const balancer = await start();
  const { raws, sealed } = await sealThree(balancer);
  (raws[2] as Raw).connection.pause();
  const begun = nodeClock.monotonicMs();
  const next = await join(balancer, 3, { clusterId: sealed.clusterId, members: sealed.members, life: 2000 });
  t.match(await next.take('sealed'), { recovering: true });
  const tookMs = nodeClock.monotonicMs() - begun;
  t.ok(tookMs >= 950 && tookMs < 4_000, `${tookMs} ms`);
});

t.test('a restarted balancer keeps the seal, knows addresses, and rebuilds the load from reports', async (t) => {
  const { start } = setup(t);
  const balancer = await start();
  const { sealed } = await sealThree(balancer);
  await balancer.destroy();
  const again = await start(balancer.address);
  const routed = await route(again);
  t.match(routed, { status: 'mostFail', up: 0, servers: 3 });
  t.same(routed.addresses, [1, 2, 3].map(addressOf));
  t.match(await (await join(again, 4)).ended(), { code: 'UNKNOWN_ID' });
  const shows = { clusterId: sealed.clusterId, members: sealed.members };
  for (const [id, clients] of [
    [1, 9],
    [2, 3],
    [3, 5],
  ] as const) {
    const raw = await join(again, id, shows);
    t.same((await raw.take('sealed')).clusterId, sealed.clusterId);
    raw.send({ type: 'report', clients, arrived: 0, leader: 1, hasMajority: true });
  }
  const operator = await Raw.welcomed(again.address, { role: 'operator' });
  await until('the reports', () => {
    operator.send({ type: 'membersRequest', request: 1 });
    const tables = operator.received.filter((message) => message.type === 'members');
    return tables.some(({ members }) => members.map(({ clients }) => clients).join() === '9,3,5');
  });
  const sent = [];
  for (let i = 0; i < 4; i++) sent.push((await route(again)).address);
  t.same(sent, [2, 2, 2, 3].map(addressOf), 'true load, and each placement counts at once');
});

t.test(
  "retry never gives the failed address; a client's word alone fails nobody; MOSTFAIL below a majority",
  async (t) => {
    const { start } = setup(t);
    const balancer = await start();
    const { raws } = await sealThree(balancer);
    for (let i = 0; i < 6; i++) t.not((await route(balancer, addressOf(1))).address, addressOf(1));
    await new Promise((resolve) => setTimeout(resolve, 100));
    t.match(await route(balancer), { up: 3 }, 'it answered our probe');
    (raws[0] as Raw).connection.pause();
    await route(balancer, addressOf(1));
    let up = 3;
    for (let i = 0; i < 40 && up === 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      up = (await route(balancer)).up;
    }
    t.equal(up, 2, 'silent to our probe: failed until its next report');
    (raws[0] as Raw).connection.resume();
    (raws[0] as Raw).send({ type: 'report', clients: 0, arrived: 0, leader: 0, hasMajority: true });
    for (let i = 0; i < 40 && up === 2; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      up = (await route(balancer)).up;
    }
    t.equal(up, 3);
    raws[1]?.end();
    raws[2]?.end();
    let last = await route(balancer);
    for (let i = 0; i < 40 && last.up > 1; i++) last = await route(balancer);
    t.match(last, { status: 'mostFail', up: 1, servers: 3, address: '' });
  },
);

t.test('a thousand complaints about a silent server cost one probe', async (t) => {
  const { start } = setup(t);
  const balancer = await start();
  const { raws } = await sealThree(balancer);
  const silent = raws[0] as Raw;
  silent.connection.pause();
  const before = silent.connection.stats.framesIn;
  const asker = await Raw.welcomed(balancer.address);
  for (let i = 1; i <= 1_000; i++) asker.send({ type: 'route', request: i, kind: 'retry', failed: addressOf(1) });
  await asker.take('routed', (message) => message.request === 1_000);
  await until('the probe has run out', async () => (await route(balancer)).up === 2);
  silent.connection.resume();
  silent.send({ type: 'report', clients: 0, arrived: 0, leader: 0, hasMajority: true });
  await until('it is live again', async () => (await route(balancer)).up === 3);
  const pings = silent.connection.stats.framesIn - before;
  t.ok(pings >= 1 && pings < 10, `${pings} frames came`);
});

t.test('adoption: a balancer without memory takes over the membership that servers show', async (t) => {
  const first = setup(t);
  const { sealed } = await sealThree(await first.start());
  const second = setup(t);
  const fresh = await second.start();
  const shows = { clusterId: sealed.clusterId, members: sealed.members };
  const waiting = await join(fresh, 5);
  t.match(await waiting.take('waiting'), { registered: 1 });
  const one = await join(fresh, 1, shows);
  t.same((await one.take('sealed')).clusterId, sealed.clusterId);
  t.match(await waiting.ended(), { code: 'UNKNOWN_ID' }, 'who waited and is no member must go');
  t.match(await (await join(fresh, 3, { ...shows, clusterId: bytes(3) })).ended(), { code: 'FOREIGN_CLUSTER' });
  t.match(await (await join(fresh, 3)).take('sealed'), { recovering: true });
  t.match(await route(fresh), { status: 'ok', servers: 3 });
});

t.test('wrong frames end the connection and nothing else', async (t) => {
  const { start } = setup(t);
  const balancer = await start();
  const { raws } = await sealThree(balancer);
  const server = await Raw.open(balancer.address, hello({ role: 'server', serverId: 1 }));
  t.match(await server.ended(), { code: 'BAD_HELLO', text: /a balancer/ });
  const early = await Raw.open(balancer.address, { type: 'route', request: 1, kind: 'init', failed: '' });
  t.match(await early.ended(), { code: 'BAD_HELLO' });
  const future = await Raw.open(balancer.address, hello({ versionMin: 2, versionMax: 3 }));
  t.match(await future.ended(), { code: 'BAD_VERSION', text: /install/ });
  const client = await Raw.welcomed(balancer.address);
  client.send({ type: 'report', clients: 99, arrived: 0, leader: 1, hasMajority: true });
  t.match(await client.ended(), { code: 'PROTOCOL_ERROR' });
  const registrant = await Raw.welcomed(balancer.address, { role: 'registrant', serverId: 1 });
  registrant.send({ type: 'report', clients: 99, arrived: 0, leader: 1, hasMajority: true });
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.match(await route(balancer), { status: 'ok', address: addressOf(1) }, 'a report before join counts for nobody');
  t.ok(raws.every((raw) => raw.closed === undefined));
});

t.test('the seal file', async (t) => {
  const { dataDir } = setup(t);
  const seal: Seal = {
    clusterId: bytes(7),
    epoch: 1,
    members: [1, 2, 3].map((id) => ({ id, birthId: bytes(id), address: addressOf(id) })),
    joining: [3],
  };
  const file = new SealFile(dataDir);
  t.equal(await file.load(), undefined);
  await file.save(seal);
  t.same(await file.load(), seal);
  const text = formatSeal(seal);
  let wrong = 0;
  for (let i = 0; i < text.length - 1; i++) {
    const flipped = text.slice(0, i) + (text[i] === '0' ? '1' : '0') + text.slice(i + 1);
    const found = parseSeal(flipped);
    if (found !== undefined && formatSeal(found) !== text) wrong++;
  }
  t.equal(wrong, 0, 'no single wrong byte is taken for a seal');
  for (let length = 0; length < text.length - 1; length++) if (parseSeal(text.slice(0, length)) !== undefined) wrong++;
  t.equal(wrong, 0, 'no part of it is');
  writeFileSync(path.join(dataDir, 'seal.json'), text.slice(0, 40));
  await t.rejects(file.load(), { exitCode: 7, code: 'DAMAGED', message: /remove it/ });
  t.ok(readFileSync(path.join(dataDir, 'seal.json')).length > 0, 'nothing is thrown away');
});

t.test('a bad start: even number, busy port, locked or foreign directory', async (t) => {
  const { dataDir, start } = setup(t);
  const options = { listen: '127.0.0.1:0', servers: 3, dataDir, logger: silentLogger };
  await t.rejects(startBalancer({ ...options, servers: 4 }), { exitCode: 2, message: /odd/ });
  const balancer = await start();
  await t.rejects(startBalancer(options), { exitCode: 7, code: 'DIRECTORY_LOCKED' });
  const other = path.join(dataDir, 'other');
  await t.rejects(startBalancer({ ...options, dataDir: other, listen: balancer.address }), {
    exitCode: 3,
    code: 'PORT_BUSY',
  });
  mkdirSync(path.join(dataDir, 'server'));
  writeFileSync(path.join(dataDir, 'server', 'identity'), '');
  await t.rejects(startBalancer({ ...options, dataDir: path.join(dataDir, 'server') }), {
    exitCode: 3,
    code: 'WRONG_DIRECTORY',
  });
  t.match(await balancer.stop(), { exitCode: 0, code: 'STOPPED' });
  const again = await start();
  t.ok(again.address, 'a stopped balancer has let go of directory and port');
});
