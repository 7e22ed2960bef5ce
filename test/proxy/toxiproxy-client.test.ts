/** A Toxiproxy client that others have written drives the API: toxiproxy-node-client 4.1.0. */
import t from 'tap';
import toxiproxy, { type ICreateProxyBody } from 'toxiproxy-node-client';
import { startSubject } from './support.js';

const { Toxiproxy } = toxiproxy;

/** What the client's errors say of a status. */
const status = (code: number) => ({ message: `Request failed with status code ${code}` });

t.test('everything the client can do', async (t) => {
  const subject = await startSubject(t);
  const client = new Toxiproxy(subject.url);
  const wanted: ICreateProxyBody = { name: 'redis', listen: 'localhost:0', upstream: 'localhost:6379' };

  t.equal(await client.getVersion(), '{"version": "2.12.0"}\n');
  t.strictSame(await client.getAll(), {});
  const redis = await client.createProxy(wanted);
  t.match(redis.toJson(), { name: 'redis', listen: /^127\.0\.0\.1:\d+$/, upstream: 'localhost:6379', enabled: true });
  await t.rejects(client.createProxy(wanted), status(409));
  await t.rejects(client.get('nobody'), status(404));
  t.equal((await client.get('redis')).listen, redis.listen);

  const off = await redis.update({ enabled: false, listen: redis.listen, upstream: 'localhost:6380' });
  t.match(off.toJson(), { enabled: false, upstream: 'localhost:6380' });
  await client.reset();
  t.match((await client.getAll()).redis?.toJson(), { enabled: true, upstream: 'localhost:6380' });

  const toxic = await redis.addToxic({
    name: 'slow',
    type: 'latency',
    stream: 'upstream',
    toxicity: 1,
    attributes: { latency: 100, jitter: 10 },
  });
  t.match(toxic.toJson(), { name: 'slow', type: 'latency', stream: 'upstream', toxicity: 1 });
  const changed = await toxic.update({ ...toxic.toJson(), toxicity: 0.5, attributes: { latency: 5, jitter: 0 } });
  t.match(changed.toJson(), { toxicity: 0.5, attributes: { latency: 5, jitter: 0 } });
  t.match((await redis.getToxic('slow')).toJson(), changed.toJson());
  await changed.remove();
  await t.rejects(redis.getToxic('slow'), status(404));

  t.strictSame(await client.populate([]), {}, 'Toxiproxy itself makes this client throw');
  const both = await client.populate([wanted, { ...wanted, name: 'other', upstream: 'localhost:1' }]);
  t.strictSame(Object.keys(both), ['redis', 'other']);
  await both.other?.remove();
  await t.rejects(client.get('other'), status(404));
});

t.test('every toxic that the client knows', async (t) => {
  const subject = await startSubject(t);
  const proxy = await new Toxiproxy(subject.url).createProxy({ name: 'p', listen: 'localhost:0', upstream: 'u:1' });
  const attributes = {
    latency: { latency: 1, jitter: 2 },
    bandwidth: { rate: 3 },
    slow_close: { delay: 4 },
    timeout: { timeout: 5 },
    slicer: { average_size: 6, size_variation: 2, delay: 7 },
    limit_data: { bytes: 8 },
    reset_peer: { timeout: 9 },
  } as const;
  for (const [type, given] of Object.entries(attributes)) {
    const toxic = await proxy.addToxic({
      name: type,
      type: type as keyof typeof attributes,
      stream: 'downstream',
      toxicity: 1,
      attributes: given,
    });
    t.strictSame(toxic.attributes, given, type);
  }
});
