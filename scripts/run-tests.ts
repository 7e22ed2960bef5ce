/**
 * Runs the compiled test files, a few at a time, long ones first and whole clusters last, and ends in one line that
 * counts everything.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { type FileResult, TapFile } from './tap-file.js';

const usage = `Usage: node dist/scripts/run-tests.js [--root DIR] [--jobs N] [--timeout SECONDS] [FILTER…]

Runs every test/**/*.test.ts below DIR (default .) from DIR/dist; with FILTERs only those whose path contains one.
Those in test/long take minutes and run only with a FILTER.
`;

/** Beginnings of the paths of files that take longest, started first so that the end is not spent waiting for one. */
const longFirst = [
  ...['test/sim/', 'test/storage/', 'test/daemon/'],
  ...['test/long/operating', 'test/e2e/g1-to-g3', 'test/e2e/security', 'test/e2e/screen-chat', 'test/e2e/g'],
  ...[
    'test/long/redis-mirror',
    'test/long/g1-to-g3',
    'test/long/memory-only',
    'test/long/nemesis',
    'test/long/upgrade',
  ],
  ...['test/long/replace', 'test/long/emptied-disk', 'test/long/g', 'test/long/kill9', 'test/long/package'],
];
/** Files that mostly wait, for clocks, disks and sockets: one at a time goes beside those that compute. */
const waiting = [
  ...['attacks', 'decisions', 'emptied-disk', 'refusals', 'state-transfer'].map((name) => `test/daemon/${name}`),
  ...['test/cli/recover', 'test/net/tls', 'test/power/', 'test/proxy/engine/connections', 'test/redis/'],
];
/**
 * Files that start whole clusters: they come last, when nothing that only computes takes their cores, and one more of
 * them at a time, for they mostly wait too.
 */
const last = ['test/e2e/', 'test/long/'];
/** Whole clusters through many lives: only when a filter names them, as `.ci/run` does. */
const onlyByName = 'test/long/';

interface Options {
  root: string;
  jobs: number;
  timeoutS: number;
  readonly filters: string[];
}

function readOptions(args: readonly string[]): Options {
  const options: Options = { root: '.', jobs: 2, timeoutS: 240, filters: [] };
  const rest = [...args];
  const value = (flag: string): string => {
    const next = rest.shift();
    if (next === undefined) throw new Error(`${flag} needs a value`);
    return next;
  };
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--root') options.root = value(arg);
    else if (arg === '--jobs') options.jobs = Number(value(arg));
    else if (arg === '--timeout') options.timeoutS = Number(value(arg));
    else if (arg.startsWith('-')) throw new Error(`unknown option ${arg}`);
    else options.filters.push(arg);
  }
  if (!(options.jobs >= 1 && options.timeoutS > 0)) throw new Error('--jobs and --timeout take numbers above 0');
  return options;
}

/** Test sources, not compiled files: a file left in dist after its source went is not a test any more. */
function findTests(root: string): string[] {
  const folder = path.join(root, 'test');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'));
}

function rank(file: string): number {
  const place = longFirst.findIndex((beginning) => file.startsWith(beginning));
  return place === -1 ? longFirst.length : place;
}

function isOneOf(beginnings: readonly string[], file: string): boolean {
  return beginnings.some((beginning) => file.startsWith(beginning));
}

function runFile(file: string, options: Options): Promise<FileResult> {
  const compiled = path.join('dist', file.replace(/\.ts$/, '.js'));
  const tap = new TapFile();
  if (!existsSync(path.join(options.root, compiled))) {
    return Promise.resolve(tap.end({ code: null, signal: null, stderr: `${compiled} is missing: npm run build` }));
  }
  return new Promise((resolve) => {
    // Its own process group, so that whatever a stopped test had started goes with it.
    const child = spawn(process.execPath, ['--enable-source-maps', compiled], {
      cwd: options.root,
      detached: true,
      env: { ...process.env, TAP_TIMEOUT: String(options.timeoutS) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      endGroup(child.pid);
    }, options.timeoutS * 1000);
    child.stdout.on('data', (chunk: Buffer) => tap.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-20_000);
    });
    child.on('exit', () => endGroup(child.pid));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve(tap.end({ code, signal, stderr, ...(timedOut ? { timedOutAfterS: options.timeoutS } : {}) }));
    });
  });
}

/** Ends every process of a test file's group; that it is already gone is what we hope for. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function report(file: string, result: FileResult, seconds: number): void {
  const mark = result.failures.length === 0 ? 'ok    ' : 'FAILED';
  console.log(`${mark} ${seconds.toFixed(1).padStart(6)} s  ${file}  (${result.passed} passed)`);
  for (const failure of result.failures) {
    console.log(`  ${file}: ${failure.name}`);
    for (const line of failure.detail.split('\n')) if (line !== '') console.log(`    ${line}`);
  }
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const wanted = findTests(options.root).filter(
    (file) =>
      options.filters.some((filter) => file.includes(filter)) ||
      (options.filters.length === 0 && !file.startsWith(onlyByName)),
  );
  const inOrder = wanted.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const clusters = inOrder.filter((file) => isOneOf(last, file));
  const others = inOrder.filter((file) => !isOneOf(last, file));
  const beside = others.filter((file) => isOneOf(waiting, file));
  const computing = others.filter((file) => !isOneOf(waiting, file));

  let passed = 0;
  let skipped = 0;
  let failed = 0;
  /** Runs what the first queue that is not empty begins with, until all of them are. */
  const work = async (...queues: string[][]): Promise<void> => {
    const next = (): string | undefined => queues.find((queue) => queue.length > 0)?.shift();
    for (let file = next(); file !== undefined; file = next()) {
      const started = performance.now();
      const result = await runFile(file, options);
      passed += result.passed;
      skipped += result.skipped;
      failed += result.failures.length;
      report(file, result, (performance.now() - started) / 1000);
    }
  };
  const workers = Array.from({ length: options.jobs }, () => work(computing, beside));
  await Promise.all([work(beside), ...workers]);
  await Promise.all(Array.from({ length: options.jobs + 1 }, () => work(clusters)));
  if (wanted.length === 0) {
    console.log(`FAILED  no test file found${options.filters.length > 0 ? ` for ${options.filters.join(' ')}` : ''}`);
    failed++;
  }
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed === 0 ? 0 : 1;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exitCode = 2;
  },
);
