/** Plays the faults of a run at their times, and takes every one of them back at the end, whatever happens. */
import { type Clock, nodeClock } from '../../base/index.js';
import type { LocalCluster } from '../../cluster/index.js';
import { type Fault, faultText, linkBodies, type ServerWord } from '../plan/fault-lines.js';
import { secondsText } from '../plan/numbers.js';
import type { FaultRecord } from '../plan/result.js';
import type { LinkControl } from './options.js';
import { sleep } from './wait.js';

/** So long a fault waits for a leader when it is meant for one. */
const leaderPatienceMs = 2_000;
const lookAgainMs = 20;

export interface Stage {
  readonly cluster: LocalCluster;
  readonly links: LinkControl | undefined;
  readonly ids: readonly number[];
  /** Who leads now; 0: nobody is seen to. */
  readonly leader: () => Promise<number>;
  /** Called before a process ends. */
  readonly beforeKill: () => void;
}

/** What a fault turned into, filled in while it happens. */
type Open = { -readonly [Field in keyof FaultRecord]: FaultRecord[Field] };

export class FaultPlayer {
  readonly #stage: Stage;
  readonly #clock: Clock = nodeClock;
  readonly #records: Open[];
  readonly #faults: readonly Fault[];
  readonly #end = new AbortController();
  /** Servers that were killed or paused and are not back. */
  readonly #away = new Set<number>();
  #tasks: readonly Promise<void>[] = [];
  #originMs = 0;

  constructor(stage: Stage, faults: readonly Fault[]) {
    this.#stage = stage;
    this.#faults = faults;
    this.#records = faults.map((fault) => {
      return { text: faultText(fault), plannedMs: fault.atMs, fromMs: null, untilMs: null, detail: 'not reached' };
    });
  }

  get records(): readonly FaultRecord[] {
    return this.#records;
  }

  /**
   * Begins; `originMs` is time 0 by the machine's clock. The result rejects when a fault cannot be set or taken back.
   */
  start(originMs: number): Promise<void> {
    this.#originMs = originMs;
    this.#tasks = this.#faults.map((fault, place) => this.#play(fault, place));
    return Promise.all(this.#tasks).then(() => undefined);
  }

  /** Ends what still lasts; resolves when everything is as before, and rejects as `start`'s result does. */
  async finish(): Promise<void> {
    this.#end.abort();
    await Promise.all(this.#tasks);
  }

  async #play(fault: Fault, place: number): Promise<void> {
    const record = this.#records[place] as Open;
    if (!(await this.#until(fault.atMs))) return;
    switch (fault.kind) {
      case 'links':
        return this.#spoilLinks(fault, record, place);
      case 'kill':
        return this.#kill(fault, record);
      case 'pause':
        return this.#pause(fault, record);
    }
  }

  async #spoilLinks(fault: Extract<Fault, { kind: 'links' }>, record: Open, place: number): Promise<void> {
    const { links } = this.#stage;
    if (links === undefined) return;
    const { spec } = fault;
    const words = spec.kind === 'preset' ? spec.words : [spec.server];
    const found = new Map<string, number>();
    for (const word of ['leader', 'follower'] as const) {
      if (words.includes(word)) found.set(word, await this.#find(word));
    }
    if ([...found.values()].includes(0)) return this.#skip(record, 'nobody led');
    const rules = await links.set(linkBodies(`bench fault ${place + 1}`, spec, (word) => found.get(word) ?? 0));
    record.fromMs = this.#nowMs();
    record.detail = [...found].map(([word, id]) => `${word} was server ${id}`).join(', ') || 'set';
    await this.#until(fault.untilMs);
    await links.remove(rules);
    record.untilMs = this.#nowMs();
  }

  async #kill(fault: Extract<Fault, { kind: 'kill' }>, record: Open): Promise<void> {
    const id = await this.#take(fault.server, record);
    if (id === 0) return;
    const { cluster } = this.#stage;
    this.#stage.beforeKill();
    record.fromMs = this.#nowMs();
    record.detail = `server ${id}${this.#ledText(fault.server)} was killed`;
    await cluster.kill(id);
    await this.#until(record.fromMs + fault.restartAfterMs);
    const startedMs = this.#nowMs();
    await cluster.restart(id);
    this.#away.delete(id);
    record.untilMs = this.#nowMs();
    record.detail += `; started again at ${secondsText(startedMs)}`;
  }

  async #pause(fault: Extract<Fault, { kind: 'pause' }>, record: Open): Promise<void> {
    const id = await this.#take(fault.server, record);
    if (id === 0) return;
    record.fromMs = this.#nowMs();
    record.detail = `server ${id}${this.#ledText(fault.server)} was stopped`;
    this.#stage.cluster.pause(id);
    await this.#until(record.fromMs + fault.forMs);
    this.#stage.cluster.resume(id);
    this.#away.delete(id);
    record.untilMs = this.#nowMs();
  }

  /** The server that is meant, now away; 0 when there is none, and why stands in the record. */
  async #take(word: ServerWord, record: Open): Promise<number> {
    const id = await this.#find(word);
    if (id === 0) this.#skip(record, 'nobody led');
    else if (this.#away.has(id)) this.#skip(record, `server ${id} was away already`);
    else {
      this.#away.add(id);
      return id;
    }
    return 0;
  }

  async #find(word: ServerWord): Promise<number> {
    if (typeof word === 'number') return word;
    const leader = await this.#leader();
    if (word === 'leader' || leader === 0) return leader;
    return this.#stage.ids.find((id) => id !== leader && !this.#away.has(id)) ?? 0;
  }

  /** Right after another fault nobody may lead, or the one that is gone still seem to. */
  async #leader(): Promise<number> {
    const endMs = this.#nowMs() + leaderPatienceMs;
    for (;;) {
      const leader = await this.#stage.leader();
      if (leader !== 0 && !this.#away.has(leader)) return leader;
      if (this.#nowMs() > endMs || !(await this.#until(this.#nowMs() + lookAgainMs))) return 0;
    }
  }

  #ledText(word: ServerWord): string {
    return word === 'leader' ? ', which led,' : '';
  }

  #skip(record: Open, reason: string): void {
    record.detail = `left out: ${reason}`;
  }

  #nowMs(): number {
    return this.#clock.monotonicMs() - this.#originMs;
  }

  /** False when the run ended before. */
  #until(atMs: number): Promise<boolean> {
    return sleep(this.#clock, Math.max(0, atMs - this.#nowMs()), this.#end.signal);
  }
}
