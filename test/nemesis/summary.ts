/** What a run of the nemesis came to, and the lines that say so. */
import type { Send } from '../checkers/history.js';
import type { Struck } from './blows.js';
import { type Judged, Outcome, quantiles, quantilesText } from './outcome.js';
import type { Blow, BlowKind, Round } from './plan.js';

/** When a round's faults began, when the last of them was over, and when every client had gone on. */
export interface Window {
  readonly startMs: number;
  readonly healedMs: number;
  readonly recoveredMs: number;
}

/** Between rounds nothing is done for so long; lines of its first half must be acknowledged before it is over. */
export const calmMs = 1000;

export class Summary {
  readonly outcome = new Outcome();
  rounds = 0;
  /** Processes of servers killed with kill -9. */
  kills = 0;
  minutes = 0;
  readonly #faults = new Map<string, number>();
  readonly #skipped = new Map<string, number>();
  readonly #withoutEffect = new Map<string, number>();
  readonly #windows: Window[] = [];
  /** By round, in ms: until the first client that waited, and until the last. */
  #firstMs: number[] = [];
  #everyMs: number[] = [];
  #calm = { said: 0, inTime: 0 };

  countRound({ links, storm }: Round, window: Window): void {
    this.rounds += 1;
    for (const { name } of links) add(this.#faults, name);
    if (storm !== undefined) add(this.#faults, 'storm');
    this.#windows.push(window);
  }

  countBlow({ kind }: Blow, { kills, hadEffect }: Struck): void {
    this.kills += kills;
    add(this.#faults, kind);
    if (!hadEffect) add(this.#withoutEffect, kind);
  }

  countSkipped(kind: BlowKind): void {
    add(this.#skipped, kind);
  }

  /** Everything said in the run, client by client. */
  judge(judged: Omit<Judged, 'sends'>, clients: readonly (readonly Send[])[]): void {
    this.outcome.add({ ...judged, sends: clients.flat() });
    const byClient = clients.map((sends) => sends.toSorted((a, b) => a.ackMs - b.ackMs));
    const waits = this.#windows.map(({ healedMs }) => byClient.map((sends) => waitAfter(sends, healedMs)));
    this.#firstMs = waits.map((ms) => Math.min(...ms));
    this.#everyMs = waits.map((ms) => Math.max(...ms));
    const said = clients.flat();
    for (const { recoveredMs } of this.#windows) {
      const calm = said.filter(({ invokeMs }) => invokeMs >= recoveredMs && invokeMs < recoveredMs + calmMs / 2);
      this.#calm.said += calm.length;
      this.#calm.inTime += calm.filter(({ ackMs }) => ackMs < recoveredMs + calmMs).length;
    }
  }

  /** How often a fault or a blow of that name fell. */
  count(name: string): number {
    return this.#faults.get(name) ?? 0;
  }

  toJSON(): unknown {
    return {
      rounds: this.rounds,
      minutes: this.minutes,
      kills: this.kills,
      faults: Object.fromEntries(this.#faults),
      skipped: Object.fromEntries(this.#skipped),
      withoutEffect: Object.fromEntries(this.#withoutEffect),
      ...this.outcome.toJSON(),
      recoveryFirstMs: quantiles(this.#firstMs),
      recoveryEveryMs: quantiles(this.#everyMs),
      calm: this.#calm,
    };
  }

  text(): string[] {
    const { said, inTime } = this.#calm;
    const list = (counts: ReadonlyMap<string, number>): string =>
      [...counts]
        .sort(([a], [b]) => a.localeCompare(b))
        .map(([name, count]) => `${name} ${count}`)
        .join(', ');
    const more = (what: string, counts: ReadonlyMap<string, number>): string[] =>
      counts.size === 0 ? [] : [`${what}: ${list(counts)}`];
    return [
      `${this.rounds} rounds in ${this.minutes.toFixed(1)} minutes, ${this.kills} kills of servers: ${list(this.#faults)}`,
      ...more('skipped, for want of a tool', this.#skipped),
      ...more('without effect', this.#withoutEffect),
      this.outcome.text(),
      `from the end of the faults until a client goes on: ${quantilesText(quantiles(this.#firstMs))}`,
      `until every client goes on: ${quantilesText(quantiles(this.#everyMs))}`,
      `outside faults: ${inTime} of ${said} lines acknowledged within ${calmMs} ms` +
        ` (${said === 0 ? '-' : ((100 * inTime) / said).toFixed(2)} %)`,
    ];
  }
}

/** How long a client's first line that was acknowledged after `fromMs` had waited since then; `sends` by `ackMs`. */
function waitAfter(sends: readonly Send[], fromMs: number): number {
  const send = sends.find(({ ackMs }) => ackMs > fromMs);
  return send === undefined ? 0 : send.ackMs - Math.max(send.invokeMs, fromMs);
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
