/**
 * Asks the balancers where to go, one beside the other: the next one as soon as one fails, or after a moment without an
 * answer (as RFC 8305 has it for the addresses of a host). The first that names a server of the client's cluster
 * counts; without one, the best of all (best-answer.ts).
 */
import { limits, type Timer } from '../base/index.js';
import type { Dialling } from '../net/index.js';
import type { Message, Routed } from '../wire/index.js';
import { type Answer, bestOf, isBest } from './best-answer.js';
import { type Vouched, vouchOf } from './cluster.js';
import type { Environment } from './environment.js';
import { isLockedOut } from './greet.js';
import { askQuestion, type QuestionResult } from './question.js';
import { noBalancerText } from './texts.js';

export interface BalancersOptions {
  /** At least one; asked in this order. */
  readonly balancers: readonly string[];
  readonly token: Uint8Array;
  /** For one balancer, from the dial to its answer: who has not answered by then has failed. */
  readonly timeoutMs: number;
  /** The server that could not be used, '' for none. */
  readonly failed: string;
  /** Whether a balancer with this word is of another cluster than the client. */
  readonly isElsewhere: (vouched: Vouched) => boolean;
}

/** Why one balancer gave no answer. */
export interface Trouble {
  readonly text: string;
  /** It is there and will not have us. */
  readonly lockedOut: 'FORBIDDEN' | 'TLS' | undefined;
}

export type BalancersSaid =
  | { readonly ok: true; readonly answer: Answer }
  /** One for each of them, in their order. */
  | { readonly ok: false; readonly troubles: readonly Trouble[] };

/** `done` is called once, never before this returns, and not after `cancel`. */
export function askBalancers(
  { balancers, token, timeoutMs, failed, isElsewhere }: BalancersOptions,
  environment: Environment,
  done: (said: BalancersSaid) => void,
): Dialling {
  const { clock } = environment;
  const message: Message = { type: 'route', request: 1, kind: failed === '' ? 'init' : 'retry', failed };
  const isAnswer = (answer: Message): answer is Routed => answer.type === 'routed' && answer.request === 1;
  const asking = new Set<Dialling>();
  const answers: Answer[] = [];
  const troubles: Trouble[] = [];
  let next = 0;
  let timer: Timer | undefined;
  const stopTimer = (): void => {
    if (timer !== undefined) clock.clearTimeout(timer);
    timer = undefined;
  };
  const cancel = (): void => {
    stopTimer();
    for (const one of asking) one.cancel();
    asking.clear();
  };
  const askNext = (): void => {
    stopTimer();
    const index = next++;
    const address = balancers[index] ?? '';
    const one = askQuestion(
      { greeting: { address, role: 'client', token, timeoutMs }, message, isAnswer },
      environment,
      (result) => {
        asking.delete(one);
        if (result.ok) {
          const vouched = vouchOf(result.welcome);
          const answer = { said: result.answer, vouched, isElsewhere: isElsewhere(vouched) };
          if (isBest(answer)) {
            cancel();
            return done({ ok: true, answer });
          }
          answers.push(answer);
        } else troubles[index] = troubleOf(address, result);
        if (next < balancers.length) return askNext();
        if (asking.size > 0) return;
        const best = bestOf(answers);
        done(best === undefined ? { ok: false, troubles } : { ok: true, answer: best });
      },
    );
    asking.add(one);
    if (next < balancers.length) timer = clock.setTimeout(askNext, limits.balancerStaggerMs);
  };
  askNext();
  return { cancel };
}

function troubleOf(address: string, { code, reached, text }: QuestionResult<Routed> & { ok: false }): Trouble {
  const lockedOut = isLockedOut(code) ? code : undefined;
  const isThere = reached || lockedOut !== undefined;
  return { text: isThere ? `The balancer at ${text}` : noBalancerText(address, text), lockedOut };
}
