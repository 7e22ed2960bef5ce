/** One question on a connection of its own: dial, greet, ask, take the answer, hang up. */
import type { Timer } from '../base/index.js';
import type { Dialling } from '../net/index.js';
import type { Message, Welcome } from '../wire/index.js';
import type { Environment } from './environment.js';
import { type GreetFailure, type GreetOptions, greet } from './greet.js';

export interface Question<A extends Message> {
  /** Its time-out holds for all of it: who greets late has less time for the answer. */
  readonly greeting: Omit<GreetOptions, 'onDialled'>;
  readonly message: Message;
  readonly isAnswer: (message: Message) => message is A;
}

/** `text` begins with the address where somebody was `reached`. */
export type QuestionResult<A extends Message> =
  | { readonly ok: true; readonly answer: A; readonly welcome: Welcome }
  | { readonly ok: false; readonly reached: boolean; readonly code: GreetFailure | 'NO_ANSWER'; readonly text: string };

/** `done` is called once, never before this returns, and not after `cancel`. */
export function askQuestion<A extends Message>(
  { greeting, message, isAnswer }: Question<A>,
  environment: Environment,
  done: (result: QuestionResult<A>) => void,
): Dialling {
  const { clock } = environment;
  const { address, timeoutMs } = greeting;
  let timer: Timer | undefined;
  let drop: (() => void) | undefined;
  const endsAtMs = clock.monotonicMs() + timeoutMs;
  const greeted = greet(greeting, environment, (result) => {
    if (!result.ok) return done({ ok: false, reached: false, code: result.code, text: result.text });
    const { connection, welcome } = result;
    const finish = (outcome: QuestionResult<A>): void => {
      if (timer !== undefined) clock.clearTimeout(timer);
      connection.abandon('answered');
      done(outcome);
    };
    const fail = (code: GreetFailure | 'NO_ANSWER', what: string): void =>
      finish({ ok: false, reached: true, code, text: `${address} ${what}` });
    drop = () => connection.abandon('no longer asked');
    connection.attach({
      onMessage: (received) => {
        if (isAnswer(received)) finish({ ok: true, answer: received, welcome });
      },
      onClose: (reason) => fail(reason.code, `hung up (${reason.text})`),
    });
    const leftMs = Math.max(0, endsAtMs - clock.monotonicMs());
    timer = clock.setTimeout(() => fail('NO_ANSWER', 'did not answer'), leftMs);
    connection.send(message);
  });
  return {
    cancel: () => {
      greeted.cancel();
      if (timer !== undefined) clock.clearTimeout(timer);
      drop?.();
    },
  };
}
