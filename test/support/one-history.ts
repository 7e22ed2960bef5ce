/** Collects what clients and servers saw of a room and has the linear checker judge it. */
import {
  checkHistory,
  describeVerdict,
  type FreshRead,
  type Send,
  type ServerLog,
  type Stream,
  type Verdict,
} from '../checkers/history.js';
import type { Talker } from './talker.js';
import { nowMs, until } from './until.js';

/** Servers whose rooms can be read: a cluster, or whatever else runs some. */
export interface Readable {
  /** Servers that are up. */
  readonly upIds: readonly number[];
  /** A fresh read of the whole room from one of them; `read` undefined: it promises nothing. */
  tail(id: number, room: string): Promise<{ readonly log: ServerLog; readonly read: FreshRead | undefined }>;
}

export interface Parties {
  /** Clients that are connected to the end, so that each must have been shown everything. */
  readonly watching: readonly Talker[];
  /** Clients that ended or were cut off on the way. */
  readonly gone?: readonly Talker[];
  readonly room?: string;
  /** Lines that other programs said and whose fate is not known. */
  readonly strays?: readonly { readonly author: string; readonly text: string }[];
  /** Fresh reads made on the way. */
  readonly reads?: readonly FreshRead[];
  /** Servers keep the end of the history only: what they have must fit, wherever it begins. */
  readonly trimmed?: boolean;
}

/** As {@link judgeHistory}, but throws with the violations; returns the verdict of a good history. */
export async function expectOneHistory(cluster: Readable, parties: Parties): Promise<Verdict> {
  const verdict = await judgeHistory(cluster, parties);
  if (!verdict.ok) throw new Error(describeVerdict(verdict));
  return verdict;
}

/**
 * Waits until the longest stream has reached every watching client, reads the room's history from every server that
 * is up, and has the checker judge all of it.
 */
export async function judgeHistory(cluster: Readable, parties: Parties): Promise<Verdict> {
  const room = parties.room ?? '#lobby';
  const gone = parties.gone ?? [];
  const clients = [...parties.watching, ...gone];
  const strays = (parties.strays ?? []).map(({ author, text }): Send => {
    const never = { invokeMs: 0, ackMs: Number.POSITIVE_INFINITY, position: 0, slot: 0 };
    return { session: `stray ${author}`, seq: 1, author, text, outcome: 'unknown', ...never };
  });
  const sends = clients.flatMap((client) => client.sends()).concat(strays);
  const acked = sends.reduce((last, { outcome, position }) => (outcome === 'ok' ? Math.max(last, position) : last), 0);
  const head = (): number => Math.max(acked, ...clients.map((client) => client.lastShown));
  await until(
    'all clients to be shown the whole room',
    20_000,
    () => parties.watching.every((client) => client.lastShown === head()),
    () => `head ${head()}\n${parties.watching.map((client) => client.describe()).join('\n')}`,
  );
  const tails = await Promise.all(cluster.upIds.map((id) => cluster.tail(id, room)));
  const servers = tails.map(({ log }) => log);
  const reads = tails.flatMap(({ read }) => (read === undefined ? [] : [read])).concat(parties.reads ?? []);
  const streams = [
    ...parties.watching.map((client) => client.stream(room, true)),
    ...gone.map((client) => client.stream(room, false)),
    ...(parties.trimmed === true ? servers.map(streamOf) : []),
  ];
  for (const client of clients) {
    if (client.strangeLines.length > 0) throw new Error(`${client.name} printed no JSON: ${client.strangeLines[0]}`);
  }
  return checkHistory({ servers: parties.trimmed === true ? [] : servers, streams, sends, reads });
}

/** A log that begins somewhere and reaches the end, as a stream that was shown just now. */
function streamOf({ server, entries }: ServerLog): Stream {
  const atMs = nowMs();
  const deliveries = entries.map((entry) => ({ ...entry, atMs }));
  return { client: `server ${server}`, from: undefined, deliveries, reachesEnd: true };
}
