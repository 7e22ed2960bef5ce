/** The three ways in which a golden scenario's faults (BEHAVIOUR.md, 5 and 6) come upon a cluster, and leave it. */
import { Cluster } from '../support/cluster.js';
import { runToEnd } from '../support/program.js';

/**
 * `mode`: inside the servers, by the write-up's own flag. `proxy`: `synod proxy --mode`, between the servers. `rules`:
 * set on a proxy after the election, which server 1 has won.
 */
export type Variant = 'mode' | 'proxy' | 'rules';

/** Server → its faults in the write-up's grammar. */
export type Modes = Readonly<Record<number, string>>;

export class FaultyCluster {
  readonly cluster: Cluster;
  readonly variant: Variant;
  readonly #modes: Modes;

  private constructor(variant: Variant, modes: Modes) {
    this.variant = variant;
    this.#modes = modes;
    const proxy = { mode: undefined, proxy: { modes }, rules: {} }[variant];
    this.cluster = new Cluster({ spelling: 'old', ...(proxy === undefined ? {} : { proxy }) });
  }

  /** Starts a cluster with its faults; with `rules` it is whole yet, and server 1 leads it. */
  static async start(variant: Variant, modes: Modes): Promise<FaultyCluster> {
    const faulty = new FaultyCluster(variant, modes);
    try {
      await faulty.#start();
    } catch (error) {
      await faulty.cluster.stop();
      throw error;
    }
    return faulty;
  }

  async #start(): Promise<void> {
    const { cluster } = this;
    await cluster.startWithoutServers();
    if (this.variant === 'mode') for (const id of this.#faulty) cluster.modes.set(id, this.#modes[id] ?? '');
    if (this.variant !== 'rules') return await cluster.startServers();
    // Until the faults begin nobody hears of another candidate, so that server 1 leads, however busy this machine is.
    await cluster.proxy.setRules({ match: { from: [2, 3], to: '*', kinds: 'prepare' }, do: 'drop' });
    await cluster.startServers();
    await this.#serverOneLeads();
  }

  /** Whoever linked itself after the election promises with the first message, and follows all the same. */
  async #serverOneLeads(): Promise<void> {
    await this.cluster.waitForStatus('server 1 to lead, and all to follow', ({ leader, servers }) => {
      return leader === 1 && servers.every(({ applied }) => applied > 0 && applied === servers[0]?.applied);
    });
  }

  get #faulty(): number[] {
    return Object.keys(this.#modes).map(Number);
  }

  /** With `rules`: the faults begin. */
  async strike(): Promise<void> {
    if (this.variant !== 'rules') return;
    await this.#serverOneLeads();
    await this.cluster.proxy.heal();
    await this.cluster.proxy.setRules(...this.#faulty.flatMap((id) => rulesOf(id, this.#modes[id] ?? '')));
  }

  /** Ends all faults, each variant in its own way. */
  async heal(): Promise<void> {
    const { cluster } = this;
    switch (this.variant) {
      case 'mode':
        cluster.modes.clear();
        await Promise.all(this.#faulty.map((id) => cluster.stopServer(id)));
        await Promise.all(this.#faulty.map((id) => cluster.startServer(id)));
        break;
      case 'proxy':
        await cluster.proxy.heal();
        break;
      case 'rules': {
        const { code, stderr } = await runToEnd('synod', ['link', 'heal', '--api', cluster.proxy.api], 10_000);
        if (code !== 0) throw new Error(`synod link heal: exit ${code}: ${stderr}`);
      }
    }
  }
}

/** The faults of one server's links in both directions, as rules of the proxy. */
function rulesOf(server: number, mode: string): Record<string, unknown>[] {
  return mode.split('::').flatMap((item) => {
    const [letter, seconds] = item.split(':');
    const isDead = letter === 'd';
    const ends = [
      { from: server, to: '*' },
      { from: '*', to: server },
    ];
    return ends.map((link) => ({
      match: isDead ? link : { ...link, classes: letter },
      do: isDead ? 'drop' : { type: 'delay', time: `${seconds}s` },
    }));
  });
}
