/** `synod server replace`: has a server invited in the place of another one, follows it until that one is out. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ExitError, exitCodes } from '../base/index.js';
import { askOnce } from '../client/index.js';
import type { Call } from './command.js';
import { jsonLine } from './events.js';
import { UsageError } from './go-flags.js';
import { askBalancers } from './members.js';
import { type Pair, type Progress, progressOf, type Step, steps, stepText, type Word } from './replacement.js';
import { readAddress, readAddresses, readDurationMs, readServer } from './values.js';

const askEveryMs = 250;
/** A server that does not answer within this time is left out of a round. */
const answerMs = 1_000;
/** Who is there is found out within this time, or nobody is. */
const contactMs = 10_000;
/** A wish that was taken and has no effect was lost with a leader: it is made again. */
const wishAgainMs = 3_000;
/** Between two lines about how far the new server has learnt. */
const learningLineMs = 2_000;

export async function replace(call: Call): Promise<number> {
  const pair = readPair(call);
  const endMs = performance.now() + readDurationMs('--timeout', call.options.text('timeout') ?? '');
  const watch = new Watch(await firstAddresses(call, endMs));
  const journal = new Journal(call, pair);
  let askedMs = Number.NEGATIVE_INFINITY;
  let wasInvited = false;
  let progress: Progress | undefined;
  for (;;) {
    const words = await watch.look();
    progress = progressOf(words, pair, progress);
    journal.tell(progress);
    if (progress.step === 'done') return exitCodes.ok;
    if (progress.step !== undefined) {
      wasInvited = true;
      if (call.options.has('no-wait')) return exitCodes.ok;
    } else if (wasInvited) throw refused(overtakenText(pair, progress));
    else if (performance.now() - askedMs >= wishAgainMs && (await watch.wish(words, pair))) askedMs = performance.now();
    const isOver = performance.now() >= endMs;
    if (!watch.everAnswered && (isOver || watch.silentMs > contactMs)) throw nobodyAnswers(watch);
    if (isOver) throw timedOut(call, pair, words, progress);
    if (!(await pause(call.signal))) return exitCodes.ok;
  }
}

function readPair({ options, positionals }: Call): Pair {
  const [old] = positionals;
  const by = options.text('with');
  if (old === undefined) throw new UsageError('which server is replaced? synod server replace OLD --with NEW');
  if (by === undefined) throw new UsageError('by which server? Give --with NEW, a number that no server ever had');
  const replaced = readServer('OLD', old);
  const invited = readServer('--with', by);
  if (replaced === invited) {
    throw new UsageError(
      `--with ${invited} is the server to be replaced: give a number that no server ever had; a server that only lost ` +
        'its disk needs no replacing, start it with an empty data directory',
    );
  }
  return { replaced, invited };
}

async function firstAddresses({ options }: Call, endMs: number): Promise<readonly string[]> {
  const given = options.text('server');
  if (given !== undefined) return [readAddress('--server', given)];
  const patienceMs = Math.max(1, Math.min(contactMs, endMs - performance.now()));
  const { servers } = await askBalancers(readAddresses('--balancer', options.text('balancer') ?? ''), patienceMs);
  return servers.map(({ address }) => address).filter((address) => address !== '');
}

/** All servers that are known, asked again and again: any of them may end meanwhile. */
class Watch {
  readonly #addresses: Set<string>;
  readonly #startMs = performance.now();
  everAnswered = false;

  constructor(addresses: readonly string[]) {
    this.#addresses = new Set(addresses);
  }

  get addresses(): readonly string[] {
    return [...this.#addresses];
  }

  get silentMs(): number {
    return performance.now() - this.#startMs;
  }

  async look(): Promise<Word[]> {
    const words = (await Promise.all(this.addresses.map(ask))).filter((word) => word !== undefined);
    if (words.length > 0) this.everAnswered = true;
    for (const { seats } of words)
      for (const { address } of seats.seats) if (address !== '') this.#addresses.add(address);
    return words;
  }

  /** Asks a server that has a leader. True if it took the wish. */
  async wish(words: readonly Word[], { replaced, invited }: Pair): Promise<boolean> {
    const able = words.find(({ status }) => status.happy);
    if (able === undefined) return false;
    const { address } = able;
    const said = await askOnce({ address, timeoutMs: answerMs }, (server) => server.replaceServer(replaced, invited));
    if (!said.ok) return false;
    if (said.answer.outcome === 'refused') throw refused(said.answer.text);
    return said.answer.outcome === 'taken';
  }
}

async function ask(address: string): Promise<Word | undefined> {
  const said = await askOnce({ address, timeoutMs: answerMs }, async (server) => {
    const [seats, status] = await Promise.all([server.seats(), server.status()]);
    if (!seats.ok) return seats;
    if (!status.ok) return status;
    return { ok: true, answer: { seats: seats.answer, status: status.answer }, rttMs: status.rttMs };
  });
  return said.ok ? { address, ...said.answer } : undefined;
}

/** Says each step once, also those that were passed between two looks. */
class Journal {
  readonly #call: Call;
  readonly #pair: Pair;
  #told = -1;
  #learningMs = 0;
  #applied = -1;

  constructor(call: Call, pair: Pair) {
    this.#call = call;
    this.#pair = pair;
  }

  tell(progress: Progress): void {
    const reached = progress.step === undefined ? -1 : steps.indexOf(progress.step);
    while (this.#told < reached) {
      this.#told++;
      this.#say(steps[this.#told] as Step, progress);
    }
    const nowMs = performance.now();
    const isNews = progress.step === 'learns' && progress.applied !== this.#applied;
    if (isNews && nowMs - this.#learningMs >= learningLineMs) this.#say('learns', progress);
  }

  #say(step: Step, progress: Progress): void {
    const { output, options, program } = this.#call;
    const { replaced, invited } = this.#pair;
    if (step === 'learns') {
      this.#learningMs = performance.now();
      this.#applied = progress.applied;
    }
    if (options.has('json')) {
      const { epoch, applied, committed } = progress;
      output.line(jsonLine({ event: 'replace', step, replaced, invited, epoch, applied, committed }));
    } else output.line(stepText(step, this.#pair, progress));
    if (step === 'invited' && progress.step === 'invited')
      output.note(`${program}: start it now, with an empty data directory: synod server --id ${invited}`);
  }
}

function refused(text: string): ExitError {
  return new ExitError(exitCodes.refused, 'REFUSED', text);
}

function overtakenText({ replaced, invited }: Pair, { rival }: Progress): string {
  const who = rival === 0 ? 'the invitation was taken back' : `server ${rival} was invited instead`;
  return `server ${invited} does not take the seat of server ${replaced} any more: ${who}; see synod status`;
}

function nobodyAnswers({ addresses }: Watch): ExitError {
  const text = `no server answers at ${addresses.join(', ')}. Are they running? Start them: synod server --id N`;
  return new ExitError(exitCodes.unreachable, 'NO_SERVER', text);
}

function timedOut(call: Call, pair: Pair, words: readonly Word[], { step }: Progress): ExitError {
  const again = 'the same command again follows it';
  const why = words.some(({ status }) => status.happy) ? '' : 'no server has a leader: start a majority of them; ';
  const where: Record<Step | 'none', string> = {
    none: `server ${pair.invited} is not invited`,
    invited: `server ${pair.invited} has not come: start it (synod server --id ${pair.invited})`,
    learns: `server ${pair.invited} still learns`,
    votes: `server ${pair.replaced} is not out yet`,
    done: 'it is done',
  };
  const text = `${why}after ${call.options.text('timeout')} ${where[step ?? 'none']}; ${again}`;
  return new ExitError(exitCodes.unknown, 'TIMEOUT', text);
}

/** False when the wait was cut short by a signal. */
async function pause(signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(askEveryMs, undefined, { signal });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
