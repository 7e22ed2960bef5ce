/** What the commands share by which an operator decides something: a server that takes it, tries, and the end of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ExitError, exitCodes, limits } from '../base/index.js';
import { type Answered, type AskFailure, isLockedOut, type Operator, openOperator } from '../client/index.js';
import type { Decide } from '../wire/index.js';
import type { Call } from './command.js';
import { UsageError } from './go-flags.js';
import { askBalancers } from './members.js';
import { readAddress, readAddresses, readDurationMs, readName } from './values.js';

const retryMs = 250;
/** For one server; longer than it waits itself. What it proposed may still be decided after that. */
const answerMs = limits.readTimeoutMs + limits.decisionMs + 2_000;

const mayBeDecided = 'it may have been decided, or still be: look (synod name list, or the room) before you repeat it';

export type Wish = Omit<Decide, 'type' | 'request'>;

/** A wish with nothing in it but its subject. */
export function wishFor(verb: Decide['verb'], subject: string): Wish {
  return { verb, subject, count: 0, ageMs: 0, tokenHash: new Uint8Array(32), why: '' };
}

/** The one name that the command is about. */
export function onlyName({ positionals, program }: Call, command: string): string {
  const [name] = positionals;
  if (name === undefined) throw new UsageError(`which name? ${program} ${command} NAME`);
  return readName('NAME', name);
}

/**
 * Resolves once a server has applied the decision. After an answer that did not come it is not made again by itself: on
 * the basis of a later moment it could undo what somebody else decided in between.
 *
 * @throws ExitError (3) when it is refused, (4) when nobody answers, (5) when it is not known to be decided; after an
 *   interruption at once, with 0 if no server was asked yet.
 */
export async function decide(call: Call, wish: Wish): Promise<void> {
  /** A wish was made, and may be decided yet. */
  let isOpen = false;
  const asked = onServers(call, false, async (server) => {
    isOpen = true;
    const said = await server.decide(wish);
    if (said.ok || isDefinite(said.code)) isOpen = false;
    if (!said.ok) return said;
    const { outcome, text } = said.answer;
    if (outcome === 'refused') throw new ExitError(exitCodes.refused, 'REFUSED', text);
    if (outcome === 'later') return { ok: false, code: 'BUSY', text };
    return { ok: true, answer: undefined, rttMs: said.rttMs };
  });
  try {
    await untilAborted(call.signal, asked);
  } catch (error) {
    if (!isOpen || !call.signal.aborted) throw error;
    throw undecided(`interrupted before there was an answer: ${mayBeDecided}`);
  }
}

/** These answers say that the wish was not taken, and never will be. */
function isDefinite(code: AskFailure): boolean {
  return code === 'BUSY' || code === 'NOT_ALLOWED';
}

/** What `work` comes to, or, as soon as `signal` is aborted, an ExitError (0) without words: the signal decides. */
async function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let abort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(new ExitError(exitCodes.ok, 'STOPPED', ''));
  });
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/**
 * Asks one server after the other until one gives what is wanted, or the time is over. `again`: also after an answer
 * that did not come, which asking twice must do no harm for.
 */
export async function onServers<T>(
  call: Call,
  again: boolean,
  ask: (server: Operator) => Promise<Answered<T>>,
): Promise<T> {
  const endMs = performance.now() + readDurationMs('--timeout', call.options.text('timeout') ?? '');
  const addresses = await serversOf(call);
  let reason = '';
  let wasReached = false;
  do {
    for (const address of addresses) {
      const opened = await openOperator({ address, timeoutMs: answerMs });
      if (!opened.ok) {
        if (isLockedOut(opened.code)) throw new ExitError(exitCodes.refused, opened.code, opened.text);
        reason = opened.text;
        continue;
      }
      wasReached = true;
      const server = opened.answer;
      try {
        if (!server.knowsDecisions) throw tooOld(address);
        const found = await ask(server);
        if (found.ok) return found.answer;
        // An invitation is not enough for an operator.
        if (found.code === 'NOT_ALLOWED') throw new ExitError(exitCodes.refused, found.code, found.text);
        reason = found.text;
        if (!again && found.code !== 'BUSY') throw undecided(`${reason}: ${mayBeDecided}`);
      } finally {
        server.close();
      }
    }
    await pause(call.signal);
  } while (performance.now() < endMs && !call.signal.aborted);
  if (wasReached) throw undecided(reason);
  throw new ExitError(
    exitCodes.unreachable,
    'NO_SERVER',
    `no server answers (${reason}). Are they running? See synod status`,
  );
}

async function serversOf({ options }: Call): Promise<readonly string[]> {
  const pinned = options.text('server');
  if (pinned !== undefined) return [readAddress('--server', pinned)];
  const timeoutMs = readDurationMs('--timeout', options.text('timeout') ?? '');
  const { servers } = await askBalancers(readAddresses('--balancer', options.text('balancer') ?? ''), timeoutMs);
  return servers.map(({ address }) => address).filter((address) => address !== '');
}

function tooOld(address: string): ExitError {
  const text = `the server at ${address} is of an older release, which knows no such decisions: upgrade all servers first`;
  return new ExitError(exitCodes.refused, 'TOO_OLD', text);
}

function undecided(text: string): ExitError {
  return new ExitError(exitCodes.unknown, 'UNDECIDED', text);
}

/** Cut short by a signal, which the caller looks at. */
async function pause(signal: AbortSignal): Promise<void> {
  try {
    await sleep(retryMs, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
