/** `synod status`: asks every server at once and prints the table; a server that is down keeps its row. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ExitError, exitCodes } from '../base/index.js';
import { askOnce } from '../client/index.js';
import type { Call } from './command.js';
import { jsonLine } from './events.js';
import { type KnownServer, knownCluster } from './members.js';
import { isSound, type Probe, type StatusView, statusLines, statusView, unasked } from './status-view.js';

/** A server that does not answer within this time is shown as down. */
const probeTimeoutMs = 1_000;
const watchEveryMs = 1_000;

export async function status(call: Call): Promise<number> {
  if (!call.options.has('watch')) return once(call);
  for (;;) {
    try {
      await once(call);
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      call.output.note(`${call.program}: ${error.message}`);
    }
    if (!(await pause(call.signal))) return exitCodes.ok;
  }
}

async function once(call: Call): Promise<number> {
  const view = await look(call);
  if (call.options.has('json')) call.output.line(jsonLine(view));
  else for (const line of statusLines(view)) call.output.line(line);
  if (view.servers.every(({ state }) => state === 'down')) {
    call.output.note(`${call.program}: no server answers. Are they running? Start them: synod server --id N`);
    return exitCodes.unreachable;
  }
  return call.options.has('strict') && !isSound(view) ? exitCodes.checkFailed : exitCodes.ok;
}

/** Asks the balancer who is there, then everyone at the same time, then those that only the answers named. */
async function look(call: Call): Promise<StatusView> {
  const { clusterId, size, servers } = await knownCluster(call);
  const probes = await Promise.all(servers.map(probe));
  const more = await Promise.all(unasked(probes).map(probe));
  return statusView([...probes, ...more], size, clusterId);
}

async function probe({ id, address }: KnownServer): Promise<Probe> {
  if (address === '') return { ok: false, id, address, reason: 'never seen by this balancer' };
  const answered = await askOnce({ address, timeoutMs: probeTimeoutMs }, async (operator) => {
    const [status, seats] = await Promise.all([operator.status(), operator.seats()]);
    return status.ok
      ? { ...status, answer: { status: status.answer, seats: seats.ok ? seats.answer : undefined } }
      : status;
  });
  if (!answered.ok) return { ok: false, id, address, reason: answered.text };
  return { ok: true, address, ...answered.answer, rttMs: answered.rttMs };
}

/** False when the wait was cut short by a signal. */
async function pause(signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(watchEveryMs, undefined, { signal });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
