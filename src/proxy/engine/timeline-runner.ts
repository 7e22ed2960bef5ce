/** Runs one timeline at a time: sets and removes its rules when their moment has come, and takes back what it set. */
import type { Rule } from '../plan/rule.js';
import type { Timeline, TimelineStep } from '../plan/timeline.js';
import type { Deadline } from './deadlines.js';
import type { Faults } from './faults.js';

export interface TimelineStatus {
  /** Counts the timelines of this proxy from 1; every event of one carries it. */
  readonly timeline: number;
  readonly name: string;
  readonly seed: number;
  readonly state: 'running' | 'finished' | 'stopped';
  readonly steps: number;
  readonly done: number;
  /** Since its start. */
  readonly elapsedMs: number;
}

export class TimelineRunner {
  readonly #faults: Faults;
  #timeline: Timeline | undefined;
  #state: TimelineStatus['state'] = 'stopped';
  #startMs = 0;
  #done = 0;
  #next: Deadline | undefined;
  /** Set by the timeline that runs, or ran last. */
  readonly #ownRules = new Set<Rule>();

  #number = 0;
  readonly #heal: () => void;

  /** `heal` takes away every fault, whoever set it. */
  constructor(faults: Faults, heal: () => void) {
    this.#faults = faults;
    this.#heal = heal;
  }

  /** Undefined: none was ever started. */
  get status(): TimelineStatus | undefined {
    if (this.#timeline === undefined) return undefined;
    const { name, seed, steps } = this.#timeline;
    const elapsedMs = Math.round(this.#faults.deadlines.nowMs() - this.#startMs);
    return { timeline: this.#number, name, seed, state: this.#state, steps: steps.length, done: this.#done, elapsedMs };
  }

  /** Begins now; one that still runs is stopped first. */
  start(timeline: Timeline): void {
    this.stop();
    this.#number++;
    this.#timeline = timeline;
    this.#state = 'running';
    this.#startMs = this.#faults.deadlines.nowMs();
    this.#done = 0;
    const { name, seed, steps } = timeline;
    this.#tell({ started: name, seed, steps: steps.length });
    this.#waitForNext();
  }

  /** Takes away the rules it has set, and ends it if it still runs. */
  stop(): void {
    this.#remove([...this.#ownRules]);
    if (this.#state !== 'running') return;
    this.#state = 'stopped';
    if (this.#next !== undefined) this.#faults.deadlines.cancel(this.#next);
    this.#tell({ stopped: this.#timeline?.name, done: this.#done });
  }

  #waitForNext(): void {
    const step = this.#timeline?.steps[this.#done];
    if (step === undefined) {
      this.#state = 'finished';
      this.#tell({ finished: this.#timeline?.name, done: this.#done });
      return;
    }
    this.#next = this.#faults.deadlines.at(this.#startMs + step.atMs, () => this.#take(step));
  }

  #take(step: TimelineStep): void {
    const { action } = step;
    this.#done++;
    this.#tell({ step: this.#done, atMs: step.atMs, text: step.text });
    switch (action.kind) {
      case 'set':
        for (const rule of action.rules) this.#ownRules.add(rule);
        this.#faults.setRules(action.rules);
        break;
      case 'remove':
        this.#remove(action.rules);
        break;
      case 'heal':
        this.#ownRules.clear();
        this.#heal();
        break;
    }
    this.#waitForNext();
  }

  #tell(fields: Readonly<Record<string, unknown>>): void {
    this.#faults.hub.emit('timeline', { timeline: this.#number, ...fields });
  }

  /** Those of them that nobody has replaced. */
  #remove(rules: readonly Rule[]): void {
    const { book } = this.#faults;
    this.#faults.removeRules(rules.filter((rule) => book.holds(rule)).map(({ id }) => id));
    for (const rule of rules) this.#ownRules.delete(rule);
  }
}
