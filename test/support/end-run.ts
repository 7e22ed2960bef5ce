/** The end of a run under load: all comes to rest, is judged and stopped in order; the logs on disk are compared. */
import type { FreshRead, Verdict } from '../checkers/history.js';
import { checkSlots, type SlotVerdict } from '../checkers/slots.js';
import type { Cluster } from './cluster.js';
import type { Load } from './load.js';
import { dumpSlots } from './log-dump.js';
import { judgeHistory } from './one-history.js';
import type { Talker } from './talker.js';

export interface RunEnd {
  /** What the linear checker says of everything that clients and servers saw. */
  readonly verdict: Verdict;
  /** Lines that were not acknowledged in the end. */
  readonly unacknowledged: number;
  /** One value per slot in the logs of all servers. */
  readonly slots: SlotVerdict;
  /** How the clients, at the end of their input, and the servers, by SIGTERM, ended. */
  readonly exitCodes: Readonly<Record<string, number | undefined>>;
}

/** Throws when something does not come to rest in time; `drainDeadlineMs` is for the last lines. */
export async function endRun(
  cluster: Cluster,
  clients: readonly Talker[],
  load: Load,
  reads: readonly FreshRead[],
  drainDeadlineMs: number,
): Promise<RunEnd> {
  await load.drain(drainDeadlineMs);
  await cluster.waitForAgreement();
  const verdict = await judgeHistory(cluster, { watching: clients, reads });
  const unacknowledged = clients.flatMap((client) => client.sends()).filter(({ outcome }) => outcome !== 'ok').length;
  const exitCodes: Record<string, number | undefined> = {};
  for (const client of clients) exitCodes[client.name] = await client.finish();
  const exits = await Promise.all(cluster.ids.map((id) => cluster.stopServer(id)));
  for (const [index, { code }] of exits.entries()) exitCodes[`server ${cluster.ids[index]}`] = code;
  const logs = await Promise.all(cluster.ids.map((id) => dumpSlots(String(id), cluster.dataDir(id))));
  return { verdict, unacknowledged, slots: checkSlots(logs), exitCodes };
}
