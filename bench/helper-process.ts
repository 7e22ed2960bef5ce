/** A process of a benchmark's own that is given orders and answers them. */
import { type ChildProcess, fork } from 'node:child_process';
import { until } from '../test/support/until.js';

/** `Answer` is a union told apart by `answer`. */
export class HelperProcess<Order extends object, Answer extends { readonly answer: string }> {
  readonly #child: ChildProcess;
  readonly #answers: Answer[] = [];

  /** `program` is a compiled file beside the caller: `new URL('./x.js', import.meta.url)`. */
  constructor(program: URL) {
    this.#child = fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [] });
    this.#child.on('message', (answer) => this.#answers.push(answer as Answer));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  order(order: Order): void {
    this.#child.send(order);
  }

  /** The next answer of this kind. */
  async answer<K extends Answer['answer']>(
    kind: K,
    deadlineMs: number,
  ): Promise<Extract<Answer, { readonly answer: K }>> {
    return await until(`process ${this.pid} to answer ${kind}`, deadlineMs, () => {
      if (this.#child.exitCode !== null) throw new Error(`it ended with ${this.#child.exitCode}`);
      const at = this.#answers.findIndex(({ answer }) => answer === kind);
      return at < 0 ? undefined : (this.#answers.splice(at, 1)[0] as Extract<Answer, { readonly answer: K }>);
    });
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}
