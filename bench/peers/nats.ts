/**
 * NATS: three servers; JetStream with three replicas on files, which it does not sync per message, and core fan-out.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../../test/support/ports.js';
import { clientVersion, loadClient } from './clients.js';
import type { NatsConnection } from './nats-client.js';
import { natsFanOut } from './nats-fan-out.js';
import { nodeFor, type Outcome, type Peer, type PeerClient, type Placement, type RunningPeer } from './peer.js';
import { askProgram, findProgram, PeerProcess, startOrStop, stopAll } from './processes.js';

const upMs = 30_000;
const ackMs = 5_000;
const subject = 'bench';

export interface NatsServer {
  readonly clientPort: number;
  readonly routePort: number;
}

/** The configuration of one server. */
export function natsConfig(servers: readonly NatsServer[], index: number, directory: string): string {
  const { clientPort = 0, routePort = 0 } = servers[index] ?? {};
  const routes = servers.map((server) => `nats://127.0.0.1:${server.routePort}`).join(', ');
  return [
    `server_name: bench${index}`,
    `listen: 127.0.0.1:${clientPort}`,
    'ping_interval: "10m"',
    'cluster {',
    '  name: synod-bench',
    `  listen: 127.0.0.1:${routePort}`,
    `  routes: [${routes}]`,
    '}',
    'jetstream {',
    `  store_dir: "${directory}"`,
    '  max_file_store: 20GB',
    '}',
    '',
  ].join('\n');
}

export const natsPeers: readonly Peer[] = [
  {
    name: 'nats',
    system: 'nats',
    durable: false,
    hasFanOut: true,
    acknowledged: 'JetStream publish to a stream on files with three replicas; it never syncs per message',
    missing: () =>
      findProgram('nats-server') === undefined
        ? { what: 'nats-server', install: 'apt-get install --no-install-recommends nats-server' }
        : undefined,
    version: () => {
      const said = /v(\d\S+)/.exec(askProgram(findProgram('nats-server') ?? '', ['--version']));
      return `NATS ${said?.[1] ?? 'of unknown version'}, ${clientVersion('nats')}`;
    },
    start,
  },
];

function start(directory: string, placement: Placement): Promise<RunningPeer> {
  return startOrStop(async (started) => {
    const servers: NatsServer[] = [];
    for (let i = 0; i < 3; i++) servers.push({ clientPort: await freePort(), routePort: await freePort() });
    for (const index of servers.keys()) {
      const home = path.join(directory, `node-${index}`);
      mkdirSync(home);
      const config = path.join(home, 'nats.conf');
      writeFileSync(config, natsConfig(servers, index, path.join(home, 'jetstream')));
      const program = findProgram('nats-server') ?? 'nats-server';
      started.push(new PeerProcess({ program, args: ['-c', config], directory: home, name: `nats-${index}` }));
    }
    const portOf = (index: number): number => servers[index]?.clientPort ?? 0;
    // A request needs the leader of JetStream itself to be elected first.
    const leader = await started[0]?.until('a stream with a leader', upMs, () => makeStream(portOf(0)));
    const leaderIndex = Number(leader?.replace(/\D/g, ''));
    return {
      get pids() {
        return started.flatMap(({ pids }) => pids);
      },
      client: async (index) => new NatsClient(await openNats(portOf(nodeFor(placement, leaderIndex, index)))),
      fanOut: natsFanOut(portOf(0), openNats),
      stop: () => stopAll(started),
    };
  });
}

/** Makes the stream, unless it is there, and resolves to the name of the server that leads it. */
async function makeStream(port: number): Promise<string | undefined> {
  const connection = await openNats(port);
  try {
    const manager = await connection.jetstreamManager({ timeout: 2_000 });
    await manager.streams.add({ name: 'BENCH', subjects: [subject], num_replicas: 3, storage: 'file' });
    const { cluster } = await manager.streams.info('BENCH');
    return cluster?.replicas?.length === 2 ? cluster.leader : undefined;
  } finally {
    await connection.close();
  }
}

function openNats(port: number): Promise<NatsConnection> {
  const { connect } = loadClient<{ connect(options: object): Promise<NatsConnection> }>('nats');
  return connect({ servers: `127.0.0.1:${port}`, reconnect: false, ignoreClusterUpdates: true });
}

class NatsClient implements PeerClient {
  readonly #connection: NatsConnection;
  readonly #jetstream: ReturnType<NatsConnection['jetstream']>;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
    this.#jetstream = connection.jetstream();
  }

  append(value: Buffer, done: (outcome: Outcome) => void): void {
    this.#jetstream.publish(subject, value, { timeout: ackMs }).then(
      () => done('ok'),
      // Only an error that JetStream itself answered says that the message is not there.
      (error: { readonly api_error?: object }) => done(error.api_error === undefined ? 'unknown' : 'failed'),
    );
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}
