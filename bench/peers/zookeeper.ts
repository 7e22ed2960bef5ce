/** ZooKeeper: an ensemble of three; creates of sequential nodes below one parent, each synced by a majority. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../../test/support/ports.js';
import { clientVersion, loadClient } from './clients.js';
import { nodeFor, type Outcome, type Peer, type PeerClient, type Placement, type RunningPeer } from './peer.js';
import { findProgram, PeerProcess, startOrStop, stopAll } from './processes.js';
import { askPort } from './sockets.js';

const upMs = 60_000;
const connectMs = 10_000;
const jarFolder = '/usr/share/java';
/** Its manifest names the other jars that it needs. */
const jar = path.join(jarFolder, 'zookeeper.jar');
const parent = '/bench';

/** What the bench uses of node-zookeeper-client. */
interface ZooKeeper {
  connect(): void;
  close(): void;
  once(event: 'connected' | 'disconnected', listener: () => void): void;
  create(
    path: string,
    value: Buffer,
    mode: number,
    done: (error: { readonly getName?: () => string } | null | undefined) => void,
  ): void;
}

interface ZooKeeperModule {
  createClient(address: string, options: object): ZooKeeper;
  readonly CreateMode: { readonly PERSISTENT: number; readonly PERSISTENT_SEQUENTIAL: number };
}

export interface ZooKeeperServer {
  readonly clientPort: number;
  readonly peerPort: number;
  readonly electionPort: number;
}

/** The configuration of one server. */
export function zookeeperConfig(servers: readonly ZooKeeperServer[], index: number, directory: string): string {
  return [
    'tickTime=2000',
    'initLimit=10',
    'syncLimit=5',
    `dataDir=${directory}`,
    'clientPortAddress=127.0.0.1',
    `clientPort=${servers[index]?.clientPort ?? 0}`,
    'maxClientCnxns=0',
    'forceSync=yes',
    'admin.enableServer=false',
    '4lw.commands.whitelist=srvr',
    ...servers.map(({ peerPort, electionPort }, i) => `server.${i + 1}=127.0.0.1:${peerPort}:${electionPort}`),
    '',
  ].join('\n');
}

export const zookeeperPeers: readonly Peer[] = [
  {
    name: 'zookeeper',
    system: 'zookeeper',
    durable: true,
    hasFanOut: false,
    acknowledged: 'create of a sequential node, forceSync on: a majority has synced it',
    missing: () =>
      existsSync(jar) && findProgram('java') !== undefined
        ? undefined
        : { what: 'zookeeper', install: 'apt-get install --no-install-recommends zookeeper default-jre-headless' },
    version: () => `ZooKeeper ${installedVersion()}, ${clientVersion('node-zookeeper-client')}`,
    start,
  },
];

/** From the name of the jar. */
function installedVersion(): string {
  const versions = readdirSync(jarFolder).map((name) => /^zookeeper-(\d[\d.]*)\.jar$/.exec(name)?.[1]);
  return versions.find((version) => version !== undefined) ?? 'of unknown version';
}

function start(directory: string, placement: Placement): Promise<RunningPeer> {
  return startOrStop(async (started) => {
    const servers: ZooKeeperServer[] = [];
    for (let i = 0; i < 3; i++) {
      servers.push({ clientPort: await freePort(), peerPort: await freePort(), electionPort: await freePort() });
    }
    for (const index of servers.keys()) started.push(startServer(servers, index, directory));
    const leader = await started[0]?.until('a leader and two followers', upMs, async () => {
      const modes = await Promise.all(servers.map(({ clientPort }) => modeOf(clientPort)));
      const index = modes.indexOf('leader');
      return index !== -1 && modes.filter((mode) => mode === 'follower').length === 2 ? { index } : undefined;
    });
    const portOf = (index: number): number => servers[index]?.clientPort ?? 0;
    const maker = await open(portOf(0));
    await maker.makeParent();
    await maker.close();
    return {
      get pids() {
        return started.flatMap(({ pids }) => pids);
      },
      client: (index) => open(portOf(nodeFor(placement, leader?.index ?? 0, index))),
      stop: () => stopAll(started),
    };
  });
}

function startServer(servers: readonly ZooKeeperServer[], index: number, directory: string): PeerProcess {
  const home = path.join(directory, `node-${index}`);
  const data = path.join(home, 'data');
  mkdirSync(data, { recursive: true });
  writeFileSync(path.join(data, 'myid'), `${index + 1}\n`);
  writeFileSync(path.join(home, 'zoo.cfg'), zookeeperConfig(servers, index, data));
  const args = [
    '-Xmx1g',
    '-Djava.net.preferIPv4Stack=true',
    // No file in the system's temporary folder.
    '-XX:-UsePerfData',
    `-Djava.io.tmpdir=${home}`,
    '-cp',
    `${jar}:${path.join(jarFolder, 'slf4j-simple.jar')}`,
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    'org.apache.zookeeper.server.quorum.QuorumPeerMain',
    path.join(home, 'zoo.cfg'),
  ];
  const program = findProgram('java') ?? 'java';
  return new PeerProcess({ program, args, directory: home, name: `zookeeper-${index}` });
}

/** `leader`, `follower`, or what it says meanwhile. */
async function modeOf(port: number): Promise<string> {
  const said = await askPort(port, 'srvr', (text) => text.includes('Node count'));
  return /Mode: (\w+)/.exec(said)?.[1] ?? '';
}

async function open(port: number): Promise<ZooKeeperPeerClient> {
  const module = loadClient<ZooKeeperModule>('node-zookeeper-client');
  const client = module.createClient(`127.0.0.1:${port}`, { sessionTimeout: 30_000, retries: 0 });
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`ZooKeeper at port ${port}: no session within ${connectMs} ms`)),
      connectMs,
    );
    client.once('connected', () => {
      clearTimeout(timer);
      resolve();
    });
    client.connect();
  });
  return new ZooKeeperPeerClient(client, module);
}

/** Errors that ZooKeeper answered; all others are about the connection and say nothing about the node. */
const refusals: ReadonlySet<string> = new Set(['NO_NODE', 'NO_AUTH', 'BAD_ARGUMENTS', 'INVALID_ACL', 'NODE_EXISTS']);

class ZooKeeperPeerClient implements PeerClient {
  readonly #client: ZooKeeper;
  readonly #module: ZooKeeperModule;
  readonly #mode: number;

  constructor(client: ZooKeeper, module: ZooKeeperModule) {
    this.#client = client;
    this.#module = module;
    this.#mode = module.CreateMode.PERSISTENT_SEQUENTIAL;
  }

  makeParent(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.create(parent, Buffer.alloc(0), this.#module.CreateMode.PERSISTENT, (error) =>
        error === null || error === undefined ? resolve() : reject(new Error(`${parent}: ${String(error)}`)),
      );
    });
  }

  append(value: Buffer, done: (outcome: Outcome) => void): void {
    this.#client.create(`${parent}/e-`, value, this.#mode, (error) => {
      if (error === null || error === undefined) done('ok');
      else done(refusals.has(error.getName?.() ?? '') ? 'failed' : 'unknown');
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#client.once('disconnected', resolve);
      this.#client.close();
    });
  }
}
