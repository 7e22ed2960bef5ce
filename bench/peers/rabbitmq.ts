/** RabbitMQ: three nodes; persistent messages to a quorum queue, acknowledged by publisher confirms. */
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../../test/support/ports.js';
import { clientVersion, loadClient } from './clients.js';
import { nodeFor, type Outcome, type Peer, type PeerClient, type Placement, type RunningPeer } from './peer.js';
import { findProgram, PeerProcess, startOrStop, stopAll } from './processes.js';
import { askPort } from './sockets.js';

/** Debian's launcher in /usr/sbin changes the user; the one here, which it calls, does not. */
const binFolder = '/usr/lib/rabbitmq/bin';
const libFolder = '/usr/lib/rabbitmq/lib';
/** An Erlang node of this size takes its time on a busy machine. */
const upMs = 90_000;
const queue = 'bench';
const cookie = 'synodbench';

/** What the bench uses of amqplib. */
interface AmqpConnection {
  createConfirmChannel(): Promise<ConfirmChannel>;
  on(event: 'error', listener: (error: Error) => void): void;
  close(): Promise<void>;
}

interface ConfirmChannel {
  assertQueue(name: string, options: object): Promise<unknown>;
  publish(
    exchange: string,
    key: string,
    value: Buffer,
    options: object,
    done: (error: Error | null | undefined) => void,
  ): boolean;
  on(event: 'error', listener: (error: Error) => void): void;
}

export interface RabbitNode {
  readonly port: number;
  readonly distributionPort: number;
}

function nodeName(index: number): string {
  return `synodbench${index}@localhost`;
}

/** The configuration of one node; the first one waits for nobody, the others join it. */
export function rabbitmqConfig({ port }: RabbitNode): string {
  return [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    'cluster_formation.peer_discovery_backend = classic_config',
    `cluster_formation.classic_config.nodes.1 = ${nodeName(0)}`,
    'log.console = true',
    'log.console.level = warning',
    'log.file = false',
    '',
  ].join('\n');
}

/** What a node is told by its environment: all its files in `home`, and names registered at a port of our own. */
export function rabbitmqEnvironment(
  node: RabbitNode,
  index: number,
  home: string,
  epmdPort: number,
): Readonly<Record<string, string>> {
  return {
    HOME: home,
    RABBITMQ_NODENAME: nodeName(index),
    RABBITMQ_DIST_PORT: `${node.distributionPort}`,
    RABBITMQ_CONFIG_FILE: path.join(home, 'rabbitmq.conf'),
    RABBITMQ_CONF_ENV_FILE: path.join(home, 'rabbitmq-env.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: path.join(home, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: path.join(home, 'mnesia'),
    RABBITMQ_LOG_BASE: path.join(home, 'log'),
    RABBITMQ_PID_FILE: path.join(home, 'pid'),
    // Three nodes that bind their schedulers to the same few cores get in each other's way.
    RABBITMQ_SCHEDULER_BIND_TYPE: 'u',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    // The launcher then becomes the node, instead of staying beside it.
    RUNNING_UNDER_SYSTEMD: '1',
    // Ours is there already; one that an Erlang machine starts by itself would outlive it.
    ERL_AFLAGS: '-start_epmd false',
    ERL_EPMD_PORT: `${epmdPort}`,
    ERL_EPMD_ADDRESS: '127.0.0.1',
  };
}

export const rabbitmqPeers: readonly Peer[] = [
  {
    name: 'rabbitmq',
    system: 'rabbitmq',
    durable: true,
    hasFanOut: false,
    acknowledged: 'persistent message to a quorum queue, confirmed after a majority has synced it',
    missing: () =>
      findProgram('rabbitmq-server', [binFolder]) === undefined || findProgram('epmd') === undefined
        ? { what: 'rabbitmq-server', install: 'apt-get install --no-install-recommends rabbitmq-server' }
        : undefined,
    version: () => `RabbitMQ ${installedVersion()}, ${clientVersion('amqplib')}`,
    start,
  },
];

/** From the folder's name: asking the program itself would start an Erlang machine. */
function installedVersion(): string {
  try {
    const names = readdirSync(libFolder).map((name) => /^rabbitmq_server-(.+)$/.exec(name)?.[1]);
    return names.find((version) => version !== undefined) ?? 'of unknown version';
  } catch {
    return 'of unknown version'; // Installed elsewhere; it runs all the same.
  }
}

function start(directory: string, placement: Placement): Promise<RunningPeer> {
  return startOrStop(async (started) => {
    const epmdPort = await freePort();
    const nodes: RabbitNode[] = [];
    for (let i = 0; i < 3; i++) nodes.push({ port: await freePort(), distributionPort: await freePort() });
    const address = ['-address', '127.0.0.1', '-port', `${epmdPort}`];
    const epmd = findProgram('epmd') ?? 'epmd';
    started.push(new PeerProcess({ program: epmd, args: address, directory, name: 'epmd' }));
    for (const [index, node] of nodes.entries()) {
      const one = startNode(node, index, path.join(directory, `node-${index}`), epmdPort);
      started.push(one);
      // The others join the first one, which must be complete by then.
      if (index === 0) await listening(one, node.port);
    }
    await Promise.all(nodes.map(({ port }, index) => listening(started[index + 1] as PeerProcess, port)));
    await started[1]?.until('a queue on three nodes', upMs, () => makeQueue(nodes));
    return {
      get pids() {
        return started.flatMap(({ pids }) => pids);
      },
      // The queue was made through the first node, and a queue's leader begins where it was made.
      client: (index) => open(nodes[nodeFor(placement, 0, index)]?.port ?? 0),
      stop: () => stopAll(started),
    };
  });
}

function startNode(node: RabbitNode, index: number, home: string, epmdPort: number): PeerProcess {
  mkdirSync(home);
  writeFileSync(path.join(home, 'rabbitmq.conf'), rabbitmqConfig(node));
  writeFileSync(path.join(home, 'rabbitmq-env.conf'), '');
  writeFileSync(path.join(home, 'enabled_plugins'), '[].\n');
  writeFileSync(path.join(home, '.erlang.cookie'), cookie);
  chmodSync(path.join(home, '.erlang.cookie'), 0o400);
  const program = findProgram('rabbitmq-server', [binFolder]) ?? 'rabbitmq-server';
  const env = rabbitmqEnvironment(node, index, home, epmdPort);
  return new PeerProcess({ program, args: [], directory: home, name: `rabbitmq-${index}`, env });
}

/** A listener that answers the protocol's greeting is open for business. */
async function listening(node: PeerProcess, port: number): Promise<void> {
  await node.until('its listener', upMs, async () => {
    const answer = await askPort(port, 'AMQP\0\0\x09\x01', (text) => text.length > 0);
    return answer.length > 0;
  });
}

/** Makes the queue once all nodes are members: with fewer it would have fewer replicas for ever. */
async function makeQueue(nodes: readonly RabbitNode[]): Promise<boolean> {
  const connection = await connect(nodes[0]?.port ?? 0);
  try {
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => undefined);
    await channel.assertQueue(queue, {
      durable: true,
      arguments: { 'x-queue-type': 'quorum', 'x-quorum-initial-group-size': 3 },
    });
    return true;
  } finally {
    await connection.close();
  }
}

async function connect(port: number): Promise<AmqpConnection> {
  const amqp = loadClient<{ connect(url: string, options: object): Promise<AmqpConnection> }>('amqplib');
  const connection = await amqp.connect(`amqp://guest:guest@127.0.0.1:${port}`, { noDelay: true });
  // What a lost connection means for a message, its confirm tells.
  connection.on('error', () => undefined);
  return connection;
}

async function open(port: number): Promise<PeerClient> {
  const connection = await connect(port);
  const channel = await connection.createConfirmChannel();
  channel.on('error', () => undefined);
  return new RabbitClient(connection, channel);
}

class RabbitClient implements PeerClient {
  readonly #connection: AmqpConnection;
  readonly #channel: ConfirmChannel;

  constructor(connection: AmqpConnection, channel: ConfirmChannel) {
    this.#connection = connection;
    this.#channel = channel;
  }

  append(value: Buffer, done: (outcome: Outcome) => void): void {
    // A negative confirm says that the queue could not take it; some replica may have.
    this.#channel.publish('', queue, value, { persistent: true }, (error) =>
      done(error === null || error === undefined ? 'ok' : 'unknown'),
    );
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}
