/** What is compared: the far end reached directly, through a relay, our proxy, and Toxiproxy where it is at hand. */
import { FarEnd, OurProxy, type Ports, Relay, Toxiproxy } from './proxy-programs.js';
import { tenRules } from './proxy-rules.js';

/** A way to the far end. */
export interface Way {
  readonly name: string;
  readonly ports: Ports;
  /** The process in between; 0 for none. */
  readonly pid: number;
  /** Called before each measurement. */
  prepare(): Promise<void>;
}

/** All that one run of the bench has started. */
export class Stand {
  readonly farEnd: FarEnd;
  readonly proxy: OurProxy;
  readonly toxiproxy: Toxiproxy | undefined;
  readonly #relay: Relay;
  readonly direct: Way;
  /** Reaches the echoing listener only. */
  readonly relayed: Way;
  readonly through: Way;
  readonly withRules: Way;
  /** Toxiproxy's, if it is there. */
  readonly rival: Way | undefined;
  beforeEnd = (): void => undefined;

  private constructor(farEnd: FarEnd, ports: Ports, relay: Relay, proxy: OurProxy, toxiproxy: Toxiproxy | undefined) {
    this.farEnd = farEnd;
    this.proxy = proxy;
    this.toxiproxy = toxiproxy;
    this.#relay = relay;
    const nothing = (): Promise<void> => Promise.resolve();
    const ours = { ports: proxy.ports, pid: proxy.pid };
    this.direct = { name: 'direct', ports, pid: 0, prepare: nothing };
    const relayPorts = { ...ports, echo: relay.port };
    this.relayed = { name: 'relay', ports: relayPorts, pid: relay.pid, prepare: nothing };
    this.through = { name: 'proxy', ...ours, prepare: () => proxy.setRules([]) };
    this.withRules = { name: 'proxy, ten rules', ...ours, prepare: () => proxy.setRules(tenRules) };
    if (toxiproxy !== undefined) {
      this.rival = { name: 'Toxiproxy', ports: toxiproxy.ports, pid: toxiproxy.pid, prepare: nothing };
    }
  }

  static async start(toxiproxyBinary: string | undefined): Promise<Stand> {
    const farEnd = FarEnd.start();
    const ports = await farEnd.ask('ports');
    const relay = await Relay.start(ports.echo);
    const proxy = await OurProxy.start(ports);
    const toxiproxy = toxiproxyBinary === undefined ? undefined : await Toxiproxy.start(toxiproxyBinary, ports);
    return new Stand(farEnd, ports, relay, proxy, toxiproxy);
  }

  /** Every process of the measurement, this one included. */
  get pids(): number[] {
    const { farEnd, proxy, toxiproxy } = this;
    return [process.pid, farEnd.pid, this.#relay.pid, proxy.pid, ...(toxiproxy === undefined ? [] : [toxiproxy.pid])];
  }

  /** These ways, and Toxiproxy's if it is there. */
  withRival(...ways: readonly Way[]): readonly Way[] {
    return this.rival === undefined ? ways : [...ways, this.rival];
  }

  async stop(): Promise<void> {
    await this.proxy.stop();
    this.toxiproxy?.stop();
    this.#relay.stop();
    this.farEnd.stop();
  }
}
