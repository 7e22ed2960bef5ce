/** etcd: three members; puts of a new key each, through gRPC. Every acknowledged put was synced by a majority. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../../test/support/ports.js';
import { clientVersion, loadClient } from './clients.js';
import { nodeFor, type Outcome, type Peer, type PeerClient, type Placement, type RunningPeer } from './peer.js';
import { askProgram, findProgram, PeerProcess, startOrStop, stopAll } from './processes.js';

const upMs = 30_000;

/** What the bench uses of etcd3. */
interface Etcd3 {
  put(key: string): { value(value: Buffer): { exec(): Promise<unknown> } };
  close(): void;
}

export interface EtcdMember {
  readonly clientPort: number;
  readonly peerPort: number;
}

/** The command line of one member. */
export function etcdArgs(members: readonly EtcdMember[], index: number, directory: string): string[] {
  const { clientPort = 0, peerPort = 0 } = members[index] ?? {};
  const clientUrl = `http://127.0.0.1:${clientPort}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const cluster = members.map((member, i) => `bench${i}=http://127.0.0.1:${member.peerPort}`).join(',');
  const flags = {
    name: `bench${index}`,
    'data-dir': directory,
    'listen-client-urls': clientUrl,
    'advertise-client-urls': clientUrl,
    'listen-peer-urls': peerUrl,
    'initial-advertise-peer-urls': peerUrl,
    'initial-cluster': cluster,
    'initial-cluster-state': 'new',
    'initial-cluster-token': 'synod-bench',
    'quota-backend-bytes': '8589934592',
    logger: 'zap',
    'log-level': 'error',
  };
  return Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
}

export const etcdPeers: readonly Peer[] = [
  {
    name: 'etcd',
    system: 'etcd',
    durable: true,
    hasFanOut: false,
    acknowledged: 'put of a new key, applied by the leader after a majority has synced it',
    missing: () =>
      findProgram('etcd') === undefined
        ? { what: 'etcd', install: 'apt-get install --no-install-recommends etcd-server' }
        : undefined,
    version: () => {
      const said = /etcd Version: (\S+)/.exec(askProgram(findProgram('etcd') ?? '', ['--version']));
      return `etcd ${said?.[1] ?? 'of unknown version'}, ${clientVersion('etcd3')}`;
    },
    start,
  },
];

function start(directory: string, placement: Placement): Promise<RunningPeer> {
  return startOrStop(async (started) => {
    const members: EtcdMember[] = [];
    for (let i = 0; i < 3; i++) members.push({ clientPort: await freePort(), peerPort: await freePort() });
    for (const index of members.keys()) {
      const home = path.join(directory, `node-${index}`);
      mkdirSync(home);
      const args = etcdArgs(members, index, path.join(home, 'data'));
      const program = findProgram('etcd') ?? 'etcd';
      started.push(new PeerProcess({ program, args, directory: home, name: `etcd-${index}` }));
    }
    const leader = await started[0]?.until('a leader that all members know', upMs, async () => {
      const known = await Promise.all(members.map(({ clientPort }) => statusOf(clientPort)));
      const [first] = known;
      if (first === undefined || known.some((one) => one.leader !== first.leader)) return undefined;
      const index = known.findIndex((one) => one.member === first.leader);
      return index === -1 ? undefined : { index };
    });
    return {
      get pids() {
        return started.flatMap(({ pids }) => pids);
      },
      client: (index) => open(index, members[nodeFor(placement, leader?.index ?? 0, index)]?.clientPort ?? 0),
      stop: () => stopAll(started),
    };
  });
}

/** Over the gateway, which needs no gRPC. Throws while the member does not answer. */
async function statusOf(port: number): Promise<{ member: string; leader: string }> {
  const response = await fetch(`http://127.0.0.1:${port}/v3/maintenance/status`, {
    method: 'POST',
    body: '{}',
    signal: AbortSignal.timeout(2_000),
  });
  const { header, leader } = (await response.json()) as { header?: { member_id?: string }; leader?: string };
  return { member: header?.member_id ?? '', leader: leader ?? 'none' };
}

async function open(index: number, port: number): Promise<PeerClient> {
  const { Etcd3: Client } = loadClient<{ Etcd3: new (options: object) => Etcd3 }>('etcd3');
  const client = new Client({
    hosts: `http://127.0.0.1:${port}`,
    // Each client gets a connection of its own.
    grpcOptions: { 'grpc.use_local_subchannel_pool': 1 },
  });
  // The connection is made by the first call.
  await client.put(`bench/${index}/first`).value(Buffer.from('first')).exec();
  return new EtcdClient(client, index);
}

class EtcdClient implements PeerClient {
  readonly #client: Etcd3;
  readonly #prefix: string;
  #count = 0;

  constructor(client: Etcd3, index: number) {
    this.#client = client;
    this.#prefix = `bench/${index}/`;
  }

  append(value: Buffer, done: (outcome: Outcome) => void): void {
    this.#client
      .put(`${this.#prefix}${++this.#count}`)
      .value(value)
      .exec()
      .then(
        () => done('ok'),
        // gRPC tells a call that never left from one that was lost on the way by texts only.
        () => done('unknown'),
      );
  }

  async close(): Promise<void> {
    this.#client.close();
  }
}
