/** TLS over real sockets: who trusts whom, every way in which they do not, and a connection that behaves as before. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { CollapsingLogger, ExitError, type LogFields, nodeClock, silentLogger } from '../../src/base/index.js';
import {
  type CloseReason,
  type DialResult,
  dial,
  type FrameConnection,
  type Listener,
  listen,
  netContext,
  peerLimits,
  processTurn,
  type TlsFiles,
  TlsIdentity,
} from '../../src/net/index.js';
import type { Message } from '../../src/wire/index.js';
import { Authority } from '../support/certificates.js';
import { until } from '../support/until.js';

const folder = mkdtempSync(path.join(tmpdir(), 'synod-tls-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const deadlineMs = 10_000;

interface Ears {
  readonly listener: Listener;
  readonly accepted: FrameConnection[];
  readonly messages: Message[];
  readonly lines: { readonly event: string; readonly fields: LogFields | undefined }[];
}

async function ears(
  t: { teardown(fn: () => unknown): void },
  tls: TlsIdentity | undefined,
  more: { perAddressMax?: number } = {},
): Promise<Ears> {
  const accepted: FrameConnection[] = [];
  const messages: Message[] = [];
  const lines: Ears['lines'] = [];
  const plain = { ...silentLogger, warn: (event: string, fields?: LogFields) => void lines.push({ event, fields }) };
  const logger = new CollapsingLogger(plain, { clock: nodeClock, level: 'info' });
  const listener = await listen(
    {
      address: '127.0.0.1:0',
      connectionsMax: 20,
      logger,
      ...more,
      onConnection: (connection) => {
        accepted.push(connection);
        connection.useLimits(peerLimits);
        connection.attach({
          onMessage: (message) => void messages.push(structuredClone(message)),
          onClose: () => undefined,
        });
      },
    },
    netContext(nodeClock, processTurn, tls === undefined ? {} : { tls }),
  );
  t.teardown(async () => {
    listener.closeAll('over');
    await listener.stop();
  });
  return { listener, accepted, messages, lines };
}

const call = (address: string, files: TlsFiles | undefined): Promise<DialResult> =>
  new Promise((resolve) => {
    const security = files === undefined ? {} : { tls: new TlsIdentity(files) };
    dial(address, { timeoutMs: 5_000, limits: peerLimits }, netContext(nodeClock, processTurn, security), resolve);
  });

function opened(result: DialResult): { connection: FrameConnection; messages: Message[]; closed: CloseReason[] } {
  if (!result.ok) throw new Error(result.text);
  const messages: Message[] = [];
  const closed: CloseReason[] = [];
  result.connection.attach({
    onMessage: (message) => void messages.push(structuredClone(message)),
    onClose: (reason) => closed.push(reason),
  });
  return { connection: result.connection, messages, closed };
}

t.test('messages both ways, one write a turn, and who is a guest', async (t) => {
  const authority = await Authority.make(path.join(folder, 'good'), Date.now());
  const files = await authority.sign('node');
  const { listener, accepted, messages } = await ears(t, new TlsIdentity(files));
  const member = opened(await call(listener.address, files));
  for (let request = 0; request < 500; request++) member.connection.send({ type: 'membersRequest', request });
  await until('500 messages', deadlineMs, () => messages.length === 500);
  t.equal(member.connection.stats.writes, 1);
  t.equal(accepted[0]?.guestBecause, undefined, 'a certificate of the CA');
  accepted[0]?.send({ type: 'waiting', serverId: 1, registered: 1, servers: 3 });
  await until('the answer', deadlineMs, () => member.messages.length === 1);
  const guest = opened(await call(listener.address, { ca: files.ca }));
  guest.connection.send({ type: 'membersRequest', request: 1 });
  await until('the guest', deadlineMs, () => accepted.length === 2);
  t.match(accepted[1]?.guestBecause, /no certificate.*--tls-cert/, 'none');
  accepted[0]?.goodbye('SHUTTING_DOWN', 'that is all');
  await until('goodbye', deadlineMs, () => member.closed.length === 1);
  t.match(member.closed[0], { code: 'SHUTTING_DOWN', text: 'that is all', byPeer: true });
  guest.connection.close('LOCAL', 'enough');
  await until('both gone', deadlineMs, () => listener.connections === 0);
});

t.test('a certificate of another CA, shown by a caller, counts for nothing', async (t) => {
  const authority = await Authority.make(path.join(folder, 'mine'), Date.now());
  const foreign = await Authority.make(path.join(folder, 'foreign'), Date.now());
  const { listener, accepted } = await ears(t, new TlsIdentity(await authority.sign('node')));
  const stranger = await foreign.sign('stranger');
  opened(await call(listener.address, { ...stranger, ca: authority.ca }));
  await until('it', deadlineMs, () => accepted.length === 1);
  t.match(accepted[0]?.guestBecause, /not good/);
});

t.test('each way in which a listener is not trusted has a text that ends in what to do', async (t) => {
  const authority = await Authority.make(path.join(folder, 'bad'), Date.now());
  const foreign = await Authority.make(path.join(folder, 'else'), Date.now());
  const mine = await authority.sign('caller');
  const cases: { readonly files: TlsFiles; readonly text: RegExp }[] = [
    { files: await authority.sign('expired', { fromDays: -3, toDays: -1 }), text: /has expired: renew it/ },
    {
      files: await authority.sign('early', { fromDays: 1, toDays: 30 }),
      text: /not valid yet: check this machine's clock/,
    },
    { files: await authority.sign('elsewhere', { ips: ['127.0.0.9'] }), text: /does not name this address: make one/ },
    { files: await foreign.sign('foreign'), text: /not signed by the CA in --tls-ca: give that cluster's CA/ },
  ];
  for (const { files, text } of cases) {
    const { listener, accepted } = await ears(t, new TlsIdentity(files));
    const result = await call(listener.address, mine);
    t.match(result, { ok: false, code: 'TLS', text });
    t.equal(accepted.length, 0);
  }
});

t.test('plain callers at a TLS port and TLS callers at a plain one are told which it is', async (t) => {
  const authority = await Authority.make(path.join(folder, 'plain'), Date.now());
  const files = await authority.sign('node');
  const secure = await ears(t, new TlsIdentity(files));
  const plain = opened(await call(secure.listener.address, undefined));
  plain.connection.send({ type: 'membersRequest', request: 1 });
  await until('the refusal', deadlineMs, () => plain.closed.length === 1);
  t.match(plain.closed[0], { code: 'FORBIDDEN', byPeer: true, text: /TLS only: give --tls-ca/ });
  t.equal(secure.accepted.length, 0);
  const open = await ears(t, undefined);
  const result = await call(open.listener.address, files);
  t.match(result, {
    ok: false,
    code: 'TLS',
    text: /does not speak TLS: start it with --tls-cert, or leave --tls-ca out/,
  });
});

t.test('a thousand failed handshakes are a few lines, and nobody else notices', async (t) => {
  const authority = await Authority.make(path.join(folder, 'noise'), Date.now());
  const files = await authority.sign('node');
  const { listener, lines, messages } = await ears(t, new TlsIdentity(files));
  const port = Number(listener.address.split(':')[1]);
  const member = opened(await call(listener.address, files));
  const broken = async (bytes: Buffer): Promise<void> =>
    new Promise((resolve) => {
      const socket = createConnection({ port, host: '127.0.0.1' }, () => socket.write(bytes));
      socket.on('error', () => undefined).on('close', () => resolve());
      socket.resume();
    });
  const noTls = Buffer.from('GET / HTTP/1.1\r\n\r\n');
  const halfHello = Buffer.concat([Buffer.from([0x16, 3, 1, 0, 50, 1]), Buffer.alloc(49, 0xff)]);
  for (let round = 0; round < 100; round++) {
    await Promise.all(Array.from({ length: 10 }, (_, at) => broken(at % 2 === 0 ? noTls : halfHello)));
    member.connection.send({ type: 'membersRequest', request: round });
  }
  await until('all messages', deadlineMs, () => messages.length === 100);
  t.ok(lines.length > 0 && lines.length <= 25, `${lines.length} lines`);
  t.match(
    lines.find(({ event }) => event === 'tls-handshake-failed'),
    { fields: { from: /^127\.0\.0\.1:\d+$/, reason: /./ } },
  );
  t.equal(listener.connections, 1);
});

t.test('a caller that says nothing is let go in time, and holds a place until then', async (t) => {
  const authority = await Authority.make(path.join(folder, 'mute'), Date.now());
  const { listener, lines } = await ears(t, new TlsIdentity(await authority.sign('node')));
  const port = Number(listener.address.split(':')[1]);
  let ended = false;
  createConnection({ port, host: '127.0.0.1' })
    .on('close', () => {
      ended = true;
    })
    .resume();
  await until('its end', 8_000, () => ended);
  t.match(lines, [{ event: 'tls-handshake-failed', fields: { reason: /in time/ } }]);
});

t.test('stop ends handshakes and leaves connections alone', async (t) => {
  const authority = await Authority.make(path.join(folder, 'stop'), Date.now());
  const files = await authority.sign('node');
  const { listener, messages, accepted } = await ears(t, new TlsIdentity(files));
  const member = opened(await call(listener.address, files));
  await until('it', deadlineMs, () => accepted.length === 1);
  await listener.stop();
  member.connection.send({ type: 'membersRequest', request: 1 });
  await until('a message after stop', deadlineMs, () => messages.length === 1);
  t.equal(member.closed.length, 0);
});

t.test('a reader that pauses makes the sender wait, and gets every byte', async (t) => {
  const authority = await Authority.make(path.join(folder, 'slow'), Date.now());
  const files = await authority.sign('node');
  const { listener, accepted, messages } = await ears(t, new TlsIdentity(files));
  const member = opened(await call(listener.address, files));
  await until('it', deadlineMs, () => accepted.length === 1);
  const reader = accepted[0] as FrameConnection;
  reader.pause();
  let sent = 0;
  const bytes = new Uint8Array(256 * 1024).fill(7);
  await until('back-pressure', deadlineMs, () => {
    if (member.connection.writable) {
      member.connection.send({ type: 'forward', batch: ++sent, bytes });
    }
    return !member.connection.writable;
  });
  t.ok(member.connection.queuedBytes > 0);
  reader.resume();
  await until('every frame', deadlineMs, () => messages.length === sent);
  t.equal(member.connection.queuedBytes, 0);
  for (const message of messages) t.ok(message.type === 'forward' && message.bytes.length === bytes.length, 'whole');
});

t.test('new certificates are taken without a restart; a bad file changes nothing', async (t) => {
  const home = path.join(folder, 'reload');
  const authority = await Authority.make(home, Date.now());
  const files = await authority.sign('node', { fromDays: -3, toDays: -1 });
  const identity = new TlsIdentity(files);
  t.match(identity.trouble(Date.now()), /expired/);
  const caller = await authority.sign('caller');
  const { listener } = await ears(t, identity);
  t.match(await call(listener.address, caller), { ok: false, text: /expired/ });
  const renewed = await authority.sign('renewed');
  copyFileSync(renewed.cert as string, files.cert as string);
  t.throws(() => identity.reload(), ExitError, 'the key is still the old one');
  t.match(await call(listener.address, caller), { ok: false, text: /expired/ });
  copyFileSync(renewed.key as string, files.key as string);
  identity.reload();
  t.equal(identity.trouble(Date.now()), '');
  t.match(await call(listener.address, caller), { ok: true });
});

t.test('files that are no certificates are named', async (t) => {
  const authority = await Authority.make(path.join(folder, 'files'), Date.now());
  const files = await authority.sign('node');
  const nonsense = path.join(folder, 'nonsense.pem');
  writeFileSync(nonsense, 'no certificate');
  const cases: [TlsFiles, RegExp][] = [
    [{ ca: path.join(folder, 'missing.pem') }, /--tls-ca .*missing\.pem: ENOENT.*Give a PEM file/],
    [{ ca: nonsense }, /--tls-ca .*nonsense\.pem/],
    [{ ca: files.cert as string }, /no CA's; give the one that signed/],
    [{ ...files, key: nonsense }, /--tls-key .*nonsense/],
    [{ ...files, cert: nonsense }, /--tls-cert .*nonsense/],
  ];
  for (const [bad, text] of cases)
    t.throws(() => new TlsIdentity(bad), { name: 'ExitError', exitCode: 3, message: text });
});

t.test('one address holds only so many connections, others are not concerned', async (t) => {
  const { listener, accepted } = await ears(t, undefined, { perAddressMax: 2 });
  const port = Number(listener.address.split(':')[1]);
  const first = opened(await call(listener.address, undefined));
  opened(await call(listener.address, undefined));
  const third = opened(await call(listener.address, undefined));
  await until('the refusal', deadlineMs, () => third.closed.length === 1);
  t.match(third.closed[0], { code: 'BUSY', text: /close some, or try again later/ });
  const elsewhere = createConnection({ port, host: '127.0.0.1', localAddress: '127.0.0.7' });
  t.teardown(() => elsewhere.destroy());
  await until('another address', deadlineMs, () => accepted.length === 3);
  first.connection.close('LOCAL', 'enough');
  await until('its place', deadlineMs, () => listener.connections === 2);
  opened(await call(listener.address, undefined));
  await until('one in its place', deadlineMs, () => accepted.length === 4);
});
