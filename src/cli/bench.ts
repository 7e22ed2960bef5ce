/** `synod bench run`: a load on a cluster of its own or on one that is there, and what came of it. */
import { accessSync, constants, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ExitError, exitCodes, sanitise } from '../base/index.js';
import {
  type BenchResult,
  isSound,
  type LinkControl,
  type Progress,
  progressText,
  resultHtml,
  resultLines,
  runBench,
} from '../bench/index.js';
import { readBenchOptions } from './bench-options.js';
import type { Call } from './command.js';
import { withoutOptions } from './config/variables.js';
import { jsonLine } from './events.js';
import { ownCommand, ownProgram } from './own-command.js';
import { ProxyApi } from './proxy-api.js';
import { packageFolder, version } from './version.js';

export async function benchRun(call: Call): Promise<number> {
  const { options, output } = call;
  const files = ['out', 'html'].flatMap((name) => options.text(name) ?? []);
  for (const file of files) expectWritable(file);
  const isJson = options.has('json');
  const isWatched = process.stderr.isTTY === true && !isJson;
  const request = await readBenchOptions(call);
  if (isWatched && request.cluster.kind === 'own') {
    output.note(`starting a balancer and ${request.cluster.servers} servers …`);
  }
  const result = await runBench(request, {
    signal: call.signal,
    program: ownProgram(),
    environment: withoutOptions(call.environment),
    calledAs: ownCommand(),
    version,
    packageFolder,
    links: linkControl,
    note: output.note,
    onProgress: (progress: Progress) => {
      if (isWatched) output.note(progressText(progress));
    },
  });
  if (isJson) output.line(jsonLine(result));
  else for (const line of resultLines(result)) output.line(line);
  const out = options.text('out');
  if (out !== undefined) write(out, `${JSON.stringify(result)}\n`);
  const html = options.text('html');
  if (html !== undefined) write(html, resultHtml([result], ['this run']));
  return exitCode(call, result);
}

function exitCode({ output, program }: Call, result: BenchResult): number {
  const { history, slo } = result;
  if (!isSound(result)) {
    const held = `${history.acknowledged} acknowledged, ${history.unknown} unknown, the rooms hold ${history.posts}`;
    output.note(`${program}: the history is ${history.state} (${held}): please report it, with the data (--keep)`);
  }
  const missed = slo.filter(({ met }) => !met).map(({ objective }) => objective);
  if (missed.length > 0) output.note(sanitise(`${program}: missed ${missed.join(', ')}`));
  return isSound(result) && missed.length === 0 ? exitCodes.ok : exitCodes.checkFailed;
}

/** The rules of the fault proxy whose control API is at `api`. */
function linkControl(api: string): LinkControl {
  const proxy = new ProxyApi(api);
  return {
    set: async (bodies) => {
      const { rules } = (await proxy.call('POST', '/rules', bodies)) as { rules: { id: string }[] };
      return rules.map(({ id }) => id);
    },
    remove: async (rules) => {
      for (const rule of rules) await proxy.call('DELETE', `/rules/${encodeURIComponent(rule)}`);
    },
  };
}

/** Said before the run: after it the figures would be lost. */
export function expectWritable(file: string): void {
  try {
    accessSync(path.dirname(path.resolve(file)), constants.W_OK);
  } catch (error) {
    throw cannotWrite(file, error);
  }
}

export function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw cannotWrite(file, error);
  }
}

function cannotWrite(file: string, error: unknown): ExitError {
  const reason = (error as NodeJS.ErrnoException).code ?? String(error);
  const text = `cannot write ${file} (${reason}). Name a file in a folder that exists and is yours`;
  return new ExitError(exitCodes.refused, 'CANNOT_WRITE', text);
}
