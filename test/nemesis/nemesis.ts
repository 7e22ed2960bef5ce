/**
 * A cluster of real processes behind the fault proxy, under constant load, and everything that can befall it, round
 * after round; the linear checker judges what clients and servers saw of it.
 */
import { describeVerdict, type FreshRead } from '../checkers/history.js';
import { Cluster } from '../support/cluster.js';
import { endRun } from '../support/end-run.js';
import { Load } from '../support/load.js';
import { nowMs, timePasses } from '../support/until.js';
import { Blows } from './blows.js';
import { Crowd } from './crowd.js';
import { saveEvidence } from './evidence.js';
import { expect, expectAlive } from './expect.js';
import { type BlowKind, describeRound, drawRound, type Round } from './plan.js';
import { calmMs, Summary } from './summary.js';
import { Surroundings } from './surroundings.js';
import { missingTools } from './tools.js';

export interface NemesisOptions {
  readonly seed: number;
  readonly minutes: number;
  /** At least so many rounds, however long they take. */
  readonly rounds: number;
  readonly servers: number;
  readonly clients: number;
  /** The kinds of faults that fall; empty: all. */
  readonly only: readonly string[];
  readonly print: (line: string) => void;
}

/** More than these would take the processor from the servers: further clients live in this process. */
const processesMax = 6;
/** A busy chat, however many take part in it. */
const linesPerSecond = 150;
/**
 * From the healing of a round until every client goes on: mostly under a second. Two things lawfully take longer. A
 * client whose frames were lost without its connection ending sends again only when 10 s have passed without an answer,
 * 20 s at most. And leaders whose patience ran out wait longer each time (PAXOS.md, Gray failure): patience doubles
 * from a second to about the length of the faults, 15 s at most; then come a prepare that runs out of it, a cool-down
 * and a back-off of that length each. Whoever needs a minute is stuck.
 */
const recoveryDeadlineMs = 60_000;

/** Runs it to its end, printing a line a round. @throws Error that names the seed, the round and where the logs are. */
export function runNemesis(options: NemesisOptions): Promise<Summary> {
  return new Nemesis(options).run();
}

class Nemesis {
  readonly #options: NemesisOptions;
  readonly #cluster: Cluster;
  readonly #surroundings: Surroundings;
  readonly #missing = missingTools();
  readonly #summary = new Summary();
  readonly #reads: FreshRead[] = [];
  #load: Load | undefined;
  #crowd: Crowd | undefined;
  #now = 'the start';

  constructor(options: NemesisOptions) {
    this.#options = options;
    const ids = Array.from({ length: options.servers }, (_, index) => index + 1);
    const surroundings = new Surroundings(ids, !this.#missing.has('diskFull'));
    this.#surroundings = surroundings;
    this.#cluster = new Cluster({
      servers: options.servers,
      proxy: { seed: options.seed },
      serverOptions: (id) => surroundings.options(id),
      dataDir: (id, root) => surroundings.dataDir(id, root),
    });
  }

  async run(): Promise<Summary> {
    try {
      await this.#run();
      return this.#summary;
    } catch (error) {
      this.#load?.stop();
      const folder = await saveEvidence(this.#cluster);
      const text = error instanceof Error ? error.message : String(error);
      throw new Error(`seed ${this.#options.seed}, ${this.#now}\n${text}\nlogs and data: ${folder}`, { cause: error });
    } finally {
      this.#load?.stop();
      await this.#crowd?.end();
      this.#surroundings.end();
      await this.#cluster.stop();
    }
  }

  async #run(): Promise<void> {
    const cluster = this.#cluster;
    const { clients, seed, minutes, rounds, only, print } = this.#options;
    for (const [kind, why] of this.#missing) print(`${kind} is skipped: ${why}`);
    this.#surroundings.mount(cluster.root);
    await cluster.startWithoutServers();
    await cluster.startServers();
    const processes = Math.min(processesMax, clients);
    const crowd = new Crowd(cluster, { processes, library: clients - processes }, true);
    this.#crowd = crowd;
    await crowd.connected();
    const explain = (): string => cluster.describe();
    const load = new Load(crowd.clients, { linesPerSecond: linesPerSecond / clients, inFlightMax: 8, explain });
    this.#load = load;
    const blows = new Blows(cluster, this.#surroundings, (chars) => {
      load.paddingChars = chars;
    });

    const startMs = nowMs();
    for (let number = 1; number <= rounds || nowMs() < startMs + minutes * 60_000; number++) {
      await this.#round(drawRound(seed, number, cluster.ids, only), load, blows);
    }
    this.#summary.minutes = (nowMs() - startMs) / 60_000;
    this.#now = 'the end';
    await this.#judge(crowd, load);
    await this.#stopOthers();
  }

  async #round(round: Round, load: Load, blows: Blows): Promise<void> {
    const cluster = this.#cluster;
    this.#now = describeRound(round);
    const startMs = nowMs();
    if (round.links.length > 0) await cluster.proxy.setRules(...round.links.map(({ rule }) => rule));
    if (round.storm !== undefined) await cluster.proxy.startTimeline(round.storm.script, round.storm.seed);
    await Promise.all([timePasses(round.forMs), ...round.blows.map((blow) => this.#strike(blow, blows))]);
    await cluster.proxy.heal();
    const healedMs = nowMs();
    await load.progress('after the healing', 1, recoveryDeadlineMs);
    const recoveredMs = nowMs();
    expectAlive([cluster.balancer, cluster.proxy.program, ...cluster.ids.map((id) => cluster.server(id))]);
    this.#summary.countRound(round, { startMs, healedMs, recoveredMs });
    this.#options.print(`${this.#now}; recovered after ${((recoveredMs - healedMs) / 1000).toFixed(2)} s`);
    await timePasses(calmMs, recoveredMs);
    if (round.readFrom !== undefined) await this.#read(round.readFrom);
  }

  async #strike(blow: Round['blows'][number], blows: Blows): Promise<void> {
    const { kind }: { kind: BlowKind } = blow;
    if (this.#missing.has(kind)) this.#summary.countSkipped(kind);
    else this.#summary.countBlow(blow, await blows.strike(blow));
  }

  /** A fresh read with everything at rest, except the load. */
  async #read(server: number): Promise<void> {
    const { read } = await this.#cluster.tail(server, '#lobby');
    if (read !== undefined) this.#reads.push(read);
  }

  async #judge({ clients }: Crowd, load: Load): Promise<void> {
    const end = await endRun(this.#cluster, clients, load, this.#reads, recoveryDeadlineMs);
    const { verdict, unacknowledged, slots, exitCodes } = end;
    const sends = clients.map((client) => client.sends());
    this.#summary.judge({ verdict, slots: slots.highest, reads: this.#reads.length }, sends);
    for (const line of this.#summary.text()) this.#options.print(line);
    expect(verdict.ok, describeVerdict(verdict));
    expect(verdict.length === load.linesSaid, `${verdict.length} lines in the room, ${load.linesSaid} were said`);
    expect(unacknowledged === 0, `${unacknowledged} lines were never acknowledged`);
    expect(slots.ok && slots.sharedThrough > 0, `the logs on disk: ${slots.problems.join('; ')}`);
    for (const [who, code] of Object.entries(exitCodes)) expect(code === 0, `${who} ended with ${code}`);
  }

  async #stopOthers(): Promise<void> {
    for (const program of [this.#cluster.proxy.program, this.#cluster.balancer]) {
      program.signal('SIGTERM');
      const { code } = await program.waitForExit(10_000);
      expect(code === 0, `${program.title} ended with ${code}`);
    }
  }
}
