/** What a run of the nemesis came to, and the lines that say so. */
import type { Verdict, ViolationKind } from '../checkers/history.js';
import type { Round } from './plan.js';

export class Summary {
  #rounds = 0;
  #lines = 0;
  #slots = 0;
  #reads = 0;
  readonly #faults = new Map<string, number>();
  readonly #recoveriesMs: number[] = [];
  readonly #violations = new Map<ViolationKind, number>();

  countRound({ links, storm, blows }: Round): void {
    this.#rounds += 1;
    for (const { name } of links) add(this.#faults, name);
    if (storm !== undefined) add(this.#faults, 'storm');
    for (const { kind } of blows) add(this.#faults, kind);
  }

  /** From the healing of a round until every client had lines committed again. */
  countRecovery(ms: number): void {
    this.#recoveriesMs.push(ms);
  }

  countEnd(verdict: Verdict, lines: number, slots: number, reads: number): void {
    this.#lines = lines;
    this.#slots = slots;
    this.#reads = reads;
    for (const { kind } of verdict.violations) add(this.#violations, kind);
  }

  get rounds(): number {
    return this.#rounds;
  }

  get lines(): number {
    return this.#lines;
  }

  /** How often a fault or a blow of that name fell. */
  count(name: string): number {
    return this.#faults.get(name) ?? 0;
  }

  text(): string[] {
    const sorted = this.#recoveriesMs.toSorted((a, b) => a - b);
    const at = (share: number): string => ((sorted[Math.ceil(share * sorted.length) - 1] ?? 0) / 1000).toFixed(2);
    const faults = [...this.#faults].sort(([a], [b]) => a.localeCompare(b)).map(([name, count]) => `${name} ${count}`);
    const wrong = (...kinds: readonly ViolationKind[]): number =>
      kinds.reduce((sum, kind) => sum + (this.#violations.get(kind) ?? 0), 0);
    const kills = this.count('kill') + this.count('killMajority') + this.count('killAll');
    return [
      `${this.#rounds} rounds: ${faults.join(', ')}`,
      `${kills} kills of servers, ${this.count('pause')} pauses, ${this.count('killProxy')} kills of the proxy, ` +
        `${this.count('killBalancer')} of the balancer`,
      `${this.#lines} lines acknowledged in ${this.#slots} slots, ${wrong('lost', 'hole')} lost, ` +
        `${wrong('doubled')} doubled, ${wrong('session-order', 'slot-order', 'misplaced')} reordered, ` +
        `${[...this.#violations.values()].reduce((sum, count) => sum + count, 0)} violations in all, ` +
        `${this.#reads} fresh reads on the way`,
      `recovery: p50 ${at(0.5)} s, p90 ${at(0.9)} s, p99 ${at(0.99)} s, most ${at(1)} s`,
    ];
  }
}

function add<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
