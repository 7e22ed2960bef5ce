/**
 * One server replaced by another under load, again and again, with kill -9 of somebody at each step on the way: the
 * leader, the new server, the old one, the balancer with or without its seal. In the end the linear checker judges what
 * the clients saw, and the logs on disk are compared.
 */
import { isAllZero, Prng } from '../../src/base/index.js';
import type { Seats } from '../../src/wire/index.js';
import { describeVerdict } from '../checkers/history.js';
import { Cluster } from '../support/cluster.js';
import { endRun } from '../support/end-run.js';
import { Load } from '../support/load.js';
import type { Program } from '../support/program.js';
import type { Talker } from '../support/talker.js';
import { nowMs, until } from '../support/until.js';
import { Crowd } from './crowd.js';
import { saveEvidence } from './evidence.js';
import { expect, expectAlive } from './expect.js';
import { Outcome, quantiles, quantilesText } from './outcome.js';

/** Steps on the way of a new server, as the members of a cluster have applied them. */
export const points = ['asked', 'invited', 'comes', 'learner', 'promoted', 'voter'] as const;
export type Point = (typeof points)[number];

export const victims = ['leader', 'new', 'old', 'balancer', 'seal'] as const;
export type Victim = (typeof victims)[number];

export type OldServer = 'follower' | 'leader' | 'dead';

export interface Replacement {
  readonly old: OldServer;
  readonly point: Point;
  /** Who is killed at that point. */
  readonly victim: Victim;
}

/** Everything that can be: a new server that has not come yet and an old one that is dead cannot be killed. */
export function allReplacements(): Replacement[] {
  const all = (['follower', 'leader', 'dead'] as const).flatMap((old) =>
    points.flatMap((point) => victims.map((victim) => ({ old, point, victim }))),
  );
  return all.filter(({ old, point, victim }) => {
    if (victim === 'new') return point !== 'asked' && point !== 'invited';
    if (victim === 'old') return old !== 'dead';
    return victim !== 'leader' || old !== 'leader';
  });
}

/** Each one adds twelve thousand slots that hold nothing, which every new server learns. */
const replacementsPerCluster = 6;
const linesPerSecond = 40;
const crowd = { processes: 1, library: 4 };
const stepDeadlineMs = 40_000;
/** Longer than the command itself waits. */
const commandDeadlineMs = 200_000;

export class ReplacementSummary {
  readonly outcome = new Outcome();
  readonly tookMs: number[] = [];
  replacements = 0;

  toJSON(): Readonly<Record<string, unknown>> {
    return { replacements: this.replacements, ...this.outcome.toJSON(), tookMs: quantiles(this.tookMs) };
  }

  text(): string[] {
    return [
      `${this.replacements} servers replaced; ${this.outcome.text()}`,
      `from the command until the old server is out: ${quantilesText(quantiles(this.tookMs))}`,
    ];
  }
}

export interface ReplacementOptions {
  readonly seed: number;
  readonly replacements: readonly Replacement[];
  readonly print: (line: string) => void;
}

/** `rounds` of all that can be, in an order that `seed` decides. */
export function drawReplacements(seed: number, rounds: number): Replacement[] {
  const random = new Prng(seed);
  const drawn: Replacement[] = [];
  while (drawn.length < rounds) drawn.push(...random.shuffle(allReplacements()));
  return drawn.slice(0, rounds);
}

/** @throws Error that names the seed and the replacement, and where logs and data are, when anything is wrong. */
export async function runReplacements(options: ReplacementOptions): Promise<ReplacementSummary> {
  const { replacements, print } = options;
  const summary = new ReplacementSummary();
  for (let from = 0; from < replacements.length; from += replacementsPerCluster) {
    await runEpisode(options, from, summary);
  }
  for (const line of summary.text()) print(line);
  return summary;
}

/** A cluster, and what it lives through. */
async function runEpisode(options: ReplacementOptions, from: number, summary: ReplacementSummary): Promise<void> {
  const { seed, print } = options;
  const cluster = new Cluster();
  let people: Crowd | undefined;
  let load: Load | undefined;
  let now = 'the start';
  try {
    await cluster.startWithoutServers();
    await cluster.startServers();
    people = new Crowd(cluster, crowd, false);
    await people.connected();
    load = new Load(people.clients, { linesPerSecond, inFlightMax: 8, explain: () => cluster.describe() });
    const replacements = options.replacements.slice(from, from + replacementsPerCluster);
    for (const [index, replacement] of replacements.entries()) {
      now = `replacement ${from + index + 1}: ${JSON.stringify(replacement)}`;
      const tookMs = await new Round(cluster, replacement, cluster.size + 1 + index).run();
      await load.progress(`after ${now}`, 1, stepDeadlineMs);
      expectAlive(cluster.ids.map((id) => cluster.server(id)));
      summary.replacements += 1;
      summary.tookMs.push(tookMs);
      print(`${now}: ${tookMs.toFixed(0)} ms`);
    }
    now = `the end of the cluster after replacement ${from + replacements.length}`;
    await judge(cluster, people.clients, load, summary);
  } catch (error) {
    load?.stop();
    const folder = await saveEvidence(cluster);
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(`seed ${seed}, ${now}\n${text}\nlogs and data: ${folder}`, { cause: error });
  } finally {
    load?.stop();
    await people?.end();
    await cluster.stop();
  }
}

async function judge(
  cluster: Cluster,
  clients: readonly Talker[],
  load: Load,
  summary: ReplacementSummary,
): Promise<void> {
  const { verdict, unacknowledged, slots, exitCodes } = await endRun(cluster, clients, load, [], stepDeadlineMs);
  const sends = clients.flatMap((client) => client.sends());
  summary.outcome.add({ verdict, sends, slots: slots.highest, reads: 0 });
  expect(verdict.ok, describeVerdict(verdict));
  expect(verdict.length === load.linesSaid, `${verdict.length} lines in the room, ${load.linesSaid} were said`);
  expect(unacknowledged === 0, `${unacknowledged} lines were never acknowledged`);
  expect(slots.ok && slots.sharedThrough > 0, `the logs on disk: ${slots.problems.join('; ')}`);
  for (const [who, code] of Object.entries(exitCodes)) expect(code === 0, `${who} ended with ${code}`);
}

/** One replacement, from a cluster in order to a cluster in order. */
class Round {
  readonly #cluster: Cluster;
  readonly #replacement: Replacement;
  readonly #invited: number;
  #replaced = 0;
  #leader = 0;

  constructor(cluster: Cluster, replacement: Replacement, invited: number) {
    this.#cluster = cluster;
    this.#replacement = replacement;
    this.#invited = invited;
  }

  /** How long it took, in ms. */
  async run(): Promise<number> {
    const cluster = this.#cluster;
    const { old, point } = this.#replacement;
    const leader = await cluster.waitForVotes(stepDeadlineMs);
    this.#leader = leader;
    this.#replaced = old === 'leader' ? leader : (cluster.ids.find((id) => id !== leader) ?? 0);
    if (old === 'dead') await cluster.killServer(this.#replaced);
    await cluster.inviteServer(this.#invited);
    const startMs = nowMs();
    const command = cluster.run('synod', [
      ...['server', 'replace', `${this.#replaced}`, '--with', `${this.#invited}`, '--json', '--timeout', '3m'],
      ...['--server', cluster.address(this.#witness)],
    ]);
    for (const reached of points) {
      if (reached !== 'asked') await this.#reaches(reached);
      if (reached === point) await this.#strike();
      // It is there in time or comes after the blow.
      if (reached === 'invited') await cluster.startServer(this.#invited);
    }
    const { code } = await command.waitForExit(commandDeadlineMs);
    expect(code === 0, `the command ended with ${code}\n${command.describe()}`);
    const tookMs = nowMs() - startMs;
    await this.#oldEnds();
    cluster.replaced(this.#replaced, this.#invited);
    return tookMs;
  }

  /** Somebody who is there all the time. */
  get #witness(): number {
    const { victim } = this.#replacement;
    const struck = victim === 'leader' ? this.#leader : 0;
    return this.#cluster.ids.find((id) => id !== this.#replaced && id !== struck) ?? 0;
  }

  async #reaches(point: Point): Promise<void> {
    let last: Seats | undefined;
    await until(
      `${point} at server ${this.#witness}`,
      stepDeadlineMs,
      async () => {
        last = (await this.#cluster.seatsAt(this.#witness)) ?? last;
        return last !== undefined && this.#reached(last) >= points.indexOf(point);
      },
      () => `last: ${JSON.stringify(last)}\n${this.#cluster.describe()}`,
    );
  }

  /** The last point that the members, as a server has applied them, have passed. */
  #reached({ seats, governing }: Seats): number {
    const seat = seats.find(({ id }) => id === this.#invited);
    let point: Point = 'asked';
    if (seat?.votes === true) point = governing ? 'voter' : 'promoted';
    else if (seat !== undefined && !isAllZero(seat.birthId)) point = governing ? 'learner' : 'comes';
    else if (seat !== undefined) point = 'invited';
    return points.indexOf(point);
  }

  async #strike(): Promise<void> {
    const cluster = this.#cluster;
    switch (this.#replacement.victim) {
      case 'leader':
        await cluster.killServer(this.#leader);
        await cluster.startServer(this.#leader);
        return;
      case 'new':
        await cluster.killServer(this.#invited);
        await cluster.startServer(this.#invited);
        return;
      case 'old':
        await cluster.server(this.#replaced).kill();
        return;
      case 'balancer':
        return await cluster.restartBalancer(false);
      case 'seal':
        return await cluster.restartBalancer(true);
    }
  }

  /** The old server ends by itself, or at its next start, with 3 and a word on why. */
  async #oldEnds(): Promise<void> {
    const running: Program = this.#cluster.server(this.#replaced);
    const wasKilled = running.exit?.signal === 'SIGKILL';
    const old = wasKilled ? this.#cluster.spawnServer(this.#replaced) : running;
    const { code } = await old.waitForExit(stepDeadlineMs);
    expect(code === 3, `the old server ended with ${code}\n${old.describe()}`);
    expect(/was replaced/.test(old.stderr.slice(-2000)), `it does not say why it ended\n${old.describe()}`);
  }
}
