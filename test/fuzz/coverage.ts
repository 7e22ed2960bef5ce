/** Which blocks of our own code have run, from V8's own counters: what tells an interesting input from a dull one. */
import { type Profiler, Session } from 'node:inspector';

const ours = /\/dist\/src\//;

/** One per isolate. Counting costs about a fifth of the speed, asking some milliseconds: ask once per batch. */
export class Coverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();

  constructor() {
    this.#session.connect();
    this.#post('Profiler.enable');
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** How many blocks have ever run. */
  get blocks(): number {
    return this.#seen.size;
  }

  /** The blocks that ran since the last call and never before; they count as seen from now on. */
  takeNew(): string[] {
    const fresh = [...this.takeRun()].filter((block) => !this.#seen.has(block));
    for (const block of fresh) this.#seen.add(block);
    return fresh;
  }

  /** All blocks that ran since the last call. */
  takeRun(): Set<string> {
    const run = new Set<string>();
    const { result } = this.#post('Profiler.takePreciseCoverage') as Profiler.TakePreciseCoverageReturnType;
    for (const { scriptId, url, functions } of result) {
      if (!ours.test(url)) continue;
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          if (count > 0) run.add(`${scriptId}:${startOffset}-${endOffset}`);
        }
      }
    }
    return run;
  }

  stop(): void {
    this.#session.disconnect();
  }

  /** The inspector answers before `post` returns when it asks its own thread. */
  #post(method: string, parameters: object = {}): unknown {
    let answer: unknown;
    let failure: Error | null = null;
    this.#session.post(method, parameters, (error: Error | null, result: unknown) => {
      failure = error;
      answer = result;
    });
    if (failure !== null) throw failure;
    return answer;
  }
}
