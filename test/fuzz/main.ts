/** `npm run fuzz`: parsers alone or sockets of a live cluster; exit 0 if everything held, 1 if not, 2 for usage. */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { endWhenNobodyReads } from '../../src/cli/broken-pipe.js';
import { saveInput } from './corpus.js';
import type { TargetReport, ThreadOptions, ThreadReport } from './fuzz-thread.js';
import { SharedProgress } from './shared.js';
import { targets } from './targets/index.js';

endWhenNobodyReads((code) => process.exit(code));

const usage = `Usage: npm run fuzz -- [--minutes M] [--seed S] [--only NAME,…] [--replay FILE] [--keep]

Reads changed, spliced and made-up bytes with every parser of bytes from outside, guided by code coverage.
  --minutes M    how long (default 1)
  --seed S       default: a random one, printed first
  --only NAMES   these targets only: ${targets.map(({ name }) => name).join(', ')}
  --replay FILE  reads one input again with the target named by --only
  --keep         adds inputs that reached something new to test/fuzz/corpus

Example: npm run fuzz -- --minutes 10 --only wal,identity`;

/** A thread that reads one input for so much of the processor's time hangs; a busy machine alone proves nothing. */
const hangCpuMs = 20_000;
const watchEveryMs = 1_000;
const heapMiBMax = 512;
/** Of a target's new inputs, the shortest so many are kept. */
const keptMax = 12;
const keptBytesMax = 2_000;
const findingsFolder = 'fuzz-findings';

interface Arguments extends Omit<ThreadOptions, 'buffer'> {
  readonly replay: string | undefined;
  readonly keep: boolean;
}

/** @throws Error that says what is wrong with the arguments. */
function readArguments(argv: readonly string[]): Arguments | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string', default: String(randomInt(1_000_000)) },
      only: { type: 'string', default: '' },
      replay: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return 'help';
  const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
  if (!(minutes > 0)) throw new Error(`--minutes must be above 0, not "${values.minutes}"`);
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`--seed must be a whole number, not "${values.seed}"`);
  const only = values.only === '' ? [] : values.only.split(',');
  const unknown = only.find((name) => !targets.some((target) => target.name === name));
  if (unknown !== undefined) throw new Error(`--only: there is no target "${unknown}"`);
  if (values.replay !== undefined && only.length !== 1) throw new Error('--replay needs --only with one target');
  return { minutes, seed, only, replay: values.replay, keep: values.keep };
}

async function replay(name: string, file: string): Promise<void> {
  const target = targets.find((candidate) => candidate.name === name);
  const startMs = performance.now();
  const answer = await target?.read(readFileSync(file));
  console.log(`${name}: ${answer} in ${(performance.now() - startMs).toFixed(1)} ms`);
}

/** Runs the thread and watches it; resolves with its last report and whatever ended it early. */
function runThread(options: Omit<ThreadOptions, 'buffer'>): Promise<{ report: ThreadReport; trouble: string }> {
  const shared = new SharedProgress();
  let report: ThreadReport = { targets: [], blocks: 0, rssMiB: 0, done: false };
  return new Promise((resolve) => {
    const worker = new Worker(new URL('./fuzz-thread.js', import.meta.url), {
      workerData: { ...options, buffer: shared.buffer } satisfies ThreadOptions,
      resourceLimits: { maxOldGenerationSizeMb: heapMiBMax },
    });
    const lastInput = (): string => {
      const { target, input } = shared.last;
      const name = targets[target]?.name ?? 'unknown';
      return `${name}; the input is in ${saveInput(name, input, findingsFolder)}`;
    };
    const end = (trouble: string): void => {
      clearInterval(watch);
      resolve({ report, trouble });
    };
    let lastCount = shared.count;
    let since = process.cpuUsage();
    const watch = setInterval(() => {
      if (shared.count !== lastCount) {
        lastCount = shared.count;
        since = process.cpuUsage();
        return;
      }
      const { user, system } = process.cpuUsage(since);
      if (user + system < hangCpuMs * 1000) return;
      end(`nothing was read for ${hangCpuMs / 1000} s of processor time: ${lastInput()}`);
      worker.terminate().catch((error: unknown) => console.error(error));
    }, watchEveryMs);
    worker.on('message', (message: ThreadReport) => {
      report = message;
      process.stderr.write(`\r${totalOf(report).toLocaleString('en')} inputs, ${report.blocks} blocks   `);
      if (report.done) end('');
    });
    worker.on('error', (error) => end(`${error.stack ?? String(error)}\nwhile reading ${lastInput()}`));
  });
}

function totalOf(report: ThreadReport): number {
  return report.targets.reduce((sum, { inputs }) => sum + inputs, 0);
}

function tableRow({ name, inputs, spentMs, slowestMs, answers, interesting, findings }: TargetReport): string {
  const rate = Math.round((inputs / Math.max(1, spentMs)) * 1000);
  const cells = [
    inputs.toLocaleString('en'),
    rate.toLocaleString('en'),
    slowestMs.toFixed(0),
    answers,
    interesting.length,
    findings.length,
  ];
  return `| ${name} | ${cells.join(' | ')} |`;
}

function keepInputs({ name, interesting }: TargetReport): void {
  const short = interesting.filter(({ length }) => length <= keptBytesMax).sort((a, b) => a.length - b.length);
  const step = Math.max(1, Math.floor(short.length / keptMax));
  for (let at = 0, kept = 0; at < short.length && kept < keptMax; at += step, kept++) {
    saveInput(name, Buffer.from(short[at] as Uint8Array));
  }
}

async function fuzz(options: Arguments): Promise<number> {
  console.log(`seed ${options.seed}, ${options.minutes} minutes`);
  const startMs = performance.now();
  const { report, trouble } = await runThread(options);
  process.stderr.write('\n');
  console.log('| target | inputs | a second | slowest ms | answers | new | findings |');
  console.log('|---|---|---|---|---|---|---|');
  for (const target of report.targets) console.log(tableRow(target));
  const found = report.targets.flatMap(({ name, findings }) => findings.map((finding) => ({ name, ...finding })));
  for (const { name, input, what } of found) {
    const file = saveInput(name, Buffer.from(input), findingsFolder);
    console.log(`\nFINDING ${name}: npm run fuzz -- --only ${name} --replay ${file}\n${what}`);
  }
  if (options.keep) for (const target of report.targets) keepInputs(target);
  const minutes = (performance.now() - startMs) / 60_000;
  console.log(
    `\n${totalOf(report).toLocaleString('en')} inputs in ${minutes.toFixed(1)} min, ${report.blocks} blocks reached, ` +
      `RSS at most ${report.rssMiB.toFixed(0)} MiB, ${found.length} findings`,
  );
  if (trouble !== '') console.log(`\nFINDING ${trouble}`);
  return found.length === 0 && trouble === '' ? 0 : 1;
}

async function main(): Promise<number> {
  try {
    const options = readArguments(process.argv.slice(2));
    if (options === 'help') console.log(usage);
    else if (options.replay !== undefined) await replay(options.only[0] ?? '', options.replay);
    else return await fuzz(options);
    return 0;
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
}

process.exitCode = await main();
