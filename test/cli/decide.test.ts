/** A decision whose answer does not come: not made a second time, exit code 5, and what to do. */
import { createServer } from 'node:net';
import t from 'tap';
import { decode, encode, FrameSplitter, features, type Message } from '../../src/wire/index.js';
import { run } from './program.js';

t.setTimeout(60_000);
const zero16 = new Uint8Array(16);
const welcome: Message = {
  type: 'welcome',
  version: 1,
  features: features.decisions,
  clusterId: zero16,
  membershipHash: zero16,
  epoch: 1,
  serverId: 1,
  incarnation: 1,
  authMethod: 'none',
  auth: new Uint8Array(0),
};

t.test('a server is lost with the decision: nothing is made again, whatever the verb', async (t) => {
  const wishes: string[] = [];
  const server = createServer((socket) => {
    const splitter = new FrameSplitter(64 * 1024);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      splitter.push(chunk);
      for (let frame = splitter.next(); frame !== undefined; frame = splitter.next()) {
        const message = decode(frame);
        if (message.type === 'hello') socket.write(encode(welcome));
        if (message.type !== 'decide') continue;
        wishes.push(message.verb);
        socket.destroy();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  const commands = [
    ['room', 'retain', 'ops', '--count', '3'],
    ['name', 'block', 'lala'],
  ];
  for (const command of commands) {
    const args = [...command, '--server', `127.0.0.1:${bound.port}`, '--timeout', '2s'];
    const { code, out, err } = await run('synod', args, t.testdir());
    t.equal(code, 5, command.join(' '));
    t.match(err, /may have been decided, or still be: look \(synod name list, or the room\) before you repeat it/);
    t.equal(out, '');
  }
  t.same(wishes, ['retain', 'block']);
});
