/** Calls of the proxy's API: to whom the token of the secret is shown. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import t from 'tap';
import { ProxyApi } from '../../src/cli/proxy-api.js';

t.test('whoever answers on loopback learns no token', async (t) => {
  const shown: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    shown.push(request.headers.authorization);
    response.end('[]');
  });
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  t.teardown(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const call = (host: string) => new ProxyApi(`${host}:${port}`, { token: 'token' }).call('GET', '/links');
  for (const host of ['localhost', '127.0.0.1', '127.0.0.9']) await call(host);
  t.strictSame(shown, [undefined, undefined, undefined]);
  const outside = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4');
  if (outside === undefined) return;
  await call(outside.address);
  t.equal(shown.at(-1), 'Bearer token', 'another machine may be one where the API asks for it');
});
