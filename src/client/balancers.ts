/**
 * Asks the balancers where to go, one beside the other: the next one as soon as one fails, or after a moment without an
 * answer (as RFC 8305 has it for the addresses of a host). The first answer counts.
 */
import { limits, type Timer } from '../base/index.js';
import type { Dialling } from '../net/index.js';
import type { Message, Routed } from '../wire/index.js';
import { clusterOf } from './cluster.js';
import type { Environment } from './environment.js';
import { isLockedOut } from './greet.js';
import { askQuestion, type QuestionResult } from './question.js';
import { noBalancerText } from './texts.js';

export interface BalancersOptions {
  /** At least one; asked in this order. */
  readonly balancers: readonly string[];
  readonly token: Uint8Array;
  /** For one balancer. */
  readonly timeoutMs: number;
  /** The server that could not be used, '' for none. */
  readonly failed: string;
}

/** Why one balancer gave no answer. */
export interface Trouble {
  readonly text: string;
  /** It is there and will not have us. */
  readonly lockedOut: 'FORBIDDEN' | 'TLS' | undefined;
}

export type BalancersSaid =
  /** `cluster`: the one that the balancer is of, as {@link clusterOf} has it. */
  | { readonly ok: true; readonly said: Routed; readonly cluster: string }
  /** One for each of them, in their order. */
  | { readonly ok: false; readonly troubles: readonly Trouble[] };

/** `done` is called once, never before this returns, and not after `cancel`. */
export function askBalancers(
  { balancers, token, timeoutMs, failed }: BalancersOptions,
  environment: Environment,
  done: (said: BalancersSaid) => void,
): Dialling {
  const { clock } = environment;
  const message: Message = { type: 'route', request: 1, kind: failed === '' ? 'init' : 'retry', failed };
  const isAnswer = (answer: Message): answer is Routed => answer.type === 'routed' && answer.request === 1;
  const asking = new Set<Dialling>();
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
          cancel();
          return done({ ok: true, said: result.answer, cluster: clusterOf(result.welcome) });
        }
        troubles[index] = troubleOf(address, result);
        if (next < balancers.length) askNext();
        else if (asking.size === 0) done({ ok: false, troubles });
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
