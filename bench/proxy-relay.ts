/** The least that a proxy in Node can be: it hands each chunk on. What this costs, no proxy in Node can save. */
import { connect, createServer, type Socket } from 'node:net';
import { assert } from '../src/base/index.js';

const upstreamPort = Number(process.argv[2]);

function handOn(from: Socket, to: Socket): void {
  from.on('data', (chunk: Buffer) => to.write(chunk));
  from.on('close', () => to.destroy());
  from.on('error', () => to.destroy());
}

const server = createServer({ noDelay: true }, (socket) => {
  const upstream = connect({ port: upstreamPort, host: '127.0.0.1', noDelay: true });
  handOn(socket, upstream);
  handOn(upstream, socket);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  assert(typeof address === 'object' && address !== null, 'a TCP address');
  process.send?.(address.port);
});
process.once('disconnect', () => process.exit(0));
