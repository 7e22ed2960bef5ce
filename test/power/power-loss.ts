/**
 * Real servers on real sockets in one process, real clients under load, and machines that lose their power: one, two or
 * all at once, between and in the middle of syncs and of recoveries. The linear checker judges.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Prng, silentLogger } from '../../src/base/index.js';
import { startBalancer } from '../../src/daemon/index.js';
import { checkHistory, describeVerdict, type FreshRead, type Verdict } from '../checkers/history.js';
import { nowMs, timePasses, until, within } from '../support/until.js';
import { Machine } from './machine.js';
import { Person } from './person.js';
import { type Blow, type Cycle, describeCycle, drawCycle } from './plan.js';
import type { Lie } from './power-disk.js';
import { PowerSummary } from './summary.js';

export interface PowerOptions {
  readonly seed: number;
  readonly cycles: number;
  readonly print: (line: string) => void;
  /** What the disks call synced and is not: the checker or a server must notice. */
  readonly lie?: Lie;
  /** How long anything may take with all servers up; default 30 s. */
  readonly recoveryDeadlineMs?: number;
}

const ids = [1, 2, 3];
const names = ['Aaron', 'Berta', 'Carl'];
const sayEveryMs = 15;
const inFlightMax = 16;
const lineBytesMax = 200;
/** Lines that each client gets committed before the next cut. */
const linesPerCycle = 2;
/** A cluster is judged and left after so many cycles. */
const cyclesPerCluster = 50;

/** Resolves when all cycles are over and judged. @throws Error that names the seed and the cycle. */
export async function runPowerLoss(options: PowerOptions): Promise<PowerSummary> {
  const summary = new PowerSummary();
  for (let first = 1; first <= options.cycles; first += cyclesPerCluster) {
    const last = Math.min(options.cycles, first + cyclesPerCluster - 1);
    await new Episode(options, summary, first, last).run();
    options.print(`cycles ${first} to ${last}: ${summary.acknowledged} lines acknowledged so far`);
  }
  return summary;
}

class Episode {
  readonly #options: PowerOptions;
  readonly #summary: PowerSummary;
  readonly #first: number;
  readonly #last: number;
  readonly #random: Prng;
  readonly #directory = mkdtempSync(path.join(tmpdir(), 'synod-power-'));
  readonly #reads: FreshRead[] = [];
  #machines: Machine[] = [];
  #people: Person[] = [];
  #now = 'the start';

  constructor(options: PowerOptions, summary: PowerSummary, first: number, last: number) {
    this.#options = options;
    this.#summary = summary;
    this.#first = first;
    this.#last = last;
    this.#random = new Prng(options.seed * 1000 + first);
  }

  get #deadlineMs(): number {
    return this.#options.recoveryDeadlineMs ?? 30_000;
  }

  async run(): Promise<void> {
    const balancer = await startBalancer({
      listen: '127.0.0.1:0',
      servers: ids.length,
      dataDir: path.join(this.#directory, 'balancer'),
      logger: silentLogger,
    });
    const load = setInterval(() => this.#say(), sayEveryMs);
    try {
      await this.#run(balancer.address, load);
    } catch (error) {
      throw new Error(`seed ${this.#options.seed}, ${this.#now}: ${(error as Error).message}\n${this.#describe()}`, {
        cause: error,
      });
    } finally {
      clearInterval(load);
      await Promise.all(this.#people.map(({ client }) => client.close()));
      await Promise.all(this.#machines.map((machine) => machine.end('process')));
      await balancer.destroy();
      for (const machine of this.#machines) this.#summary.countMachine(machine.counts);
      rmSync(this.#directory, { recursive: true, force: true });
    }
  }

  async #run(balancer: string, load: NodeJS.Timeout): Promise<void> {
    this.#machines = ids.map((id) => {
      const directory = path.join(this.#directory, `server-${id}`);
      return new Machine({ id, balancer, directory, seed: this.#random.u32(), lie: this.#options.lie ?? 'nothing' });
    });
    await all(this.#machines.map((machine) => machine.start()));
    this.#people = names.map((name) => new Person(name, { balancer }, this.#random));
    await this.#progress();
    for (let number = this.#first; number <= this.#last; number++) {
      const cycle = drawCycle(this.#random, ids);
      this.#now = describeCycle(number, cycle);
      await this.#cycle(cycle);
    }
    this.#now = 'the end';
    clearInterval(load);
    await this.#judge();
  }

  async #cycle(cycle: Cycle): Promise<void> {
    await this.#moment(cycle);
    const gone = cycle.blows.map(({ server, ending }) => this.#machine(server).end(ending));
    await Promise.all(gone);
    await all(cycle.blows.map((blow) => this.#restart(blow)));
    const restartedMs = nowMs();
    await this.#progress();
    this.#summary.countCycle(cycle, nowMs() - restartedMs);
    const read = await this.#random.pick(this.#people).readFresh(2000);
    if (read !== undefined) this.#reads.push(read);
  }

  /** Resolves in the very turn in which the blows are to fall. */
  async #moment({ blows, afterMs, atOperation }: Cycle): Promise<void> {
    if (atOperation === 0) {
      await timePasses(afterMs);
      return;
    }
    const machine = this.#machine(blows[0]?.server ?? 0);
    await within(
      `disk operation ${atOperation}`,
      this.#deadlineMs,
      new Promise<void>((resolve) => machine.strikeAt(atOperation, resolve)),
    );
  }

  async #restart(blow: Blow): Promise<void> {
    const machine = this.#machine(blow.server);
    await timePasses(blow.offMs);
    if (blow.againAt === 0) return machine.start();
    let struck: Promise<void> | undefined;
    machine.strikeAt(blow.againAt, () => {
      struck = machine.end('power');
    });
    const starting = machine.start();
    try {
      await starting;
    } catch (error) {
      if (struck === undefined) throw error;
    }
    machine.disarm();
    if (struck === undefined) return;
    this.#summary.cutsInRecovery++;
    await struck;
    await machine.start();
  }

  /** Every client gets some lines committed. */
  async #progress(): Promise<void> {
    const goals = this.#people.map(({ settled }) => settled + linesPerCycle);
    await this.#until('every client to go on', () =>
      this.#people.every(({ settled }, at) => settled >= (goals[at] ?? 0)),
    );
  }

  #say(): void {
    for (const person of this.#people) {
      // Mostly one line, now and then a burst of long ones: a batch of several sectors, which can tear.
      const lines = this.#random.chance(1, 8) ? inFlightMax : 1;
      for (let i = 0; i < lines && person.inFlight < inFlightMax; i++) person.say(this.#random.below(lineBytesMax));
    }
  }

  async #judge(): Promise<void> {
    const people = this.#people;
    await this.#until('every line to be answered', () => people.every(({ inFlight }) => inFlight === 0));
    const readers = this.#machines.map(
      (machine) => new Person(`reader of ${machine.id}`, { server: machine.address }, this.#random),
    );
    try {
      const everybody = [...people, ...readers];
      const head = (): number => Math.max(...everybody.map((one) => Math.max(one.lastShown, one.lastAcknowledged)));
      await this.#until('everybody to be shown the whole room', () =>
        everybody.every(({ lastShown }) => lastShown === head()),
      );
      const sends = people.flatMap((person) => person.sends());
      const verdict = checkHistory({
        servers: readers.map((reader) => ({ server: reader.name, entries: reader.stream(true).deliveries })),
        streams: people.map((person) => person.stream(true)),
        sends,
        reads: this.#reads,
      });
      this.#count(verdict, sends);
      if (!verdict.ok) throw new Error(describeVerdict(verdict));
    } finally {
      await Promise.all(readers.map(({ client }) => client.close()));
    }
    for (const machine of this.#machines) {
      const code = await machine.stop();
      if (code !== 0) throw new Error(`server ${machine.id} stopped with ${code}`);
    }
  }

  #count(verdict: Verdict, sends: readonly { readonly outcome: string }[]): void {
    this.#summary.acknowledged += sends.filter(({ outcome }) => outcome === 'ok').length;
    this.#summary.unknown += sends.filter(({ outcome }) => outcome === 'unknown').length;
    this.#summary.reads += this.#reads.length;
    this.#summary.countVerdict(verdict);
  }

  async #until(what: string, isSo: () => boolean): Promise<void> {
    await until(what, this.#deadlineMs, isSo, () => this.#describe());
  }

  #machine(id: number): Machine {
    const machine = this.#machines[id - 1];
    if (machine === undefined) throw new Error(`there is no server ${id}`);
    return machine;
  }

  #describe(): string {
    const logs = this.#machines.map(({ id, log }) => `server ${id}:\n  ${log.slice(-12).join('\n  ')}`);
    const people = this.#people.map(
      ({ name, settled, inFlight, lastShown, client }) =>
        `${name}: ${settled} settled, ${inFlight} open, shown ${lastShown}, ${client.phase} at ${client.server?.id}`,
    );
    return [...people, ...logs].join('\n');
  }
}

/** As Promise.all, but nothing is under way any more when it rejects. */
async function all(promises: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises)) if (result.status === 'rejected') throw result.reason;
}
