/** Who may drive the control API from elsewhere: it is out of reach on loopback, and wants a token beyond. */
import { createConnection } from 'node:net';
import { networkInterfaces } from 'node:os';
import t from 'tap';
import { silentLogger } from '../../src/base/index.js';
import { Keyring } from '../../src/net/index.js';
import { type ApiServer, type Route, startApi } from '../../src/proxy/api/http.js';

const routes: readonly Route[] = [{ method: 'GET', path: '/links', handle: () => ({ status: 200, body: [] }) }];
const { apiTokens } = new Keyring({
  cluster: [Buffer.from('the new secret, sixteen'), Buffer.from('the old secret, sixteen')],
  invite: [],
});
const foreign = new Keyring({ cluster: [Buffer.from('another secret, sixteen')], invite: [] }).apiTokens[0] ?? '';
/** An address of this machine that others reach; without one its own loopback stands in for it. */
const outside =
  Object.values(networkInterfaces())
    .flat()
    .find((entry) => entry !== undefined && !entry.internal && entry.family === 'IPv4')?.address ?? '127.0.0.1';

async function start(t: { teardown(fn: () => unknown): void }, listen: string, tokens: readonly string[]) {
  const api: ApiServer = await startApi({ listen, tokens, routes, logger: silentLogger });
  t.teardown(() => api.stop());
  const port = Number(/:(\d+)$/.exec(api.address)?.[1]);
  return async (host: string, authorization?: string): Promise<{ status: number; text: string }> => {
    const headers = authorization === undefined ? {} : { authorization };
    const response = await fetch(`http://${host}:${port}/links`, { headers });
    return { status: response.status, text: await response.text() };
  };
}

t.test('an API that others can reach wants a token of the secret, whoever calls and from where', async (t) => {
  const call = await start(t, '0.0.0.0:0', apiTokens);
  for (const host of [outside, '127.0.0.1']) {
    for (const shown of [
      undefined,
      '',
      'Bearer',
      'Bearer x',
      `Bearer ${foreign}`,
      `Basic ${apiTokens[0]}`,
      `Bearer ${apiTokens[0]}0`,
    ]) {
      t.match(
        await call(host, shown),
        { status: 401, text: /show that you know the cluster's secret/ },
        `${host} ${shown}`,
      );
    }
    for (const token of apiTokens) t.match(await call(host, `Bearer ${token}`), { status: 200 });
  }
});

t.test('on loopback Toxiproxy’s own clients need nothing, and nobody else gets there', async (t) => {
  const call = await start(t, '127.0.0.1:0', apiTokens);
  t.match(await call('127.0.0.1'), { status: 200 });
  if (outside === '127.0.0.1') return;
  await t.rejects(call(outside), 'not reached at the address that others see');
});

t.test('the token tells nothing of the secret, and is not what proves a hello', async (t) => {
  for (const token of apiTokens) t.match(token, /^[0-9a-f]{64}$/);
  const again = new Keyring({ cluster: [Buffer.from('the new secret, sixteen')], invite: [] });
  t.equal(again.apiTokens[0], apiTokens[0], 'the same for everybody who knows the secret');
  t.not(again.apiTokens[0], Buffer.from(again.proving.mac([])).toString('hex'));
});

t.test('a caller that never finishes its request is let go before it can show anything', async (t) => {
  const api = await startApi({
    listen: '127.0.0.1:0',
    tokens: apiTokens,
    routes,
    logger: silentLogger,
    requestMsMax: 500,
  });
  t.teardown(() => api.stop());
  const socket = createConnection({ port: Number(/:(\d+)$/.exec(api.address)?.[1]), host: '127.0.0.1' });
  socket.write('GET /links HTTP/1.1\r\nAuthorization: Bear');
  await new Promise((resolve) =>
    socket
      .on('error', () => undefined)
      .on('close', resolve)
      .resume(),
  );
  t.pass('closed');
});
