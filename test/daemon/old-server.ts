/** A member as a release before 0.7 would speak for it, which cannot read what operators decide. */
import { features, type Hello } from '../../src/wire/index.js';
import { hello, Raw } from './raw.js';

/** What server `id` says first; `address` is any server's, who knows its seat. */
export async function oldServerHello(address: string, id: number): Promise<Hello> {
  const operator = await Raw.welcomed(address, { role: 'operator' });
  operator.send({ type: 'seatsRequest', request: 1 });
  const { seats } = await operator.take('seats');
  operator.send({ type: 'statusRequest', request: 2 });
  const { clusterId } = await operator.take('status');
  operator.end();
  return hello({
    role: 'server',
    features: features.serves,
    clusterId,
    serverId: id,
    birthId: seats.find((seat) => seat.id === id)?.birthId ?? new Uint8Array(16),
    incarnation: 1000 * 2 ** 32,
  });
}
