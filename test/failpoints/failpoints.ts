/**
 * A real cluster of three under load; one failpoint after the other crashes one of its servers, which recovers; the
 * linear checker judges all of it.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type FailpointName, Prng } from '../../src/base/index.js';
import { segmentNumber } from '../../src/storage/index.js';
import { describeVerdict, type Verdict } from '../checkers/history.js';
import { Cluster } from '../support/cluster.js';
import { endRun } from '../support/end-run.js';
import { Load } from '../support/load.js';
import { judgeHistory } from '../support/one-history.js';
import { timePasses, until } from '../support/until.js';
import { needsRetention, type Reach, reachOf } from './plan.js';

export interface FailpointOptions {
  readonly names: readonly FailpointName[];
  readonly seed: number;
  readonly print: (line: string) => void;
}

export interface FailpointRun {
  /** How often each crashed a server. */
  readonly hits: ReadonlyMap<FailpointName, number>;
  readonly acknowledged: number;
  readonly verdicts: readonly Verdict[];
}

const segmentBytes = 40 * 1024;
/** Until the third server has given the leader up and campaigns: it hears nobody, and asks again and again. */
const sleepMs = 1_000;
const deadlineMs = 40_000;
/** @throws Error that names the failpoint, when it is not reached or something does not come back. */
export async function runFailpoints(options: FailpointOptions): Promise<FailpointRun> {
  const hits = new Map<FailpointName, number>();
  const verdicts: Verdict[] = [];
  let acknowledged = 0;
  for (const retains of [false, true]) {
    const names = options.names.filter((name) => needsRetention(reachOf(name)) === retains);
    if (names.length === 0) continue;
    const suite = new Suite(options, retains);
    const verdict = await suite.run(names);
    verdicts.push(verdict);
    acknowledged += verdict.length;
    for (const [name, count] of suite.hits) hits.set(name, (hits.get(name) ?? 0) + count);
  }
  return { hits, acknowledged, verdicts };
}

class Suite {
  readonly #options: FailpointOptions;
  readonly #retains: boolean;
  readonly #random: Prng;
  readonly #cluster: Cluster;
  /** What each server is started with, by id. */
  readonly #armed = new Map<number, string>();
  #load: Load | undefined;

  constructor(options: FailpointOptions, retains: boolean) {
    this.#options = options;
    this.#retains = retains;
    this.#random = new Prng(options.seed);
    const testBuild = {
      SYNOD_TEST_BUILD: '1',
      SYNOD_SEGMENT_BYTES: String(segmentBytes),
      ...(retains ? { SYNOD_RETAIN_BYTES: String(segmentBytes) } : {}),
    };
    this.#cluster = new Cluster({
      serverOptions: (id) => {
        const spec = this.#armed.get(id);
        const failpoints = { SYNOD_FAILPOINTS: spec ?? '', SYNOD_FAILPOINTS_REPORT: this.#report };
        return { env: { ...testBuild, ...(spec === undefined ? {} : failpoints) } };
      },
    });
  }

  get #report(): string {
    return path.join(this.#cluster.root, 'failpoints');
  }

  get hits(): ReadonlyMap<FailpointName, number> {
    return this.#hits;
  }

  readonly #hits = new Map<FailpointName, number>();

  async run(names: readonly FailpointName[]): Promise<Verdict> {
    const cluster = this.#cluster;
    try {
      await cluster.startWithoutServers();
      await cluster.startServers();
      const clients = ['Aaron', 'Lala', 'Sihan', 'Kara'].map((name) => cluster.chat(name));
      await Promise.all(clients.map((client) => client.waitForConnected()));
      const explain = (): string => cluster.describe();
      this.#load = new Load(clients, { linesPerSecond: 60, inFlightMax: 8, explain });
      await this.#progress('the start');
      for (const name of this.#random.shuffle(names)) await this.#hitOne(name);
      if (this.#retains) {
        // The logs on disk begin in the middle: what they held is compared by the states' hashes only.
        await this.#load.drain(deadlineMs);
        await cluster.waitForAgreement();
        const verdict = await judgeHistory(cluster, { watching: clients, trimmed: true });
        if (!verdict.ok) throw new Error(describeVerdict(verdict));
        return verdict;
      }
      const end = await endRun(cluster, clients, this.#load, [], deadlineMs);
      if (!end.verdict.ok) throw new Error(describeVerdict(end.verdict));
      if (end.unacknowledged > 0) throw new Error(`${end.unacknowledged} lines were never acknowledged`);
      if (!end.slots.ok) throw new Error(`the logs on disk: ${end.slots.problems.join('; ')}`);
      return end.verdict;
    } finally {
      this.#load?.stop();
      this.#readReport();
      await cluster.stop();
    }
  }

  async #hitOne(name: FailpointName): Promise<void> {
    const reach = reachOf(name);
    const victim = this.#random.pick(this.#cluster.ids);
    const pass = this.#random.below(reach.passMax + 1);
    const armed = reach.how === 'send' ? this.#cluster.ids.filter((id) => id !== victim) : [victim];
    try {
      for (const id of armed) {
        this.#armed.set(id, `${name}=${pass === 0 ? '' : `${pass}*off->`}crash`);
        if (reach.how !== 'fetch') await this.#cluster.killServer(id);
        const state = path.join(this.#cluster.dataDir(id), 'state');
        if (reach.how === 'damage') writeFileSync(path.join(state, 'CURRENT'), 'rubbish');
        if (reach.how === 'rebuild') rmSync(state, { recursive: true });
        if (reach.how !== 'fetch') this.#cluster.spawnServer(id);
        if (reach.how === 'send') await this.#ready(id);
      }
      await this.#provoke(reach, victim, armed);
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
    }
    this.#armed.clear();
    await Promise.all(armed.map((id) => this.#bringBack(id)));
    await this.#progress(`after ${name}`);
    this.#readReport();
    const isHit = this.#hits.has(name);
    this.#options.print(`${name}: ${isHit ? `a crash after ${pass} hits let pass, back again` : 'NOT HIT'}`);
  }

  /** Resolves when one of the armed servers has crashed, or when none does: the report shows that it was not hit. */
  async #provoke({ how }: Reach, victim: number, armed: readonly number[]): Promise<void> {
    const cluster = this.#cluster;
    const isOver = (): boolean => armed.some((id) => cluster.server(id).exit !== undefined);
    if (how === 'stop') {
      await this.#ready(victim);
      // Its log must hold something of this life, or there is no end to mark.
      const applied = async (): Promise<number> =>
        (await cluster.status()).servers.find(({ id }) => id === victim)?.applied ?? 0;
      const before = await applied();
      await until('the server to follow', deadlineMs, async () => isOver() || (await applied()) > before + 3);
      cluster.server(victim).signal('SIGTERM');
    }
    if (how === 'lead' || how === 'promise' || how === 'depose') {
      await this.#ready(victim);
      for (let tries = 0; tries < 12 && !isOver(); tries++) await this.#changeLeader(victim, isOver, how === 'promise');
    }
    if (how === 'fetch' || how === 'send') await this.#keepAway(victim);
    await until('the crash', deadlineMs, isOver).catch(() => undefined);
    const crashed = armed.find((id) => cluster.server(id).exit !== undefined);
    if (crashed === undefined) return;
    const { signal } = await cluster.server(crashed).waitForExit(1_000);
    if (signal !== 'SIGKILL') throw new Error(`it ended otherwise:\n${cluster.server(crashed).describe()}`);
    if (how === 'send') await this.#startAgain(victim);
  }

  /**
   * A victim that leads is stopped for a while and follows then; another leader is killed, while the victim sleeps if
   * the third one is to campaign before it.
   */
  async #changeLeader(victim: number, isOver: () => boolean, asleep: boolean): Promise<void> {
    const cluster = this.#cluster;
    const { leader } = await cluster.status();
    if (leader === victim) {
      cluster.server(victim).signal('SIGSTOP');
      await until('another leader', 10_000, async () => {
        const now = await cluster.status();
        return now.leader !== 0 && now.leader !== victim;
      }).catch(() => undefined);
      cluster.server(victim).signal('SIGCONT');
    } else if (leader !== 0) {
      if (asleep) cluster.server(victim).signal('SIGSTOP');
      await cluster.killServer(leader);
      if (asleep) {
        await timePasses(sleepMs);
        cluster.server(victim).signal('SIGCONT');
      }
      await until('a new leader, or the crash', 10_000, async () => isOver() || (await cluster.status()).leader !== 0);
      await cluster.startServer(leader);
    }
    await timePasses(200);
  }

  /** The server comes back when the others have deleted every segment that they had when it went. */
  async #keepAway(id: number): Promise<void> {
    const cluster = this.#cluster;
    await cluster.killServer(id);
    const others = cluster.ids.filter((other) => other !== id);
    const newest = new Map(others.map((other) => [other, Math.max(...this.#segments(other))]));
    const isGone = (other: number): boolean => Math.min(...this.#segments(other)) > (newest.get(other) ?? 0);
    await until('old segments to be deleted', deadlineMs, () => others.every(isGone));
    cluster.spawnServer(id);
  }

  #segments(id: number): number[] {
    return readdirSync(this.#cluster.dataDir(id)).flatMap((name) => segmentNumber(name) ?? []);
  }

  async #ready(id: number): Promise<void> {
    await this.#cluster.server(id).waitForLine('READY', (line) => line.startsWith('READY server'), deadlineMs);
  }

  async #bringBack(id: number): Promise<void> {
    if (this.#cluster.server(id).exit === undefined) await this.#cluster.killServer(id);
    await this.#startAgain(id);
  }

  async #startAgain(id: number): Promise<void> {
    if (this.#cluster.server(id).exit !== undefined) await this.#cluster.startServer(id);
  }

  async #progress(what: string): Promise<void> {
    await this.#load?.progress(what, 3, deadlineMs);
  }

  #readReport(): void {
    if (!existsSync(this.#report)) return;
    this.#hits.clear();
    for (const line of readFileSync(this.#report, 'utf8').split('\n')) {
      const name = line.split(' ')[0] as FailpointName;
      if (line !== '') this.#hits.set(name, (this.#hits.get(name) ?? 0) + 1);
    }
  }
}
