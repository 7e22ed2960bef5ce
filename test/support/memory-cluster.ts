/** Servers, a balancer and chat clients in one thread on a fake clock; tests choose what lies between the servers. */
import { Prng } from '../../src/base/index.js';
import { ChatClient, type ChatClientOptions } from '../../src/client/index.js';
import type { PaxosMessage } from '../../src/paxos/index.js';
import type { ServerId } from '../../src/wire/index.js';
import { MemoryNetwork } from './duplex.js';
import { FakeClock } from './fake-clock.js';
import { LinkFaults } from './link-faults.js';
import { clusterId, MemoryServer } from './memory-server.js';
import { ScriptedBalancer } from './scripted-cluster.js';

const balancerAddress = '127.0.0.1:8009';
/** A frame between servers takes as long as on a local network. */
const linkMs = 0.2;
/** A new leader has won over by then whoever had promised more to another one. */
const restMs = 2000;

/** Somebody who chats: the client, and every line that it was shown. */
export interface Person {
  readonly client: ChatClient;
  readonly shown: readonly string[];
}

export class MemoryCluster {
  readonly clock = new FakeClock();
  readonly network = new MemoryNetwork(this.clock);
  readonly servers: readonly MemoryServer[];
  /** On the links between servers only: those of clients and of the balancer are sound. */
  readonly faults: LinkFaults;
  readonly #random: Prng;

  /** Use {@link MemoryCluster.start}. */
  constructor(size: number, seed: number) {
    this.#random = new Prng(seed);
    const ids = Array.from({ length: size }, (_, at) => at + 1);
    const addresses = ids.map((id) => `127.0.0.1:${9009 + id}`);
    const members = ids.map((id) => ({ id, birthId: Buffer.alloc(16, id) }));
    const { clock, network } = this;
    this.faults = new LinkFaults(ids, () => clock.monotonicMs(), seed);
    this.servers = ids.map((id) => {
      const send = (to: ServerId, message: PaxosMessage): void => this.#send(id, to, message);
      return new MemoryServer({ id, members, addresses, clock, network, random: this.#random.fork(), send });
    });
    new ScriptedBalancer(balancerAddress, addresses, network).cluster = clusterId;
  }

  /** All servers run and are joined. */
  static async start(size: number, seed = 1): Promise<MemoryCluster> {
    const cluster = new MemoryCluster(size, seed);
    const { servers } = cluster;
    let started = 0;
    for (const server of servers) {
      server.start(() => {
        started += 1;
      });
    }
    await cluster.until(() => started === size, 1000, 'all servers started');
    for (const a of servers) for (const b of servers) if (a !== b) a.peerUp(b);
    return cluster;
  }

  server(id: ServerId): MemoryServer {
    const found = this.servers[id - 1];
    if (found === undefined) throw new Error(`there is no server ${id}`);
    return found;
  }

  /** A client that asks the balancer where to go, as clients do; it connects at once. */
  person(name: string, options: Partial<ChatClientOptions> = {}): Person {
    const random = this.#random.fork();
    const secretBytes = (count: number): Uint8Array => Uint8Array.from({ length: count }, () => random.below(256));
    const { clock, network } = this;
    const client = new ChatClient({
      name,
      token: secretBytes(32),
      balancers: [balancerAddress],
      environment: { transport: network, clock, turn: clock.turn, random, secretBytes },
      ...options,
    });
    const shown: string[] = [];
    client.on('message', ({ text }) => shown.push(text));
    client.connect();
    return { client, shown };
  }

  /** Makes `leader` lead: prepares of all others are lost until it does; then all is healed and comes to rest. */
  async lead(leader: ServerId): Promise<void> {
    const others = this.servers.map(({ id }) => id).filter((id) => id !== leader);
    this.faults.set({ match: { from: others, kinds: ['prepare'] }, do: 'drop' });
    await this.until(() => this.server(leader).view.leader === leader, 10_000, `server ${leader} leads`);
    this.faults.heal();
    await this.pass(restMs);
  }

  async pass(ms: number): Promise<void> {
    await this.waitFor(() => false, ms);
  }

  /** Lets time pass until `condition` holds, at most `limitMs`; true if it did. */
  async waitFor(condition: () => boolean, limitMs: number): Promise<boolean> {
    const startMs = this.clock.monotonicMs();
    this.clock.settle();
    while (!condition()) {
      if (this.clock.monotonicMs() - startMs >= limitMs) return false;
      this.clock.advance(1);
      // What the servers read of their history goes on in microtasks.
      await undefined;
    }
    return true;
  }

  /** Lets time pass until `condition` holds; throws after `limitMs`. */
  async until(condition: () => boolean, limitMs: number, what: string): Promise<void> {
    if (!(await this.waitFor(condition, limitMs))) throw new Error(`not within ${limitMs} ms: ${what}`);
  }

  #send(from: ServerId, to: ServerId, message: PaxosMessage): void {
    for (const lateMs of this.faults.arrivals(from, to, message.type)) {
      this.clock.setTimeout(() => this.server(to).message(from, message), linkMs + lateMs);
    }
  }
}
