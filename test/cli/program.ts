/** Runs the program as its users do: a process with arguments, input and a home of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bareEnvironment } from '../support/bare-environment.js';

const main = new URL('../../src/cli/main.js', import.meta.url);

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** Everything printed so far. */
  readonly out: () => string;
  readonly err: () => string;
  readonly finished: Promise<Finished>;
}

/**
 * Starts `program` (synod or an old spelling). `home` keeps the identity away from the real one; it has no
 * configuration unless `environment` names one.
 */
export function start(
  program: string,
  args: readonly string[],
  home: string,
  cwd = home,
  environment: NodeJS.ProcessEnv = {},
): Running {
  mkdirSync(cwd, { recursive: true });
  const call = `await run(${JSON.stringify(program)}, process.argv.slice(1));`;
  const code = `const { run } = await import(${JSON.stringify(main.href)}); ${call}`;
  const entry = program === 'synod' ? [fileURLToPath(main)] : ['--input-type=module', '-e', code, '--'];
  const child = spawn(process.execPath, [...entry, ...args], {
    cwd,
    env: { ...bareEnvironment, XDG_CONFIG_HOME: home, TMPDIR: cwd, USER: 'tester', TZ: 'UTC', ...environment },
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const finished = new Promise<Finished>((resolve) => {
    child.on('close', (exitCode, signal) => resolve({ code: exitCode, signal, out, err }));
  });
  return { child, out: () => out, err: () => err, finished };
}

/** Starts, gives the input, and waits for the end. */
export function run(program: string, args: readonly string[], home: string, input = ''): Promise<Finished> {
  const running = start(program, args, home);
  running.child.stdin?.end(input);
  return running.finished;
}

/** Resolves when `condition` holds; rejects with `what` after `deadlineMs`. */
export async function until(condition: () => boolean, what: string, deadlineMs = 30_000): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
