/** Makes good chat histories from a seed, and plants a named wrong into a copy of one: the checker's own test data. */
import type { Prng } from '../../src/base/prng.js';
import type { Delivery, Entry, FreshRead, History, Send, ServerLog, Stream } from './history.js';

export interface HistoryShape {
  readonly clients: number;
  readonly sends: number;
  readonly servers: number;
  readonly reads: number;
  /** Of 100 sends, how many are refused and how many are never answered. */
  readonly refusedPercent: number;
  readonly unknownPercent: number;
}

export const smallShape: HistoryShape = {
  clients: 4,
  sends: 60,
  servers: 3,
  reads: 8,
  refusedPercent: 5,
  unknownPercent: 5,
};

/** Runs a perfect chat: every send takes effect at one instant between its invocation and its answer. */
export function makeGoodHistory(random: Prng, shape: HistoryShape): History {
  const entries: Entry[] = [];
  const appliedMs: number[] = [];
  const sends: Send[] = [];
  const lives = new Array<number>(shape.clients).fill(1);
  const seqs = new Array<number>(shape.clients).fill(0);
  const reads: FreshRead[] = [];
  let nowMs = 1000;
  let slot = 2;
  for (let i = 0; i < shape.sends; i++) {
    nowMs += random.below(5);
    slot += random.below(3);
    const client = random.below(shape.clients);
    const seq = (seqs[client] ?? 0) + 1;
    seqs[client] = seq;
    const dice = random.below(100);
    const base = {
      session: `c${client}.${lives[client]}`,
      seq,
      author: `c${client}`,
      text: `c${client}.${lives[client]}-${seq}`,
      invokeMs: nowMs - random.below(20),
    };
    if (dice < shape.refusedPercent) {
      sends.push({ ...base, outcome: 'no', ackMs: Number.POSITIVE_INFINITY, position: 0, slot: 0 });
      continue;
    }
    const unanswered = dice < shape.refusedPercent + shape.unknownPercent;
    if (unanswered) {
      // The client gives this life up; its next line goes under a new session.
      lives[client] = (lives[client] ?? 0) + 1;
      seqs[client] = 0;
    }
    if (unanswered && random.below(2) === 0) {
      sends.push({ ...base, outcome: 'unknown', ackMs: Number.POSITIVE_INFINITY, position: 0, slot: 0 });
      continue;
    }
    entries.push({ position: entries.length + 1, slot, author: base.author, text: base.text });
    appliedMs.push(nowMs);
    if (unanswered) {
      sends.push({ ...base, outcome: 'unknown', ackMs: Number.POSITIVE_INFINITY, position: 0, slot: 0 });
    } else {
      sends.push({ ...base, outcome: 'ok', ackMs: nowMs + random.below(30), position: entries.length, slot });
    }
    if (random.below(shape.sends) < shape.reads) {
      reads.push({ client: 'reader', invokeMs: nowMs, returnMs: nowMs + random.below(10), length: entries.length });
    }
  }
  const streams: Stream[] = [];
  for (let client = 0; client < shape.clients; client++) {
    const from = 1 + random.below(Math.max(1, entries.length >>> 1));
    let lastMs = 0;
    const deliveries: Delivery[] = entries.slice(from - 1).map((entry, index) => {
      lastMs = Math.max(lastMs, (appliedMs[from - 1 + index] ?? 0) + random.below(40));
      return { ...entry, atMs: lastMs };
    });
    streams.push({ client: `c${client}`, from, deliveries, reachesEnd: true });
  }
  const servers: ServerLog[] = [];
  for (let server = 1; server <= shape.servers; server++)
    servers.push({ server: String(server), entries: [...entries] });
  return { servers, streams, sends, reads };
}

/** The wrongs that can be planted, each with the kinds of violation of which at least one must be found. */
export const plantable = {
  swap: ['disagreement'],
  swapAgreed: ['misplaced'],
  loss: ['lost'],
  stale: ['stale-read'],
  duplicate: ['doubled'],
  future: ['future'],
  refusedButPresent: ['refused-but-present'],
  invented: ['invented'],
  gap: ['stream-gap'],
  short: ['stream-short'],
  slotMoved: ['misplaced', 'disagreement'],
} as const;

export type Plant = keyof typeof plantable;

/** A copy of `history` with one wrong in it, or undefined when there is no place for it. */
export function plant(history: History, what: Plant, random: Prng): History | undefined {
  const list = history.servers[0]?.entries ?? [];
  const acked = history.sends.filter((send) => send.outcome === 'ok');
  const pick = <T>(items: readonly T[]): T | undefined => items[random.below(Math.max(1, items.length))];
  switch (what) {
    case 'swap': {
      // One client is shown two neighbours the other way round, in otherwise perfect numbering.
      const stream = pick(history.streams);
      if (stream === undefined || stream.deliveries.length < 2) return undefined;
      const at = random.below(stream.deliveries.length - 1);
      const [a, b] = [stream.deliveries[at], stream.deliveries[at + 1]];
      if (a === undefined || b === undefined) return undefined;
      const deliveries = [...stream.deliveries];
      deliveries[at] = { ...a, author: b.author, text: b.text };
      deliveries[at + 1] = { ...b, author: a.author, text: a.text };
      return { ...history, streams: history.streams.map((s) => (s === stream ? { ...s, deliveries } : s)) };
    }
    case 'swapAgreed': {
      // Everybody agrees, but not on the order in which the two were acknowledged.
      const at = list.findIndex((entry) => acked.some((send) => send.text === entry.text));
      const [a, b] = [list[at], list[at + 1]];
      if (a === undefined || b === undefined) return undefined;
      return rebuild(history, [...list.slice(0, at), b, a, ...list.slice(at + 2)]);
    }
    case 'loss': {
      const victim = pick(acked);
      if (victim === undefined) return undefined;
      return rebuild(
        history,
        list.filter((entry) => entry.text !== victim.text),
      );
    }
    case 'duplicate': {
      const victim = pick(list);
      if (victim === undefined) return undefined;
      return rebuild(history, [...list, victim]);
    }
    case 'refusedButPresent': {
      const refused = pick(history.sends.filter((send) => send.outcome === 'no'));
      if (refused === undefined) return undefined;
      return rebuild(history, [...list, { position: 0, slot: 0, author: refused.author, text: refused.text }]);
    }
    case 'invented':
      return rebuild(history, [...list, { position: 0, slot: 0, author: 'nobody', text: 'never sent' }]);
    case 'stale': {
      // A read asked after everything was known, that shows all but the last message.
      const lastMs = Math.max(...history.streams.flatMap((s) => s.deliveries.map((delivery) => delivery.atMs)), 0);
      if (!Number.isFinite(lastMs) || lastMs === 0) return undefined;
      const read = { client: 'stale', invokeMs: lastMs + 1, returnMs: lastMs + 2, length: list.length - 1 };
      return { ...history, reads: [...history.reads, read] };
    }
    case 'future': {
      const victim = pick(acked);
      if (victim === undefined) return undefined;
      const sends = history.sends.map((send) => (send === victim ? { ...send, invokeMs: victim.ackMs + 1 } : send));
      return { ...history, sends };
    }
    case 'gap': {
      const stream = history.streams.find((candidate) => candidate.deliveries.length > 2);
      if (stream === undefined) return undefined;
      const at = 1 + random.below(stream.deliveries.length - 2);
      const deliveries = stream.deliveries.filter((_, index) => index !== at);
      return { ...history, streams: history.streams.map((s) => (s === stream ? { ...s, deliveries } : s)) };
    }
    case 'short': {
      const log = pick(history.servers);
      if (log === undefined || list.length === 0) return undefined;
      const servers = history.servers.map((s) => (s === log ? { ...s, entries: s.entries.slice(0, -1) } : s));
      return { ...history, servers };
    }
    case 'slotMoved': {
      const victim = pick(acked);
      if (victim === undefined) return undefined;
      const sends = history.sends.map((send) => (send === victim ? { ...send, slot: send.slot + 1 } : send));
      return { ...history, sends };
    }
  }
}

/** Everybody agrees on `texts` as the list, numbered anew; what was acknowledged stays as it was. */
function rebuild(history: History, texts: readonly Entry[]): History {
  let slot = 0;
  const entries = texts.map((entry, index) => {
    slot = Math.max(slot, entry.slot);
    return { ...entry, slot, position: index + 1 };
  });
  const servers = history.servers.map((log) => ({ ...log, entries }));
  const streams = history.streams.map((stream) => {
    const lastMs = stream.deliveries[stream.deliveries.length - 1]?.atMs ?? 0;
    const deliveries = entries
      .slice((stream.from ?? 1) - 1)
      .map((entry, index) => ({ ...entry, atMs: stream.deliveries[index]?.atMs ?? lastMs }));
    return { ...stream, deliveries };
  });
  return { ...history, servers, streams, reads: [] };
}
