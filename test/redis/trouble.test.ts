/** What listens where a Redis should be, and what the connection makes of it; Redis' own words are in the contract. */
import { createServer, type Server, type Socket } from 'node:net';
import t from 'tap';
import { limits } from '../../src/base/index.js';
import { RedisConnection } from '../../src/redis/connection.js';
import { type RedisAddress, readRedisUrl } from '../../src/redis/index.js';
import { RedisTrouble, troubleOf } from '../../src/redis/trouble.js';
import { freePort } from '../support/ports.js';

type Tap = typeof t;

t.setTimeout(60_000);

async function listener(t: Pick<Tap, 'teardown'>, onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as { port: number }).port;
}

/** What one command ends in. */
async function trouble(t: Pick<Tap, 'teardown'>, url: string): Promise<RedisTrouble> {
  const connection = new RedisConnection(readRedisUrl(url) as RedisAddress);
  t.teardown(() => connection.close());
  const error = await connection.eval('return 1', ['k'], []).then(
    () => new Error('it answered'),
    (error: unknown) => error,
  );
  if (!(error instanceof RedisTrouble)) throw error;
  return error;
}

t.test('nobody there', async (t) => {
  const found = await trouble(t, `redis://:geheim@127.0.0.1:${await freePort()}`);
  t.match(found, { kind: 'down', code: 'UNREACHABLE', message: /ECONNREFUSED.*Is it running/ });
  t.notMatch(JSON.stringify([found, found.message, found.stack]), /geheim/);
});

t.test('a name that nobody knows', async (t) => {
  t.match(await trouble(t, 'redis://no-such-host.invalid'), { kind: 'down', code: 'UNREACHABLE' });
});

t.test('whoever closes at once is tried again', async (t) => {
  const port = await listener(t, (socket) => socket.destroy());
  t.match(await trouble(t, `redis://127.0.0.1:${port}`), { kind: 'down', code: 'UNREACHABLE' });
});

t.test('a web server', async (t) => {
  const port = await listener(t, (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
  const refused = { kind: 'refused', code: 'NOT_REDIS', message: /does not speak the Redis protocol/ };
  t.match(await trouble(t, `redis://127.0.0.1:${port}`), refused);
  t.match(await trouble(t, `rediss://127.0.0.1:${port}`), refused, 'TLS where there is none');
});

t.test('whoever accepts and never answers is given up, and called anew', async (t) => {
  let calls = 0;
  const port = await listener(t, (socket) => {
    calls++;
    socket.resume();
  });
  const connection = new RedisConnection(readRedisUrl(`redis://127.0.0.1:${port}`) as RedisAddress);
  t.teardown(() => connection.close());
  const startMs = performance.now();
  await t.rejects(connection.eval('return 1', ['k'], []), { kind: 'down', code: 'TIMEOUT' });
  t.ok(performance.now() - startMs < limits.redisAnswerMs + 4_000, 'within its time');
  await t.rejects(connection.eval('return 1', ['k'], []), { kind: 'down', code: 'TIMEOUT' });
  t.equal(calls, 2, 'on a new connection, where no late answer can come for the wrong question');
});

t.test('an answer that fits, in RESP by hand; then words that a Redis may say', async (t) => {
  const words: string[] = [];
  const port = await listener(t, (socket) =>
    socket.on('data', (data) => {
      const isScript = data.toString().toLowerCase().includes('eval');
      socket.write(isScript ? `${words.shift()}\r\n` : '+OK\r\n');
    }),
  );
  const connection = new RedisConnection(readRedisUrl(`redis://127.0.0.1:${port}`) as RedisAddress);
  t.teardown(() => connection.close());
  const says = (word: string): Promise<unknown> => {
    words.push(word);
    return connection.eval('return 1', ['k'], []);
  };
  t.equal(await says('+fine'), 'fine');
  const expected: readonly (readonly [string, string, string])[] = [
    ['-LOADING Redis is loading the dataset in memory', 'down', 'LOADING'],
    ['-BUSY Redis is busy running a script.', 'down', 'LOADING'],
    ['-MASTERDOWN Link with MASTER is down', 'down', 'LOADING'],
    ['-MISCONF Redis is configured to save RDB snapshots, but it is unable to persist on disk.', 'full', 'MISCONF'],
    ["-OOM command not allowed when used memory > 'maxmemory'.", 'full', 'OOM'],
    ['-ERR Error running script (call to f_1): @user_script:5: -OOM command not allowed', 'full', 'OOM'],
    ["-READONLY You can't write against a read only replica.", 'full', 'READONLY'],
    ['-MOVED 3999 127.0.0.1:6381', 'refused', 'REDIS_CLUSTER'],
    ['-NOAUTH Authentication required.', 'refused', 'WRONGPASS'],
    ["-ERR unknown command 'EVAL'", 'refused', 'OLD_REDIS'],
    ['-ERR something new', 'refused', 'REDIS_ERROR'],
  ];
  for (const [word, kind, code] of expected) await t.rejects(says(word), { kind, code }, word);
  t.equal(await says('+fine'), 'fine', 'and it goes on');
});

t.test('certificates, by the codes of Node', async (t) => {
  for (const code of ['DEPTH_ZERO_SELF_SIGNED_CERT', 'CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID']) {
    const error = Object.assign(new Error('self-signed or so'), { code });
    t.match(troubleOf(error, 'rediss://h:1/0'), { kind: 'refused', code: 'BAD_CERTIFICATE' }, code);
  }
});
