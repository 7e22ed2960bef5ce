/** `synod name recover` while its answer is late or never comes: the token that may have the name is not lost. */
import { createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { sha256 } from '../../src/base/index.js';
import { type Decide, type DecideAnswer, decode, encode, FrameSplitter, features } from '../../src/wire/index.js';
import { freePort } from '../support/ports.js';
import { type Finished, start, until } from './program.js';

const zeros = new Uint8Array(16);

/** What a server does with a wish: gives an answer, hangs up, or says nothing. */
type Reaction = Pick<DecideAnswer, 'outcome' | 'text'> | 'hangUp' | 'silence';

/** A server that reacts to one wish after the other as the list says, and then says nothing. */
async function startServer(t: Test, reactions: readonly Reaction[], greets = true) {
  const wishes: Uint8Array[] = [];
  const sockets = new Set<Socket>();
  const take = (socket: Socket, wish: Decide): void => {
    const reaction = reactions[wishes.push(Uint8Array.from(wish.tokenHash)) - 1] ?? 'silence';
    if (reaction === 'hangUp') socket.destroy();
    else if (reaction !== 'silence') socket.write(encode({ type: 'decideAnswer', request: wish.request, ...reaction }));
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    const splitter = new FrameSplitter(1 << 20);
    socket.on('data', (chunk) => {
      splitter.push(chunk);
      for (let frame = splitter.next(); frame !== undefined; frame = splitter.next()) {
        const message = decode(frame);
        if (message.type === 'decide') take(socket, message);
        if (message.type !== 'hello' || !greets) continue;
        socket.write(
          encode({
            type: 'welcome',
            version: 1,
            features: features.decisions,
            clusterId: zeros,
            membershipHash: zeros,
            epoch: 1,
            serverId: 1,
            incarnation: 1,
            authMethod: 'none',
            auth: new Uint8Array(0),
          }),
        );
      }
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { address: `127.0.0.1:${port}`, wishes, sockets };
}

function recover(t: Test, address: string, ...more: readonly string[]) {
  return start('synod', ['name', 'recover', 'lala', '--server', address, '--timeout', '1s', ...more], t.testdir());
}

/** The token that stands alone on stdout is the one whose hash the server was given. */
function sameToken(t: Test, { out }: Finished, wishes: readonly Uint8Array[]): void {
  t.match(out, /^[0-9a-f]{64}\n$/);
  t.ok(wishes.length > 0);
  for (const wish of wishes) t.strictSame(Uint8Array.from(sha256(Buffer.from(out.trim(), 'hex'))), wish);
}

const mayHave = /if it was decided, lala belongs to this token/;

t.test('no answer comes: the token is printed, and that it may not be the one', async (t) => {
  const server = await startServer(t, []);
  const ended = await recover(t, server.address).finished;
  t.match(ended, { code: 5, err: mayHave });
  t.match(ended.err, /stopped answering/);
  sameToken(t, ended, server.wishes);
});

t.test('interrupted while the answer is late: at once, with the token', async (t) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const server = await startServer(t, []);
    const running = recover(t, server.address);
    await until(() => server.wishes.length > 0, 'the wish');
    running.child.kill(signal);
    const ended = await running.finished;
    t.match(ended, { code: 5, err: mayHave });
    t.match(ended.err, /interrupted before there was an answer: it may have been decided/);
    sameToken(t, ended, server.wishes);
  }
});

t.test('the answer is lost: it is not made again, and may stand', async (t) => {
  const server = await startServer(t, ['hangUp', { outcome: 'taken', text: '' }]);
  const ended = await recover(t, server.address, '--timeout', '20s').finished;
  t.match(ended, { code: 5, err: mayHave });
  t.match(ended.err, /it may have been decided, or still be: look/);
  t.equal(server.wishes.length, 1);
  sameToken(t, ended, server.wishes);
});

t.test('as JSON it says so, too', async (t) => {
  const server = await startServer(t, ['hangUp']);
  const ended = await recover(t, server.address, '--json').finished;
  t.equal(ended.code, 5);
  t.match(JSON.parse(ended.out), { event: 'recover', name: 'lala', token: /^[0-9a-f]{64}$/, decided: false });
});

t.test('refused before anything could stand: no token', async (t) => {
  const server = await startServer(t, [
    { outcome: 'later', text: 'no leader' },
    { outcome: 'refused', text: 'nobody has claimed the name' },
  ]);
  const ended = await recover(t, server.address, '--timeout', '20s').finished;
  t.match(ended, { code: 3, out: '', err: /nobody has claimed the name/ });
  t.notMatch(ended.err, mayHave);
});

t.test('interrupted before a server was asked: no token', async (t) => {
  const server = await startServer(t, [], false);
  const running = recover(t, server.address);
  await until(() => server.sockets.size > 0, 'the call');
  running.child.kill('SIGINT');
  t.match(await running.finished, { code: 130, out: '', err: '' });
});
