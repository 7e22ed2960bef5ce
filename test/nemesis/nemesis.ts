/**
 * A cluster of real processes behind the fault proxy, under constant load, and everything that can befall it, round
 * after round; the linear checker judges what clients and servers saw of it.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeVerdict, type FreshRead } from '../checkers/history.js';
import { Cluster } from '../support/cluster.js';
import { endRun, type RunEnd } from '../support/end-run.js';
import { Load } from '../support/load.js';
import type { Program } from '../support/program.js';
import { nowMs, timePasses } from '../support/until.js';
import { type Blow, describeRound, drawRound, type Round } from './plan.js';
import { Summary } from './summary.js';

export interface NemesisOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly servers: number;
  readonly print: (line: string) => void;
}

/** Half of them reach the servers through the proxy. */
const clientsOfEachKind = 3;
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
  readonly #summary = new Summary();
  readonly #reads: FreshRead[] = [];
  #load: Load | undefined;
  #now = 'the start';

  constructor(options: NemesisOptions) {
    this.#options = options;
    this.#cluster = new Cluster({ servers: options.servers, proxy: { seed: options.seed } });
  }

  async run(): Promise<Summary> {
    try {
      await this.#run();
      return this.#summary;
    } catch (error) {
      const folder = saveLogs(this.#cluster.programs);
      const text = error instanceof Error ? error.message : String(error);
      throw new Error(`seed ${this.#options.seed}, ${this.#now}\n${text}\nall logs: ${folder}`, { cause: error });
    } finally {
      this.#load?.stop();
      await this.#cluster.stop();
    }
  }

  async #run(): Promise<void> {
    const cluster = this.#cluster;
    await cluster.startWithoutServers();
    await cluster.startServers();
    const clients = Array.from({ length: clientsOfEachKind }, (_, index) => [
      cluster.chat(`Direct${index + 1}`),
      cluster.chatThroughProxy(`Proxied${index + 1}`),
    ]).flat();
    await Promise.all(clients.map((client) => client.waitForConnected()));
    const load = new Load(clients, { linesPerSecond: 25, inFlightMax: 8, explain: () => cluster.describe() });
    this.#load = load;

    const endMs = nowMs() + this.#options.minutes * 60_000;
    for (let number = 1; nowMs() < endMs; number++) {
      await this.#round(drawRound(this.#options.seed, number, cluster.ids), load);
    }
    this.#now = 'the end';
    this.#judge(await endRun(cluster, clients, load, this.#reads, recoveryDeadlineMs), load);
    await this.#stopOthers();
  }

  async #round(round: Round, load: Load): Promise<void> {
    const cluster = this.#cluster;
    this.#now = describeRound(round);
    if (round.links.length > 0) await cluster.proxy.setRules(...round.links.map(({ rule }) => rule));
    if (round.storm !== undefined) await cluster.proxy.startTimeline(round.storm.script, round.storm.seed);
    await Promise.all([timePasses(round.forMs), ...round.blows.map((blow) => this.#strike(blow))]);
    await cluster.proxy.heal();
    const healedMs = nowMs();
    await load.progress('after the healing', round.lines, recoveryDeadlineMs);
    const recoveryMs = nowMs() - healedMs;
    this.#expectAlive();
    this.#summary.countRound(round);
    this.#summary.countRecovery(recoveryMs);
    this.#options.print(`${this.#now}; recovered after ${(recoveryMs / 1000).toFixed(2)} s`);
    if (round.readFrom !== undefined) await this.#read(round.readFrom);
  }

  /** Resolves once all that was struck is there again. */
  async #strike(blow: Blow): Promise<void> {
    const cluster = this.#cluster;
    await timePasses(blow.afterMs);
    switch (blow.kind) {
      case 'kill':
      case 'killMajority':
      case 'killAll':
        await Promise.all(blow.servers.map((id) => kill(cluster.server(id))));
        await timePasses(blow.forMs);
        await Promise.all(blow.servers.map((id) => cluster.startServer(id)));
        break;
      case 'pause':
        for (const id of blow.servers) cluster.server(id).signal('SIGSTOP');
        await timePasses(blow.forMs);
        for (const id of blow.servers) cluster.server(id).signal('SIGCONT');
        break;
      case 'killProxy':
        await kill(cluster.proxy.program);
        await timePasses(blow.forMs);
        await cluster.startProxy();
        break;
      case 'killBalancer':
        await kill(cluster.balancer);
        await timePasses(blow.forMs);
        await cluster.startBalancer();
    }
  }

  /** A fresh read with everything at rest, except the load. */
  async #read(server: number): Promise<void> {
    const { read } = await this.#cluster.tail(server, '#lobby');
    if (read !== undefined) this.#reads.push(read);
  }

  /** Whatever ended, ended because it was killed here, and runs again. */
  #expectAlive(): void {
    const cluster = this.#cluster;
    const running = [cluster.balancer, cluster.proxy.program, ...cluster.ids.map((id) => cluster.server(id))];
    for (const program of running) expect(program.exit === undefined, `it ended by itself:\n${program.describe()}`);
  }

  #judge({ verdict, unacknowledged, slots, exitCodes }: RunEnd, load: Load): void {
    this.#summary.countEnd(verdict, load.linesSaid - unacknowledged, slots.highest, this.#reads.length);
    for (const line of this.#summary.text()) this.#options.print(line);
    expect(verdict.ok, describeVerdict(verdict));
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

function expect(holds: boolean, text: string): void {
  if (!holds) throw new Error(text);
}

/** kill -9 of what still runs: nothing may have ended by itself. */
async function kill(program: Program): Promise<void> {
  const { signal } = await program.kill();
  expect(signal === 'SIGKILL', `it ended before it was killed:\n${program.describe()}`);
}

/** Everything that the processes printed, for whoever has to find out what happened; returns where. */
function saveLogs(programs: readonly Program[]): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'synod-nemesis-'));
  for (const [index, program] of programs.entries()) {
    const out = program.lines.map(({ text, atMs }) => `${atMs.toFixed(0)} ${text}\n`).join('');
    writeFileSync(path.join(folder, `${index}.log`), `${program.title}\n${program.stderr}\n${out}`);
  }
  return folder;
}
