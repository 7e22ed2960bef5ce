/**
 * kill -9 and start again, thousands of times under load: one server, a majority, all of them, some of them once more
 * while they recover. Every hundred cycles the cluster comes to rest, the linear checker judges what its clients saw,
 * the logs on disk are compared, and the next hundred begin with a new cluster.
 */
import { describeVerdict, type FreshRead } from '../checkers/history.js';
import { Cluster } from '../support/cluster.js';
import { endRun } from '../support/end-run.js';
import { Load } from '../support/load.js';
import type { Talker } from '../support/talker.js';
import { nowMs, timePasses } from '../support/until.js';
import { Crowd } from './crowd.js';
import { type Cycle, type CycleCounts, drawCycles } from './cycle-plan.js';
import { saveEvidence } from './evidence.js';
import { expect, expectAlive, killRunning } from './expect.js';
import { Outcome, type Quantiles, quantiles, quantilesText } from './outcome.js';

export interface CycleOptions extends CycleCounts {
  readonly seed: number;
  readonly servers: number;
  readonly print: (line: string) => void;
}

const cyclesPerCluster = 100;
const crowd = { processes: 2, library: 4 };
const linesPerSecond = 40;
/** A restarted server needs a third of a second; whoever needs so long is stuck. */
const recoveryDeadlineMs = 30_000;

/** What a run came to. */
export class CycleSummary {
  readonly outcome = new Outcome();
  cycles = 0;
  /** Processes killed, the second kills included. */
  kills = 0;
  killsOfAll = 0;
  killsAgain = 0;
  minutes = 0;
  /** From the kill until every client had a line committed again. */
  readonly recoveriesMs: number[] = [];
  readonly recoveriesOfAllMs: number[] = [];

  toJSON(): Readonly<Record<string, unknown>> {
    const { cycles, kills, killsOfAll, killsAgain, minutes } = this;
    const recoveryMs: Quantiles = quantiles(this.recoveriesMs);
    const recoveryOfAllMs: Quantiles = quantiles(this.recoveriesOfAllMs);
    return { cycles, kills, killsOfAll, killsAgain, minutes, ...this.outcome.toJSON(), recoveryMs, recoveryOfAllMs };
  }

  text(): string[] {
    return [
      `${this.cycles} cycles in ${this.minutes.toFixed(1)} minutes: ${this.kills} kills of servers, ` +
        `${this.killsOfAll} times all at once, ${this.killsAgain} once more during recovery`,
      this.outcome.text(),
      `from a kill until every client goes on: ${quantilesText(quantiles(this.recoveriesMs))}`,
      `the same, all killed at once: ${quantilesText(quantiles(this.recoveriesOfAllMs))}`,
    ];
  }
}

/** @throws Error that names seed and cycle, and where logs and data are, when anything is wrong. */
export async function runCycles(options: CycleOptions): Promise<CycleSummary> {
  const { seed, servers, print } = options;
  const ids = Array.from({ length: servers }, (_, index) => index + 1);
  const cycles = drawCycles(seed, options, ids);
  const summary = new CycleSummary();
  const startMs = nowMs();
  for (let from = 0; from < cycles.length; from += cyclesPerCluster) {
    await new Episode(servers, seed, summary).run(cycles.slice(from, from + cyclesPerCluster));
    summary.minutes = (nowMs() - startMs) / 60_000;
    print(`${summary.cycles} of ${cycles.length} cycles; ${summary.outcome.text()}`);
  }
  for (const line of summary.text()) print(line);
  return summary;
}

/** A cluster and the cycles that it lives through. */
class Episode {
  readonly #cluster: Cluster;
  readonly #seed: number;
  readonly #summary: CycleSummary;
  readonly #reads: FreshRead[] = [];
  #now = 'the start';

  constructor(servers: number, seed: number, summary: CycleSummary) {
    this.#cluster = new Cluster({ servers });
    this.#seed = seed;
    this.#summary = summary;
  }

  async run(cycles: readonly Cycle[]): Promise<void> {
    const cluster = this.#cluster;
    let people: Crowd | undefined;
    let load: Load | undefined;
    try {
      await cluster.startWithoutServers();
      await cluster.startServers();
      people = new Crowd(cluster, crowd, false);
      await people.connected();
      load = new Load(people.clients, { linesPerSecond, inFlightMax: 8, explain: () => cluster.describe() });
      for (const cycle of cycles) await this.#cycle(cycle, load);
      this.#now = 'the end';
      await this.#judge(people.clients, load);
    } catch (error) {
      load?.stop();
      const folder = await saveEvidence(cluster);
      const text = error instanceof Error ? error.message : String(error);
      throw new Error(`seed ${this.#seed}, ${this.#now}\n${text}\nlogs and data: ${folder}`, { cause: error });
    } finally {
      load?.stop();
      await people?.end();
      await cluster.stop();
    }
  }

  async #cycle(cycle: Cycle, load: Load): Promise<void> {
    const cluster = this.#cluster;
    const { number, victims, loadMs, downMs, againMs } = cycle;
    this.#now = `cycle ${number}: ${JSON.stringify(cycle)}`;
    await timePasses(loadMs);
    const killedMs = nowMs();
    await Promise.all(victims.map((id) => this.#kill(id)));
    await timePasses(downMs);
    await Promise.all(victims.map((id, index) => this.#startAgain(id, index === 0 ? againMs : undefined)));
    await load.progress(`after ${this.#now}`, 1, recoveryDeadlineMs);
    const recoveryMs = nowMs() - killedMs;
    this.#summary.cycles += 1;
    this.#summary.recoveriesMs.push(recoveryMs);
    if (victims.length === cluster.size) {
      this.#summary.killsOfAll += 1;
      this.#summary.recoveriesOfAllMs.push(recoveryMs);
    }
    expectAlive(cluster.ids.map((id) => cluster.server(id)));
    if (number % 50 === 0) {
      const { read } = await cluster.tail(victims[0] ?? 1, '#lobby');
      if (read !== undefined) this.#reads.push(read);
    }
  }

  async #kill(id: number): Promise<void> {
    await killRunning(this.#cluster.server(id));
    this.#summary.kills += 1;
  }

  async #startAgain(id: number, againMs: number | undefined): Promise<void> {
    if (againMs !== undefined) {
      this.#cluster.spawnServer(id);
      await timePasses(againMs);
      await this.#kill(id);
      this.#summary.killsAgain += 1;
    }
    await this.#cluster.startServer(id);
  }

  async #judge(clients: readonly Talker[], load: Load): Promise<void> {
    const { verdict, unacknowledged, slots, exitCodes } = await endRun(
      this.#cluster,
      clients,
      load,
      this.#reads,
      recoveryDeadlineMs,
    );
    const sends = clients.flatMap((client) => client.sends());
    this.#summary.outcome.add({ verdict, sends, slots: slots.highest, reads: this.#reads.length });
    expect(verdict.ok, describeVerdict(verdict));
    expect(verdict.length === load.linesSaid, `${verdict.length} lines in the room, ${load.linesSaid} were said`);
    expect(unacknowledged === 0, `${unacknowledged} lines were never acknowledged`);
    expect(slots.ok && slots.sharedThrough > 0, `the logs on disk: ${slots.problems.join('; ')}`);
    for (const [who, code] of Object.entries(exitCodes)) expect(code === 0, `${who} ended with ${code}`);
  }
}
