/** `synod bench report`: what earlier runs found, one as it was printed, or several side by side. */
import { readFileSync } from 'node:fs';
import { ExitError, exitCodes } from '../base/index.js';
import {
  type BenchResult,
  caveats,
  compare,
  comparisonLines,
  mixesLoops,
  NoResult,
  readResult,
  resultHtml,
  resultLines,
} from '../bench/index.js';
import { expectWritable, write } from './bench.js';
import type { Call } from './command.js';
import { jsonLine } from './events.js';
import { UsageError } from './go-flags.js';

/** More are no table any more. */
const runsMax = 8;

export async function benchReport(call: Call): Promise<number> {
  const { options, output, positionals: files } = call;
  if (files.length === 0) throw new UsageError('which results? Give files that bench run --out wrote');
  if (files.length > runsMax) throw new UsageError(`${files.length} results: give ${runsMax} at most`);
  const html = options.text('html');
  if (html !== undefined) expectWritable(html);
  const results = files.map(read);
  if (mixesLoops(results)) {
    const kinds = results.map(({ mode }, place) => `${files[place]} is ${mode}`).join(', ');
    throw new UsageError(
      `a closed and an open loop measure different things and never stand in one table (${kinds}): report them apart`,
    );
  }
  if (options.has('json')) output.line(jsonLine(comparisonObject(results, files)));
  else if (results.length === 1) for (const line of resultLines(results[0] as BenchResult)) output.line(line);
  else for (const line of comparisonLines(results, files)) output.line(line);
  if (html !== undefined) write(html, resultHtml(results, files));
  return exitCodes.ok;
}

function comparisonObject(results: readonly BenchResult[], files: readonly string[]): object {
  return {
    files,
    figures: compare(results).map(({ name, values, ratios }) => ({ name, values, ratios })),
    caveats: caveats(results, files),
  };
}

function read(file: string): BenchResult {
  try {
    return readResult(readFileSync(file, 'utf8'));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined && !(error instanceof NoResult)) throw error;
    const reason = error instanceof NoResult ? error.message : code === 'ENOENT' ? 'there is no such file' : code;
    const text = `${file}: ${reason}. Give a file that synod bench run --out (or --json) wrote`;
    throw new ExitError(exitCodes.refused, 'NO_RESULT', text);
  }
}
