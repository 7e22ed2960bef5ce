/** synod itself: a balancer and three servers, loaded through its client library, like every other system. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ChatClient } from '../../src/client/index.js';
import type { Cluster } from '../../test/support/cluster.js';
import { startCluster } from '../cluster.js';
import { nodeFor, type Outcome, type Peer, type PeerClient, type Placement, type RunningPeer } from './peer.js';
import { openClient } from './synod-client.js';
import { synodFanOut } from './synod-fan-out.js';

const room = '#bench';

export const synodPeers: readonly Peer[] = [
  synodPeer('synod', true, 'post, applied after a majority has synced it'),
  synodPeer('synod-memory', false, 'post, applied after a majority has it; --fsync never'),
];

function synodPeer(name: string, durable: boolean, acknowledged: string): Peer {
  return {
    name,
    system: 'synod',
    durable,
    hasFanOut: true,
    acknowledged,
    missing: () => undefined,
    version: () => `synod ${packageVersion()}`,
    start: (directory, placement) => start(directory, placement, durable),
  };
}

function packageVersion(): string {
  const manifest = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

async function start(directory: string, placement: Placement, durable: boolean): Promise<RunningPeer> {
  const cluster = await startCluster({
    serverFlags: durable ? [] : ['--fsync', 'never'],
    dataDir: (id) => `${directory}/server-${id}`,
  });
  const leader = await cluster.leader();
  const addressOf = (node: number): string => cluster.address(node + 1);
  return {
    get pids() {
      return pidsOf(cluster);
    },
    client: (index, inFlight) => open(addressOf(nodeFor(placement, leader - 1, index)), inFlight),
    fanOut: synodFanOut(cluster.address(leader)),
    stop: () => cluster.stop(),
  };
}

function pidsOf(cluster: Cluster): number[] {
  return cluster.programs.filter(({ exit }) => exit === undefined).map(({ pid }) => pid);
}

/** A name belongs to the token that claimed it first: every client of a run has a name of its own. */
let clients = 0;

async function open(server: string, inFlight: number): Promise<PeerClient> {
  const name = `bench${++clients}`;
  return new SynodClient(await openClient({ name, token: randomBytes(32), window: inFlight, server }, room));
}

class SynodClient implements PeerClient {
  readonly #client: ChatClient;

  constructor(client: ChatClient) {
    this.#client = client;
  }

  append(value: Buffer, done: (outcome: Outcome) => void): void {
    this.#client.post(room, value, (code) => done(code === 'ok' ? 'ok' : code === 'UNKNOWN' ? 'unknown' : 'failed'));
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}
