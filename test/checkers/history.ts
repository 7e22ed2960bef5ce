/**
 * The linear checker for a chat log (RELIABILITY.md, 3.3): from what clients sent, were told and were shown, and from
 * what every server holds at the end, it decides whether all of them can have seen one append-only list.
 *
 * A message's text is its identity (the load makes every text unique) and the final list fixes the only possible order,
 * so no search is needed: every step is one sweep. All times come from one monotonic clock, read before a request is
 * handed over and after an answer has arrived; a late reading can only hide a violation, never invent one.
 */

/** One message where some party says it stands: `position` is its number in the room from 1, `slot` its Paxos round. */
export interface Entry {
  readonly position: number;
  readonly slot: number;
  readonly author: string;
  readonly text: string;
}

/** A message as a client was shown it, and when. */
export interface Delivery extends Entry {
  readonly atMs: number;
}

/** What a sender did and what it was told in the end. `no` means "certainly not in the log". */
export interface Send {
  /** One life of one session: its seqs are applied in order, without gaps. */
  readonly session: string;
  readonly seq: number;
  readonly author: string;
  readonly text: string;
  readonly invokeMs: number;
  readonly outcome: 'ok' | 'no' | 'unknown';
  /** When the answer came, where it said the message stands; Infinity, 0 and 0 unless outcome is ok. */
  readonly ackMs: number;
  readonly position: number;
  readonly slot: number;
}

/** Everything one client was shown, in the order in which it was shown. */
export interface Stream {
  readonly client: string;
  /** The first position it asked for; undefined: wherever the first delivery stands. */
  readonly from: number | undefined;
  readonly deliveries: readonly Delivery[];
  /** True if the client was connected when everything had come to rest, so that it must have reached the end. */
  readonly reachesEnd: boolean;
}

/** A read that promised to show everything acknowledged before it was asked, and the length of the list it showed. */
export interface FreshRead {
  readonly client: string;
  readonly invokeMs: number;
  readonly returnMs: number;
  readonly length: number;
}

/** The room's complete history as one server gave it after everything had come to rest. */
export interface ServerLog {
  readonly server: string;
  readonly entries: readonly Entry[];
}

export interface History {
  readonly servers: readonly ServerLog[];
  readonly streams: readonly Stream[];
  readonly sends: readonly Send[];
  readonly reads: readonly FreshRead[];
}

/** The closed set of ways in which a history can be wrong. */
export type ViolationKind =
  | 'disagreement' // two parties hold different messages at one position
  | 'hole' // a position below the end that nobody holds
  | 'slot-order' // a later position in an earlier slot
  | 'invented' // a message that nobody sent, or under another author
  | 'doubled' // one message at two positions
  | 'session-order' // a session's messages not in the order of its seqs, or one of them skipped
  | 'lost' // acknowledged and not in the list
  | 'misplaced' // acknowledged at another position or slot
  | 'refused-but-present' // answered "no" and in the list
  | 'future' // somebody saw it, or something behind it, before it was sent
  | 'stale-read' // a fresh read that lacks something seen before it was asked
  | 'stream-gap' // a client's stream does not rise by one
  | 'stream-short' // a client or server that ends before the end
  | 'ambiguous'; // the load itself is unfit: a text sent twice, a seq used twice

export interface Violation {
  readonly kind: ViolationKind;
  readonly text: string;
}

export interface Verdict {
  readonly ok: boolean;
  /** How many violations there are in all; `violations` lists the first ones only. */
  readonly total: number;
  readonly violations: readonly Violation[];
  /** The length of the one list. */
  readonly length: number;
}

/** A hundred violations tell the same story as a million. */
const violationsListedMax = 100;

/** Positions beyond this are no positions: the merged list is an array. */
const positionMax = 100_000_000;

class Findings {
  total = 0;
  readonly listed: Violation[] = [];

  add(kind: ViolationKind, text: string): void {
    this.total += 1;
    if (this.listed.length < violationsListedMax) this.listed.push({ kind, text });
  }
}

/** Decides whether all of `history` can have come from one append-only list; linear in its size. */
export function checkHistory(history: History): Verdict {
  const findings = new Findings();
  const list = mergeAll(history, findings);
  const positionOf = placeSends(history.sends, list, findings);
  checkAnswers(history.sends, positionOf, list, findings);
  const seenMs = firstSeen(history, list);
  checkNothingSeenEarly(history.sends, positionOf, seenMs, findings);
  checkFreshReads(history.reads, seenMs, findings);
  checkStreams(history, list.length - 1, findings);
  return { ok: findings.total === 0, total: findings.total, violations: findings.listed, length: list.length - 1 };
}

/** One line for a failure message: what is wrong, first things first. */
export function describeVerdict(verdict: Verdict): string {
  if (verdict.ok) return `one list of ${verdict.length} messages, nothing wrong`;
  const lines = verdict.violations.slice(0, 10).map((violation) => `${violation.kind}: ${violation.text}`);
  return `${verdict.total} violations in a list of ${verdict.length}:\n  ${lines.join('\n  ')}`;
}

/** Step 1: all final logs and all streams, merged by position. The result's index 0 is unused. */
function mergeAll(history: History, findings: Findings): (Entry | undefined)[] {
  const list: (Entry | undefined)[] = [undefined];
  const holder: string[] = [''];
  const merge = (who: string, entry: Entry): void => {
    const position = entry.position;
    if (!Number.isSafeInteger(position) || position < 1 || position > positionMax) {
      findings.add('invented', `${who} has ${show(entry)} at position ${position}`);
      return;
    }
    while (list.length <= position) {
      list.push(undefined);
      holder.push('');
    }
    const known = list[position];
    if (known === undefined) {
      list[position] = entry;
      holder[position] = who;
    } else if (known.slot !== entry.slot || known.text !== entry.text || known.author !== entry.author) {
      findings.add(
        'disagreement',
        `position ${position}: ${holder[position]} has ${show(known)}, ${who} has ${show(entry)}`,
      );
    }
  };
  for (const log of history.servers) for (const entry of log.entries) merge(`server ${log.server}`, entry);
  for (const stream of history.streams)
    for (const delivery of stream.deliveries) merge(`client ${stream.client}`, delivery);

  let slot = 0;
  for (let position = 1; position < list.length; position++) {
    const entry = list[position];
    if (entry === undefined) {
      findings.add('hole', `nobody holds position ${position} of ${list.length - 1}`);
      continue;
    }
    if (entry.slot < slot) findings.add('slot-order', `${show(entry)} at position ${position} follows slot ${slot}`);
    slot = Math.max(slot, entry.slot);
  }
  return list;
}

interface SessionOrder {
  /** The session's sends by rising seq. */
  readonly sends: Send[];
  next: number;
}

/**
 * Step 2: every entry was sent, once, and each session's entries rise by one. Returns the position of each send, by its
 * index; 0 for one that stands nowhere.
 */
function placeSends(sends: readonly Send[], list: readonly (Entry | undefined)[], findings: Findings): Int32Array {
  const byText = new Map<string, number>();
  const sessions = new Map<string, SessionOrder>();
  for (let index = 0; index < sends.length; index++) {
    const send = sends[index] as Send;
    byText.set(send.text, index);
    const session = sessions.get(send.session);
    if (session === undefined) sessions.set(send.session, { sends: [send], next: 0 });
    else session.sends.push(send);
  }
  if (byText.size < sends.length) findings.add('ambiguous', `${sends.length - byText.size} texts were sent twice`);
  for (const [name, session] of sessions) sortBySeq(name, session.sends, findings);

  const positionOf = new Int32Array(sends.length);
  for (let position = 1; position < list.length; position++) {
    const entry = list[position];
    if (entry === undefined) continue;
    const index = byText.get(entry.text) ?? -1;
    const send = sends[index];
    if (send === undefined || send.author !== entry.author) {
      findings.add('invented', `${show(entry)} at position ${position} was never sent by that author`);
    } else if (positionOf[index] !== 0) {
      findings.add('doubled', `${show(entry)} stands at position ${positionOf[index]} and again at ${position}`);
    } else {
      positionOf[index] = position;
      const session = sessions.get(send.session);
      if (session !== undefined) followSession(session, send, position, findings);
    }
  }
  return positionOf;
}

/** A refused message uses up its seq and never appears; any other one may only be missing at the session's end. */
function followSession(session: SessionOrder, send: Send, position: number, findings: Findings): void {
  let expected = session.sends[session.next];
  while (expected !== undefined && expected !== send && expected.outcome === 'no') {
    session.next += 1;
    expected = session.sends[session.next];
  }
  if (expected !== send) {
    const due = expected === undefined ? 'nothing more' : `seq ${expected.seq}`;
    findings.add('session-order', `position ${position} has seq ${send.seq} of ${send.session}, due was ${due}`);
  }
  if (expected !== undefined && send.seq >= expected.seq) session.next = session.sends.indexOf(send, session.next) + 1;
}

function sortBySeq(session: string, sends: Send[], findings: Findings): void {
  sends.sort((a, b) => a.seq - b.seq);
  for (let i = 1; i < sends.length; i++) {
    if (sends[i]?.seq === sends[i - 1]?.seq) findings.add('ambiguous', `${session} used seq ${sends[i]?.seq} twice`);
  }
}

/** Step 3: what was acknowledged stands where the answer said; what was answered "no" stands nowhere. */
function checkAnswers(
  sends: readonly Send[],
  positionOf: Int32Array,
  list: readonly (Entry | undefined)[],
  findings: Findings,
): void {
  for (let index = 0; index < sends.length; index++) {
    const send = sends[index] as Send;
    const position = positionOf[index] ?? 0;
    if (send.outcome === 'ok') {
      const slot = list[position]?.slot;
      if (position === 0) {
        findings.add('lost', `${showSend(send)} was acknowledged at position ${send.position} and is not there`);
      } else if (position !== send.position || slot !== send.slot) {
        const told = `position ${send.position}, slot ${send.slot}`;
        findings.add('misplaced', `${showSend(send)} was acknowledged at ${told}, stands at ${position}, slot ${slot}`);
      }
    } else if (send.outcome === 'no' && position !== 0) {
      findings.add('refused-but-present', `${showSend(send)} was answered "no" and stands at position ${position}`);
    }
  }
}

/**
 * Step 4a: by when somebody certainly knew the list up to each position: an acknowledgement, a delivery, a fresh read.
 * Whoever sees position p + 1 knows that p exists, hence the suffix minimum; the result never falls.
 */
function firstSeen(history: History, list: readonly (Entry | undefined)[]): Float64Array {
  const seenMs = new Float64Array(list.length).fill(Number.POSITIVE_INFINITY);
  const see = (position: number, atMs: number): void => {
    if (position >= 1 && position < seenMs.length && atMs < (seenMs[position] ?? 0)) seenMs[position] = atMs;
  };
  for (const send of history.sends) if (send.outcome === 'ok') see(send.position, send.ackMs);
  for (const stream of history.streams) for (const delivery of stream.deliveries) see(delivery.position, delivery.atMs);
  for (const read of history.reads) see(read.length, read.returnMs);
  for (let position = seenMs.length - 2; position >= 1; position--) see(position, seenMs[position + 1] ?? 0);
  return seenMs;
}

/** Step 4b: nobody can know a position before the message that stands there was sent. */
function checkNothingSeenEarly(
  sends: readonly Send[],
  positionOf: Int32Array,
  seenMs: Float64Array,
  findings: Findings,
): void {
  for (let index = 0; index < sends.length; index++) {
    const send = sends[index] as Send;
    const position = positionOf[index] ?? 0;
    const atMs = position === 0 ? Number.POSITIVE_INFINITY : (seenMs[position] ?? Number.POSITIVE_INFINITY);
    if (atMs < send.invokeMs) {
      findings.add(
        'future',
        `position ${position} was known at ${atMs} ms, ${showSend(send)} sent at ${send.invokeMs} ms`,
      );
    }
  }
}

/** Step 4c: a fresh read shows everything that anybody knew before it was asked, and nothing that does not exist. */
function checkFreshReads(reads: readonly FreshRead[], seenMs: Float64Array, findings: Findings): void {
  for (const read of reads) {
    let known = 0;
    let beyond = seenMs.length;
    while (beyond - known > 1) {
      const middle = (known + beyond) >>> 1;
      if ((seenMs[middle] ?? 0) < read.invokeMs) known = middle;
      else beyond = middle;
    }
    if (read.length < known) {
      findings.add(
        'stale-read',
        `${read.client} asked at ${read.invokeMs} ms, got ${read.length}, ${known} were known`,
      );
    } else if (read.length >= seenMs.length) {
      findings.add('invented', `${read.client} read ${read.length} messages of ${seenMs.length - 1}`);
    }
  }
}

/** Step 5: each stream rises by one from where it began, and reaches the end; so does every server's log, from 1. */
function checkStreams(history: History, end: number, findings: Findings): void {
  for (const stream of history.streams) {
    const start = stream.from ?? stream.deliveries[0]?.position ?? end + 1;
    checkRising(`client ${stream.client}`, stream.deliveries, start, stream.reachesEnd ? end : undefined, findings);
  }
  for (const log of history.servers) checkRising(`server ${log.server}`, log.entries, 1, end, findings);
}

function checkRising(
  who: string,
  entries: readonly Entry[],
  start: number,
  end: number | undefined,
  findings: Findings,
): void {
  let due = start;
  for (const entry of entries) {
    if (entry.position !== due) findings.add('stream-gap', `${who} has position ${entry.position}, due was ${due}`);
    due = entry.position + 1;
  }
  if (end !== undefined && due <= end) findings.add('stream-short', `${who} ends at ${due - 1}, the list at ${end}`);
}

function show(entry: Entry): string {
  return `<${entry.author}> ${JSON.stringify(entry.text)} (slot ${entry.slot})`;
}

function showSend(send: Send): string {
  return `${JSON.stringify(send.text)} (seq ${send.seq} of ${send.session})`;
}
