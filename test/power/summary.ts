/** What a run of power cuts came to. */
import type { Verdict, ViolationKind } from '../checkers/history.js';
import type { MachineCounts } from './machine.js';
import type { Cycle } from './plan.js';

export class PowerSummary {
  cycles = 0;
  acknowledged = 0;
  unknown = 0;
  reads = 0;
  cutsInRecovery = 0;
  readonly #struck = [0, 0, 0, 0];
  #processEnds = 0;
  readonly #machines: MachineCounts = { lives: 0, unsyncedAtCut: 0, unsyncedBytes: 0, tornTails: 0 };
  readonly #recoveriesMs: number[] = [];
  readonly #violations = new Map<ViolationKind, number>();

  countCycle({ blows }: Cycle, recoveryMs: number): void {
    this.cycles++;
    this.#struck[blows.length] = (this.#struck[blows.length] ?? 0) + 1;
    if (blows[0]?.ending === 'process') this.#processEnds++;
    this.#recoveriesMs.push(recoveryMs);
  }

  countMachine(counts: MachineCounts): void {
    this.#machines.lives += counts.lives;
    this.#machines.unsyncedAtCut += counts.unsyncedAtCut;
    this.#machines.unsyncedBytes += counts.unsyncedBytes;
    this.#machines.tornTails += counts.tornTails;
  }

  countVerdict(verdict: Verdict): void {
    for (const { kind } of verdict.violations) this.#violations.set(kind, (this.#violations.get(kind) ?? 0) + 1);
  }

  get violations(): number {
    return [...this.#violations.values()].reduce((sum, count) => sum + count, 0);
  }

  get unsyncedAtCut(): number {
    return this.#machines.unsyncedAtCut;
  }

  text(): string[] {
    const [, one, two, three] = this.#struck;
    const { lives, unsyncedAtCut, unsyncedBytes, tornTails } = this.#machines;
    const wrong = (...kinds: readonly ViolationKind[]): number =>
      kinds.reduce((sum, kind) => sum + (this.#violations.get(kind) ?? 0), 0);
    const sorted = this.#recoveriesMs.toSorted((a, b) => a - b);
    const at = (share: number): string => ((sorted[Math.ceil(share * sorted.length) - 1] ?? 0) / 1000).toFixed(2);
    return [
      `${this.cycles} cycles: one server ${one}, two ${two}, all three ${three}; ${this.#processEnds} of them ended the ` +
        `processes only; ${this.cutsInRecovery} further cuts fell into a recovery`,
      `${lives} lives of servers; at ${unsyncedAtCut} ends ${unsyncedBytes} bytes were not synced, ${tornTails} torn tails`,
      `${this.acknowledged} lines acknowledged, ${this.unknown} of unknown fate, ${wrong('lost', 'hole')} lost, ` +
        `${wrong('doubled')} doubled, ${wrong('session-order', 'slot-order', 'misplaced')} reordered, ` +
        `${this.violations} violations in all, ${this.reads} fresh reads on the way`,
      `every client goes on after the last restart: p50 ${at(0.5)} s, p90 ${at(0.9)} s, p99 ${at(0.99)} s, most ${at(1)} s`,
    ];
  }
}
