/** One client, three scripted servers and a balancer on a fake clock: the stage for the client's tests. */
import { Prng } from '../../src/base/index.js';
import { ChatClient, type ChatClientOptions, type ClientEvent, type StateEvent } from '../../src/client/index.js';
import { MemoryNetwork } from '../support/duplex.js';
import { FakeClock } from '../support/fake-clock.js';
import { ScriptedBalancer, ScriptedLog, ScriptedServer } from '../support/scripted-cluster.js';

export const BALANCER = '127.0.0.1:8009';
export const SERVERS = ['127.0.0.1:9010', '127.0.0.1:9011', '127.0.0.1:9012'];

export class World {
  readonly clock = new FakeClock();
  readonly network = new MemoryNetwork(this.clock);
  log = new ScriptedLog();
  servers = SERVERS.map((address, i) => new ScriptedServer(i + 1, address, this.log, this.network, SERVERS));
  readonly balancer = new ScriptedBalancer(BALANCER, SERVERS, this.network);
  /** For further clients on the same stage. */
  readonly environment: NonNullable<ChatClientOptions['environment']>;
  readonly client: ChatClient;
  readonly events: ClientEvent[] = [];

  constructor(options: Partial<ChatClientOptions> = {}, seed = 1) {
    const random = new Prng(seed);
    const secretBytes = (count: number): Uint8Array => Uint8Array.from({ length: count }, () => random.below(256));
    const { clock, network } = this;
    this.environment = { transport: network, clock, turn: clock.turn, random, secretBytes };
    this.client = new ChatClient({
      name: 'Aaron',
      token: new Uint8Array(32).fill(7),
      balancers: [BALANCER],
      environment: this.environment,
      ...options,
    });
    this.client.on('any', (event) => this.events.push(event));
  }

  /** Connects and waits until the client says so. */
  up(): this {
    this.client.connect();
    this.until(() => this.client.phase === 'ready', 5_000, 'connected');
    return this;
  }

  /** All servers are stopped, and others of another cluster started at their addresses, as is the balancer. */
  startAnew(cluster: Uint8Array = new Uint8Array(16).fill(2)): this {
    for (const server of this.servers) server.kill();
    this.log = new ScriptedLog(cluster);
    this.servers = SERVERS.map((address, i) => new ScriptedServer(i + 1, address, this.log, this.network, SERVERS));
    this.balancer.cluster = cluster;
    return this;
  }

  until(condition: () => boolean, limitMs: number, what: string): number {
    return this.clock.advanceUntil(condition, limitMs, what);
  }

  of<Name extends ClientEvent['event']>(name: Name): Extract<ClientEvent, { event: Name }>[] {
    return this.events.filter((event): event is Extract<ClientEvent, { event: Name }> => event.event === name);
  }

  /** The states a line went through, in order. */
  states(id: number): StateEvent['state'][] {
    return this.of('state').flatMap((event) => (event.id === id ? [event.state] : []));
  }

  /** The scripted server that the client is connected to. */
  get current(): ScriptedServer {
    const address = this.client.server?.address;
    const found = this.servers.find((server) => server.address === address);
    if (found === undefined) throw new Error('the client is not connected');
    return found;
  }
}
