/** `synod fault`: runs a script of faults on a proxy and shows its steps as they happen. */
import { readFileSync } from 'node:fs';
import { parse as parseToml } from 'smol-toml';
import { ExitError, exitCodes } from '../base/index.js';
import type { Call } from './command.js';
import { jsonLine } from './events.js';
import { UsageError } from './go-flags.js';
import { ProxyApi, proxyGone } from './proxy-api.js';
import { readCount } from './values.js';

export async function fault(call: Call): Promise<number> {
  const [verb = '', file, ...rest] = call.positionals;
  const api = ProxyApi.of(call);
  if (rest.length === 0 && verb === 'run' && file !== undefined) return run(call, api, file);
  if (verb === 'stop' && file === undefined) {
    await api.call('DELETE', '/timeline');
    call.output.note('stopped; its faults are gone');
    return exitCodes.ok;
  }
  if (verb === 'show' && file === undefined) {
    call.output.line(jsonLine((await api.call('GET', '/timeline')) as object));
    return exitCodes.ok;
  }
  throw new UsageError('what? One of: run FILE, stop, show');
}

async function run(call: Call, api: ProxyApi, file: string): Promise<number> {
  const script = readScript(file);
  const seedText = call.options.text('seed');
  const seed = seedText === undefined ? undefined : readCount('--seed', seedText);
  // The stream of events is opened first, so that the first step is not missed.
  const events = api.lines('/events?names=timeline,leader', call.signal);
  try {
    const first = events.next();
    const body = { script, ...(seed === undefined ? {} : { seed }) };
    const { timeline } = (await api.call('POST', '/timeline', body)) as { timeline: { timeline: number } };
    let startMs: number | undefined;
    for (let step = await first; step.done !== true; step = await events.next()) {
      const event = step.value;
      // What an earlier timeline still had to say, and what happened before this one began, are nobody's business.
      if (event.event === 'timeline' && event.timeline !== timeline.timeline) continue;
      if (event.event === 'timeline') startMs ??= event.t as number;
      if (startMs === undefined) continue;
      show(call, event, startMs);
      if (event.finished !== undefined || event.stopped !== undefined) return exitCodes.ok;
    }
    throw proxyGone();
  } catch (error) {
    if (!call.signal.aborted) throw error;
    await api.call('DELETE', '/timeline');
    call.output.note('stopped; its faults are gone');
    return exitCodes.ok;
  } finally {
    await events.return(undefined);
  }
}

function readScript(file: string): unknown {
  try {
    const text = readFileSync(file, 'utf8');
    const script: unknown = file.endsWith('.json') ? JSON.parse(text) : parseToml(text);
    refuseOddNumbers(script);
    return script;
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0];
    throw new ExitError(exitCodes.refused, 'BAD_SCRIPT', `${file}: ${reason}. Write TOML, or JSON in a .json file`);
  }
}

/** TOML has nan and inf, JSON has not: they would arrive as fields that are not there. */
function refuseOddNumbers(script: unknown): void {
  JSON.stringify(script, (name, value: unknown) => {
    if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`${name} is ${value}`);
    return value;
  });
}

/** Times are shown since the timeline began; `startMs` is when that was on the proxy's own clock. */
function show(call: Call, event: Readonly<Record<string, unknown>>, startMs: number): void {
  if (call.options.has('json')) {
    call.output.line(jsonLine(event));
    return;
  }
  const seconds = (((event.t as number) - startMs) / 1_000).toFixed(2).padStart(8);
  if (event.event === 'leader') call.output.line(`${seconds} s  server ${event.server} leads (${event.ballot})`);
  else if (event.started !== undefined)
    call.output.line(`${seconds} s  ${event.started}, seed ${event.seed}, ${event.steps} steps`);
  else if (event.step !== undefined) call.output.line(`${seconds} s  ${event.text}`);
  else call.output.line(`${seconds} s  ${event.finished === undefined ? 'stopped' : 'finished'}`);
}
