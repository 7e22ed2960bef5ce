/** `synod status`: asks every server at once and prints the table; a server that is down keeps its row. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ExitError, exitCodes } from '../base/index.js';
import type { Call } from './command.js';
import { jsonLine } from './events.js';
import { Lookout } from './lookout.js';
import { isSound, statusLines, statusView } from './status-view.js';

const watchEveryMs = 1_000;

export async function status(call: Call): Promise<number> {
  const lookout = new Lookout(call);
  if (!call.options.has('watch')) return once(call, lookout);
  for (;;) {
    try {
      await once(call, lookout);
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      call.output.note(`${call.program}: ${error.message}`);
    }
    if (!(await pause(watchEveryMs, call.signal))) return exitCodes.ok;
  }
}

async function once(call: Call, lookout: Lookout): Promise<number> {
  const { probes, size, clusterId, blind } = await lookout.look();
  const view = statusView(probes, size, clusterId);
  if (call.options.has('json')) call.output.line(jsonLine(view));
  else for (const line of statusLines(view)) call.output.line(line);
  if (blind !== '') call.output.note(`${call.program}: ${blind}`);
  if (view.servers.every(({ state }) => state === 'down')) {
    call.output.note(`${call.program}: no server answers. Are they running? Start them: synod server --id N`);
    return exitCodes.unreachable;
  }
  return call.options.has('strict') && !isSound(view) ? exitCodes.checkFailed : exitCodes.ok;
}

/** False when the wait was cut short by the signal. */
export async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
