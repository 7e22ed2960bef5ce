/** Handshakes that strangers begin: none is resumed, each has an end, and only so many are under way. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, type SecureVersion } from 'node:tls';
import t from 'tap';
import { limits } from '../../src/base/index.js';
import { type TlsFiles, TlsIdentity } from '../../src/net/index.js';
import { SecureAccept } from '../../src/net/secure-accept.js';
import { Authority } from '../support/certificates.js';
import { until } from '../support/until.js';

const folder = mkdtempSync(path.join(tmpdir(), 'synod-handshakes-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const deadlineMs = 10_000;

interface Door {
  readonly port: number;
  /** Why each caller that came through is a guest, "" for one that is none. */
  readonly through: string[];
  readonly failed: string[];
}

async function door(
  t: { teardown(fn: () => unknown): void },
  identity: TlsIdentity,
  waitingMax?: number,
): Promise<Door> {
  const through: string[] = [];
  const failed: string[] = [];
  const accept = new SecureAccept(
    identity,
    {
      onSecure: (socket, guestBecause) => {
        through.push(guestBecause ?? '');
        // A session's ticket comes with the first bytes of TLS 1.3 or before; the caller waits for these.
        socket.on('error', () => undefined).end('welcome');
      },
      onPlain: (socket) => void socket.destroy(),
      onFailed: (_from, reason) => void failed.push(reason),
    },
    waitingMax,
  );
  const server = createServer((socket) => accept.take(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    accept.end();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, through, failed };
}

interface Caller {
  readonly files: TlsFiles;
  readonly version: SecureVersion;
  readonly session?: Buffer | undefined;
}

/** One whole connection: what it leaves for the next, and whether it was a resumed one. */
function visit(port: number, { files: { ca, cert, key }, version, session }: Caller) {
  return new Promise<{ session: Buffer | undefined; isReused: boolean }>((resolve, reject) => {
    const shown = cert === undefined || key === undefined ? {} : { cert: readFileSync(cert), key: readFileSync(key) };
    const versions = { minVersion: version, maxVersion: version };
    const options = { host: '127.0.0.1', port, ca: readFileSync(ca), ...versions, ...shown, session };
    const socket = connect(options);
    let latest: Buffer | undefined;
    let isReused = false;
    socket.on('session', (bytes) => {
      latest = bytes;
    });
    socket.on('secureConnect', () => {
      latest ??= socket.getSession();
      isReused = socket.isSessionReused();
    });
    socket.on('error', reject).on('close', () => resolve({ session: latest, isReused }));
    socket.resume();
  });
}

t.test('no session is resumed, so that each caller is judged by the certificate it shows now', async (t) => {
  const authority = await Authority.make(path.join(folder, 'resume'), Date.now());
  const identity = new TlsIdentity(await authority.sign('node'));
  const { port, through } = await door(t, identity);
  const callers: [string, TlsFiles, RegExp][] = [
    ['none', { ca: authority.ca }, /it shows no certificate/],
    ['expired', await authority.sign('expired', { fromDays: -3, toDays: -1 }), /not good \(CERT_HAS_EXPIRED\)/],
    ['good', await authority.sign('good'), /^$/],
  ];
  for (const reloaded of [false, true]) {
    if (reloaded) identity.reload();
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      for (const [name, files, judged] of callers) {
        through.length = 0;
        const { session } = await visit(port, { files, version });
        const again = await visit(port, { files, version, session });
        t.equal(again.isReused, false, `${version}, ${name}`);
        // A session that a certificate opened does not do without it.
        const without = await visit(port, { files: { ca: authority.ca }, version, session });
        t.equal(without.isReused, false);
        t.match(through, [judged, judged, /it shows no certificate/], `${version}, ${name}`);
      }
    }
  }
});

/** A caller that sends this and waits. */
function begin(port: number, bytes: Uint8Array): { readonly socket: Socket; endedMs: number } {
  const caller = { socket: createConnection({ port, host: '127.0.0.1' }), endedMs: 0 };
  const startMs = performance.now();
  caller.socket.on('connect', () => caller.socket.write(bytes));
  caller.socket
    .on('error', () => undefined)
    .on('close', () => {
      caller.endedMs = performance.now() - startMs;
    });
  caller.socket.resume();
  return caller;
}

/** The first bytes that Node's own client sends. */
async function clientHello(): Promise<Buffer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bytes = new Promise<Buffer>((resolve) =>
    server.once('connection', (socket) =>
      socket.once('data', (data) => {
        resolve(data);
        socket.destroy();
        server.close();
      }),
    ),
  );
  connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }).on('error', () => undefined);
  return bytes;
}

t.test('a handshake that was begun and is not gone on with is ended in time', async (t) => {
  const authority = await Authority.make(path.join(folder, 'begun'), Date.now());
  const { port, failed } = await door(t, new TlsIdentity(await authority.sign('node')));
  const hello = await clientHello();
  const begun = [hello.subarray(0, 1), hello.subarray(0, 4), hello.subarray(0, hello.length >> 1), hello];
  const callers = begun.map((bytes) => begin(port, bytes));
  t.teardown(() => {
    for (const { socket } of callers) socket.destroy();
  });
  await until('all ends', 2 * limits.helloMs, () => callers.every(({ endedMs }) => endedMs > 0));
  for (const { endedMs } of callers) t.ok(endedMs > 0.9 * limits.helloMs, `${endedMs} ms`);
  t.strictSame(failed, Array(4).fill('ERR_TLS_HANDSHAKE_TIMEOUT'));
});

t.test('only so many are under way: a newer one takes the place of the oldest', async (t) => {
  const authority = await Authority.make(path.join(folder, 'many'), Date.now());
  const files = await authority.sign('node');
  const { port, failed, through } = await door(t, new TlsIdentity(files), 3);
  const hello = await clientHello();
  const callers: ReturnType<typeof begin>[] = [];
  for (let at = 0; at < 4; at++) {
    callers.push(begin(port, hello));
    await new Promise((resolve) => callers[at]?.socket.once('data', resolve).once('close', resolve));
  }
  t.teardown(() => {
    for (const { socket } of callers) socket.destroy();
  });
  await until('the first to end', deadlineMs, () => callers[0]?.endedMs !== 0);
  t.strictSame(failed, ['too many handshakes at once']);
  t.strictSame(
    callers.slice(1).map(({ endedMs }) => endedMs),
    [0, 0, 0],
  );
  await visit(port, { files, version: 'TLSv1.3' });
  t.strictSame(through, [''], 'who means it gets through');
});

t.test('each failure is told with its own reason', async (t) => {
  const authority = await Authority.make(path.join(folder, 'reasons'), Date.now());
  const { port, failed } = await door(t, new TlsIdentity(await authority.sign('node')));
  const halfHello = Buffer.concat([Buffer.from([0x16, 3, 1, 0, 50, 1]), Buffer.alloc(49, 0xff)]);
  const broken = Array.from({ length: 5 }, () => begin(port, halfHello));
  await until('all ends', deadlineMs, () => broken.every(({ endedMs }) => endedMs > 0));
  await until('all reasons', deadlineMs, () => failed.length === 5);
  for (const reason of failed) t.match(reason, /^ERR_SSL_/);
});
