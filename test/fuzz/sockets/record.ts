/** Records what honest parties say on real connections: clients, operators, a registrant and a server. */
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import path from 'node:path';
import { askOnce, ChatClient } from '../../../src/client/index.js';
import { encode, type Message, membershipHash, registry } from '../../../src/wire/index.js';
import type { Cluster } from '../../support/cluster.js';
import { hello, RawPeer } from '../../support/raw-peer.js';
import { until } from '../../support/until.js';
import { recordedFrames } from '../targets/wire.js';

/** A relay that keeps what callers say, one stream each. */
class Recorder {
  readonly streams: Buffer[][] = [];
  readonly #server: Server;

  private constructor(target: string) {
    const [host = '', port = ''] = target.split(':');
    this.#server = createServer((caller) => {
      const heard: Buffer[] = [];
      this.streams.push(heard);
      const upstream = connect({ host, port: Number(port) });
      caller.on('data', (chunk) => heard.push(chunk));
      caller.pipe(upstream).pipe(caller);
      // Either end may break the other's; the test that records looks at neither.
      caller.on('error', () => upstream.destroy());
      upstream.on('error', () => caller.destroy());
    });
  }

  static async before(target: string): Promise<Recorder> {
    const recorder = new Recorder(target);
    await new Promise<void>((resolve) => recorder.#server.listen(0, '127.0.0.1', resolve));
    return recorder;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): Buffer[] {
    this.#server.close();
    return this.streams.map((chunks) => Buffer.concat(chunks)).filter(({ length }) => length > 0);
  }
}

/** Streams in hex, each as one party said it: what {@link AttackOrder.recorded} wants. */
export async function recordTraffic(cluster: Cluster): Promise<string[]> {
  const atServer = await Recorder.before(cluster.address(1));
  const atBalancer = await Recorder.before(cluster.balancerAddress);
  const options = { address: atServer.address, timeoutMs: 5_000 };
  const client = new ChatClient({ name: 'recorded', token: Buffer.alloc(32, 4), server: atServer.address });
  client.subscribe('#recorded', 'all');
  client.connect();
  for (let i = 0; i < 10; i++) client.post('#recorded', `line ${i}`);
  await until('the recorded lines', 20_000, () => client.openLines === 0 && client.phase === 'ready');
  await client.history({ room: '#recorded', limit: 5, fresh: false }, 5_000);
  await client.close();
  await askOnce(options, (operator) => operator.status());
  const lost = new ChatClient({ token: Buffer.alloc(32, 5), balancers: [atBalancer.address] });
  lost.connect();
  await until('a routed client', 20_000, () => lost.phase === 'ready');
  await lost.close();
  await askOnce({ ...options, address: atBalancer.address }, (operator) => operator.members());
  const streams = [
    ...atServer.stop(),
    ...atBalancer.stop(),
    await registrantStream(cluster),
    await peerStream(cluster),
  ];
  return streams.map((stream) => stream.toString('hex'));
}

/** A server that registers with the balancer, as the tables of PROTOCOL.md have it. */
async function registrantStream(cluster: Cluster): Promise<Buffer> {
  const { clusterId } = await welcomeOf(cluster.balancerAddress);
  const own = hello({ role: 'registrant', authMethod: 'none', auth: new Uint8Array(0), serverId: 9, clusterId });
  const join = recordedFrames().filter((frame) => frame[9] === joinCode);
  return Buffer.concat([encode(own), ...join]);
}

/** The hello with which server 2 calls server 1, and frames that servers send each other. */
async function peerStream(cluster: Cluster): Promise<Buffer> {
  const { clusterId, incarnation, epoch, birthIds } = await identityOf(cluster, 2);
  const members = birthIds.map((birthId, at) => ({ id: at + 1, birthId }));
  const own = hello({
    role: 'server',
    authMethod: 'none',
    auth: new Uint8Array(0),
    clusterId,
    epoch,
    incarnation,
    serverId: 2,
    birthId: birthIds[1] ?? new Uint8Array(16),
    membershipHash: membershipHash(epoch, members),
    address: cluster.address(2),
  });
  const frames = recordedFrames().filter((frame) => frame.length < 1_000 && peerCodes.has(frame[9] as number));
  return Buffer.concat([encode(own), ...frames]);
}

async function identityOf(
  cluster: Cluster,
  id: number,
): Promise<{ clusterId: Uint8Array; incarnation: number; epoch: number; birthIds: Uint8Array[] }> {
  const { clusterId, incarnation, epoch } = await welcomeOf(cluster.address(id));
  const birthIds = cluster.ids.map((server) => birthIdOf(cluster.dataDir(server)));
  return { clusterId, incarnation, epoch, birthIds };
}

const joinCode = registry.join.code;
const peerCodes = new Set(
  Object.values(registry)
    .filter(({ from, to }) => from.includes('server') && to.includes('server'))
    .map(({ code }) => code),
);

async function welcomeOf(address: string): Promise<Extract<Message, { type: 'welcome' }>> {
  const peer = await RawPeer.open(address);
  peer.send(encode(hello()));
  const welcome = await peer.waitForMessage('welcome');
  peer.close();
  return welcome;
}

function birthIdOf(dataDir: string): Uint8Array {
  const [line = ''] = readFileSync(path.join(dataDir, 'identity'), 'utf8').split('\n');
  return Buffer.from((JSON.parse(line) as { birthId: string }).birthId, 'hex');
}
