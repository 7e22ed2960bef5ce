/** What operators want decided: into the log, and their answer once it was applied here. */
import { type Clock, limits, toHex } from '../../base/index.js';
import { type ChatState, canonicalRoom, type Decided, type DecisionOutcome, isName } from '../../chat/index.js';
import { type Decide, type DecideAnswer, decisionItem } from '../../wire/index.js';

export interface DecisionsOptions {
  readonly chat: Pick<ChatState, 'nameOwner' | 'decisions'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** 16 random bytes. */
  readonly newId: () => Uint8Array;
  /** Calls back once all that was decided before is applied here: with false when no majority confirmed it in time. */
  readonly readFresh: (done: (fresh: boolean) => void) => void;
  /** Members of which it is not known that they can read decisions: not linked, or of an older release. */
  readonly unsure: () => readonly number[];
  /** Logs the item, unless `isPending` says that nobody waits for it any more. False: this server is full. */
  readonly propose: (item: Uint8Array, isPending: () => boolean) => boolean;
}

type Reply = (answer: DecideAnswer) => void;

interface Waiting {
  readonly wish: Decide;
  readonly reply: Reply;
  readonly sinceMs: number;
}

/**
 * Any server can take the wish: the log decides. Each is answered once at most, and proposed once, on the basis of what
 * was decided before it.
 */
export class Decisions {
  readonly #options: DecisionsOptions;
  readonly #waiting = new Map<string, Waiting>();

  constructor(options: DecisionsOptions) {
    this.#options = options;
  }

  wish(wish: Decide, reply: Reply): void {
    const refused = faultOf(wish);
    if (refused !== undefined) return reply(answerTo(wish, 'refused', refused));
    this.#options.readFresh((fresh) => {
      if (fresh) this.#propose(wish, reply);
      else reply(answerTo(wish, 'later', 'no leader with a majority answers here now: try again in a moment'));
    });
  }

  #propose(wish: Decide, reply: Reply): void {
    const refused = this.#unclaimed(wish);
    if (refused !== undefined) return reply(answerTo(wish, 'refused', refused));
    const later = this.#notNow();
    if (later !== undefined) return reply(answerTo(wish, 'later', later));
    const id = this.#options.newId();
    const key = toHex(id);
    this.#waiting.set(key, { wish, reply, sinceMs: this.#options.clock.monotonicMs() });
    const { verb, subject, count, ageMs, tokenHash, why } = wish;
    const basis = this.#options.chat.decisions;
    const item = decisionItem({ verb, id, basis, subject, count, ageMs, tokenHash: Uint8Array.from(tokenHash), why });
    if (this.#options.propose(item, () => this.#waiting.has(key))) return;
    this.#waiting.delete(key);
    reply(answerTo(wish, 'later', 'this server has as much work as it may hold: try again in a moment'));
  }

  /** A slot was applied. */
  applied(decisions: readonly Decided[]): void {
    for (const { id, outcome } of decisions) {
      const key = toHex(id);
      const waiting = this.#waiting.get(key);
      if (waiting === undefined) continue;
      this.#waiting.delete(key);
      const { wish, reply } = waiting;
      if (outcome === 'ok') reply(answerTo(wish, 'taken', ''));
      else reply(answerTo(wish, 'refused', outcomeText(outcome, wish)));
    }
  }

  /**
   * About every second. What was not decided in time gets no answer: it may be in the log, or come into it after the
   * next change of leader, and takes effect there if nothing else was decided meanwhile.
   */
  tick(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [key, { sinceMs }] of this.#waiting) if (nowMs - sinceMs >= limits.decisionMs) this.#waiting.delete(key);
  }

  #unclaimed(wish: Decide): string | undefined {
    const needsHolder = wish.verb === 'release' || wish.verb === 'recover';
    if (!needsHolder || this.#options.chat.nameOwner(wish.subject) !== undefined) return undefined;
    return outcomeText('unclaimed', wish);
  }

  #notNow(): string | undefined {
    if (this.#waiting.size >= limits.decisionsMax) return 'other decisions wait already: try again in a moment';
    const unsure = this.#options.chat.decisions > 0 ? [] : this.#options.unsure();
    if (unsure.length === 0) return undefined;
    return (
      `servers ${unsure.join(', ')} are away or of a release that cannot read this: the first decision of a cluster needs ` +
      'all members, of 0.7 or later; start them, or replace them'
    );
  }
}

/** What is wrong with a wish whatever the log holds. */
function faultOf(wish: Decide): string | undefined {
  const { verb, subject, count, ageMs, why } = wish;
  if (Buffer.byteLength(subject) > 0xff) return outcomeText(verb === 'retain' ? 'badRoom' : 'badName', wish);
  if (Buffer.byteLength(why) > limits.whyBytesMax)
    return `a reason has at most ${limits.whyBytesMax} bytes: shorten it`;
  if (verb !== 'retain') return isName(subject) ? undefined : outcomeText('badName', wish);
  if (canonicalRoom(subject) === undefined) return outcomeText('badRoom', wish);
  if (ageMs > limits.retainAgeMsMax) return `an age of more than ${limits.retainAgeMsMax} ms: give a shorter one`;
  if (ageMs > 0 && ageMs < limits.retainAgeMsMin)
    return `an age of less than ${limits.retainAgeMsMin} ms: give a longer one`;
  return Number.isSafeInteger(count) ? undefined : 'that many messages cannot be counted: give a smaller number';
}

function outcomeText(outcome: Exclude<DecisionOutcome, 'ok'>, { subject }: Decide): string {
  switch (outcome) {
    case 'badRoom':
      return `"${subject}" is no room: name one as #ops, or @a,b`;
    case 'noRoom':
      return `nothing was ever said in ${subject}: check the spelling`;
    case 'badName':
      return `"${subject}" is no name: check the spelling`;
    case 'badToken':
      return 'a token hash of zeros belongs to nobody: make a real token';
    case 'unclaimed':
      return `nobody has claimed the name ${subject}: anybody may; check the spelling`;
    case 'notBlocked':
      return `the name ${subject} is not blocked: see synod name list --blocked`;
    case 'changed':
      return 'another decision came first, so that this one has no effect: look (synod name list, or the room), and give the command again';
  }
}

function answerTo({ request }: Decide, outcome: DecideAnswer['outcome'], text: string): DecideAnswer {
  return { type: 'decideAnswer', request, outcome, text };
}
