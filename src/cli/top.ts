/** `synod top`: a live table of all servers, every second; one table with --once or where there is no terminal. */
import { ExitError, exitCodes } from '../base/index.js';
import type { Call } from './command.js';
import { askFigures, type FiguresAnswer } from './figures.js';
import { LiveScreen } from './live-screen.js';
import { Lookout } from './lookout.js';
import { pause } from './status.js';
import { type StatusView, statusView } from './status-view.js';
import { type FiguresById, topLines, topRows } from './top-view.js';

const everyMs = 1_000;
const figuresTimeoutMs = 900;

interface Look {
  readonly view: StatusView;
  readonly figures: FiguresById;
  /** What went wrong, for the last line. */
  readonly trouble: string;
}

export async function top(call: Call): Promise<number> {
  const lookout = new Lookout(call);
  if (call.options.has('once') || process.stdout.isTTY !== true) return once(call, lookout);
  // Before the terminal is taken: a cluster that nobody can tell of is told in a line.
  let before = await look(lookout);
  const screen = new LiveScreen(process.stdout);
  try {
    screen.show(linesOf(before, new Map()));
    while (await pause(everyMs, call.signal)) {
      const now = await look(lookout);
      screen.show(linesOf(now, before.figures));
      before = now;
    }
  } finally {
    screen.close();
  }
  return exitCodes.ok;
}

/** Rates take two looks. */
async function once(call: Call, lookout: Lookout): Promise<number> {
  const before = await look(lookout);
  await pause(everyMs, call.signal);
  const now = await look(lookout);
  for (const line of topLines(now.view, topRows(now.view, now.figures, before.figures))) call.output.line(line);
  if (now.trouble !== '') call.output.note(`${call.program}: ${now.trouble}`);
  if (now.view.servers.some(({ state }) => state === 'up')) return exitCodes.ok;
  throw new ExitError(
    exitCodes.unreachable,
    'NO_SERVER',
    'no server answers. Are they running? Start them: synod server --id N',
  );
}

async function look(lookout: Lookout): Promise<Look> {
  const { probes, size, clusterId, blind } = await lookout.look();
  const figures = await Promise.all(
    probes.map(async (probe): Promise<[number, FiguresAnswer][]> => {
      if (!probe.ok) return [];
      const { serverId, http } = probe.status;
      return [[serverId, await askFigures(http, probe.address, figuresTimeoutMs)]];
    }),
  );
  return { view: statusView(probes, size, clusterId), figures: new Map(figures.flat()), trouble: blind };
}

function linesOf(now: Look, before: FiguresById): string[] {
  const title = `synod top · cluster ${now.view.cluster === '' ? '?' : now.view.cluster.slice(0, 8)} · Ctrl-C ends`;
  const table = topLines(now.view, topRows(now.view, now.figures, before));
  return [title, '', ...table, ...(now.trouble === '' ? [] : ['', now.trouble])];
}
