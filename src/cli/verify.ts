/** `synod verify`: the state hash of every server at one slot that all have applied; they must be equal. */
import { ExitError, exitCodes, renderTable, sanitise } from '../base/index.js';
import { type Operator, openOperator } from '../client/index.js';
import type { Call } from './command.js';
import { jsonLine } from './events.js';
import { knownCluster } from './members.js';
import { readDurationMs } from './values.js';

/** The servers go on applying while they are asked, so that a common slot may take a few rounds to find. */
const roundsMax = 8;

/** One server's hash at the slot compared, hexadecimal; null when it could not be asked. */
export interface HashRow {
  readonly id: number;
  readonly address: string;
  readonly hash: string | null;
  readonly note: string;
}

export interface Verdict {
  readonly ok: boolean;
  readonly comparedThrough: number;
  readonly servers: readonly HashRow[];
}

/** What a server answers to "your hash at this slot?" (0: at what you have applied). */
export type AskHash = (
  slot: number,
) => Promise<
  | { readonly ok: true; readonly slot: number; readonly hash: Uint8Array; readonly nearest: number }
  | { readonly ok: false; readonly reason: string }
>;

/** A server to compare. */
export interface Comparable {
  readonly id: number;
  readonly address: string;
  readonly ask: AskHash;
}

export async function verify(call: Call): Promise<number> {
  const timeoutMs = readDurationMs('--timeout', call.options.text('timeout') ?? '');
  const { servers } = await knownCluster(call);
  const opened = await Promise.all(
    servers.map(async ({ id, address }) => ({ id, address, connection: await openOperator({ address, timeoutMs }) })),
  );
  const operators = opened.flatMap(({ connection }) => (connection.ok ? [connection.answer] : []));
  try {
    const verdict = await compare(
      opened.map(({ id, address, connection }) => {
        if (connection.ok) return { id: connection.answer.serverId, address, ask: asker(connection.answer) };
        return { id, address, ask: async () => ({ ok: false, reason: connection.text }) };
      }),
    );
    return print(call, verdict);
  } finally {
    for (const operator of operators) operator.close();
  }
}

/**
 * Finds the highest slot at which all reachable servers know their hash, and compares.
 *
 * @throws ExitError (5) when no common slot is found, (4) when nobody answers.
 */
export async function compare(servers: readonly Comparable[]): Promise<Verdict> {
  let slot = 0;
  for (let round = 0; round < roundsMax; round++) {
    const answers = await Promise.all(servers.map((server) => server.ask(slot)));
    const known = answers.flatMap((answer) => (answer.ok ? [answer] : []));
    if (known.length === 0) {
      const reasons = answers.flatMap((answer) => (answer.ok ? [] : [answer.reason])).join('; ');
      throw new ExitError(exitCodes.unreachable, 'NO_SERVER', `no server answers (${reasons}). Are they running?`);
    }
    const slots = known.map((answer) => (answer.slot > 0 || slot === 0 ? answer.slot : answer.nearest));
    const lowest = Math.min(...slots);
    if (slots.every((at) => at === lowest) && known.every((answer) => answer.slot === lowest)) {
      const rows = servers.map((server, index) => hashRow(server, answers[index] as Awaited<ReturnType<AskHash>>));
      const hashes = new Set(rows.flatMap((row) => (row.hash === null ? [] : [row.hash])));
      return { ok: hashes.size === 1 && known.length === servers.length, comparedThrough: lowest, servers: rows };
    }
    if (lowest === 0) break;
    slot = lowest;
  }
  const text = 'found no slot that all servers have applied and remember; try again when they have caught up';
  throw new ExitError(exitCodes.unknown, 'NO_COMMON_SLOT', text);
}

function hashRow(server: Comparable, answer: Awaited<ReturnType<AskHash>>): HashRow {
  const { id, address } = server;
  if (!answer.ok) return { id, address, hash: null, note: answer.reason };
  return { id, address, hash: Buffer.from(answer.hash).toString('hex'), note: '' };
}

function asker(operator: Operator): AskHash {
  return async (slot) => {
    const answered = await operator.verify(slot);
    if (!answered.ok) return { ok: false, reason: answered.text };
    const { slot: at, hash, nearest } = answered.answer;
    return { ok: true, slot: at, hash, nearest };
  };
}

function print(call: Call, verdict: Verdict): number {
  const { ok, comparedThrough, servers } = verdict;
  if (call.options.has('json')) call.output.line(jsonLine(verdict));
  else {
    const columns = [
      { title: 'ID', cell: (row: HashRow) => (row.id === 0 ? '?' : `s${row.id}`) },
      { title: 'HASH', cell: (row: HashRow) => row.hash ?? '-' },
      { title: 'NOTE', cell: (row: HashRow) => sanitise(row.note) },
    ];
    for (const line of renderTable(columns, servers)) call.output.line(line);
  }
  const missing = servers.filter((server) => server.hash === null);
  const differ = new Set(servers.flatMap((server) => (server.hash === null ? [] : [server.hash]))).size > 1;
  if (ok && !call.options.has('json'))
    call.output.line(`all ${servers.length} are equal through slot ${comparedThrough}`);
  if (differ) {
    call.output.note(
      `${call.program}: the servers DIFFER at slot ${comparedThrough}. Stop writing, and keep all data directories`,
    );
    return exitCodes.checkFailed;
  }
  if (missing.length === 0) return exitCodes.ok;
  const names = missing.map((server) => (server.id === 0 ? server.address : `s${server.id}`)).join(', ');
  call.output.note(
    `${call.program}: ${names} could not be compared; the others are equal through slot ${comparedThrough}`,
  );
  return exitCodes.unreachable;
}
