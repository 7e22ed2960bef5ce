/** The program: finds the command, calls it, and turns whatever comes of it into an exit code of CONTRACT.md. */
import { existsSync, realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { ExitError, exitCodes, nearest, sanitise } from '../base/index.js';
import { endWhenNobodyReads } from './broken-pipe.js';
import type { CommandSpec, OldSpelling, OptionValues, Output } from './command.js';
import { commands, oldSpellings, test1 } from './command-table.js';
import { refuseConflicts } from './config/conflicts.js';
import { ConfigError } from './config/error.js';
import { configure } from './config/sources.js';
import { UsageError } from './go-flags.js';
import { commandHelp, generalHelp } from './help.js';
import { parse } from './parse.js';
import { topics } from './topics.js';
import { version } from './version.js';

/** What a command line asks for. */
type Request =
  | { readonly kind: 'print'; readonly text: string }
  | {
      readonly kind: 'call';
      readonly spec: CommandSpec;
      readonly spelling?: OldSpelling;
      readonly args: readonly string[];
    };

/** Runs one command line as `program` (`synod` or an old spelling) and ends the process with the right code. */
export async function run(program: string, args: readonly string[]): Promise<void> {
  endWhenNobodyReads((code) => process.exit(code));
  const code = await codeOf(program, args);
  // Whatever a library still holds open must not keep a finished command alive; first let the last lines out.
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit(code);
}

async function codeOf(program: string, args: readonly string[]): Promise<number> {
  const output = terminalOutput();
  let shown = program;
  try {
    const request = understand(program, args);
    if (request.kind === 'call' && program === 'synod') shown = `synod ${request.spec.name}`;
    if (request.kind === 'print') {
      process.stdout.write(request.text);
      return exitCodes.ok;
    }
    return await call(program, request.spec, request.spelling, request.args, output);
  } catch (error) {
    return explain(program, shown, error, output);
  }
}

/** @throws UsageError when there is no such command. */
function understand(program: string, args: readonly string[]): Request {
  if (args.some((arg) => arg === '--version' || arg === '-version') && !args.includes('--')) {
    return { kind: 'print', text: `${version}\n` };
  }
  if (program === 'test1') return { kind: 'call', spec: test1, args };
  const spelling = oldSpellings.find((old) => old.program === program);
  if (spelling !== undefined) return { kind: 'call', spec: commandNamed(spelling.command), spelling, args };
  const [word, ...rest] = args;
  if (word === undefined) throw new UsageError(`which command? One of ${commands.map((spec) => spec.name).join(', ')}`);
  if (['--help', '-help', '-h'].includes(word)) return { kind: 'print', text: generalHelp() };
  const isHelp = word === 'help';
  if (isHelp && rest[0] === undefined) return { kind: 'print', text: generalHelp() };
  const topic = isHelp ? topics.find(({ name }) => name === rest.join(' ')) : undefined;
  if (topic !== undefined) return { kind: 'print', text: topic.text };
  const words = isHelp ? rest : args;
  const family = familyOf(words);
  if (family !== undefined) {
    if (isHelp || asksForHelp(rest)) return { kind: 'print', text: family.map((spec) => commandHelp(spec)).join('\n') };
    throw new UsageError(`what? One of ${family.map(({ name }) => name).join(', ')}`);
  }
  if (!isHelp) return { kind: 'call', ...commandOf(words) };
  return { kind: 'print', text: commandHelp(commandOf(words).spec) };
}

/** The commands that share a first word which is none by itself, when the second word names none of them. */
function familyOf([first = '', second = '']: readonly string[]): readonly CommandSpec[] | undefined {
  const family = commands.filter(({ name }) => name.startsWith(`${first} `));
  const isCommand = commands.some(({ name }) => name === first || name === `${first} ${second}`);
  return family.length === 0 || isCommand ? undefined : family;
}

/** The command that the first words name, of which two may be one, and what follows them. */
function commandOf(words: readonly string[]): { spec: CommandSpec; args: readonly string[] } {
  const two = words.slice(0, 2).join(' ');
  const spec = words.length < 2 ? undefined : commands.find(({ name }) => name === two);
  if (spec !== undefined) return { spec, args: words.slice(2) };
  return { spec: commandNamed(words[0] ?? ''), args: words.slice(1) };
}

function commandNamed(name: string): CommandSpec {
  const all = [...commands, test1];
  const spec = all.find((candidate) => candidate.name === name);
  if (spec !== undefined) return spec;
  const guess = nearest(
    name,
    all.map((candidate) => candidate.name),
  );
  throw new UsageError(`no command '${name}'${guess === undefined ? '' : ` - did you mean ${guess} ?`}`);
}

async function call(
  program: string,
  spec: CommandSpec,
  spelling: OldSpelling | undefined,
  args: readonly string[],
  output: Output,
): Promise<number> {
  if (asksForHelp(args)) {
    process.stdout.write(commandHelp(spec, spelling));
    return exitCodes.ok;
  }
  const parsed = parse(spec, args, spelling);
  const interruption = watchSignals();
  const main = await spec.load();
  const { stdin, env: environment } = process;
  const { options, warnings } = await configure(spec, parsed, environment, spelling);
  for (const warning of [...parsed.warnings, ...warnings]) output.note(`${program}: warning: ${warning}`);
  await refuseConflicts(spec, options, parsed.flags);
  // A daemon that listens secures its own connections.
  const listens = spec.isDaemon === true && spec.options.some(({ name }) => name === 'listen');
  if (!listens) await secureCalls(options, output, program);
  const { positionals } = parsed;
  let code: number;
  try {
    code = await main({ program, options, positionals, output, stdin, environment, signal: interruption.signal });
  } catch (error) {
    // A start that was interrupted fails with an empty reason: the signal decides, as after an orderly end.
    if (!(error instanceof ExitError) || error.exitCode !== exitCodes.ok) throw error;
    code = error.exitCode;
  }
  const signalNumber = interruption.signalNumber();
  return signalNumber === undefined || spec.isDaemon === true ? code : 128 + signalNumber;
}

/** Whatever the command dials, it proves what the options and the environment say; read when it first dials. */
async function secureCalls(options: OptionValues, output: Output, program: string): Promise<void> {
  const [{ secureDefaultEnvironment }, { readSecurity }] = await Promise.all([
    import('../client/index.js'),
    import('./security.js'),
  ]);
  secureDefaultEnvironment(() => {
    const { security, warnings } = readSecurity({ options });
    for (const text of warnings) output.note(`${program}: warning: ${text}`);
    return security;
  });
}

function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end === -1 ? args : args.slice(0, end)).some((arg) => ['--help', '-help', '-h'].includes(arg));
}

/** The first SIGINT or SIGTERM asks for an orderly end, the second ends the process at once. */
function watchSignals(): { signal: AbortSignal; signalNumber: () => number | undefined } {
  const controller = new AbortController();
  let first: number | undefined;
  const numbers = { SIGINT: 2, SIGTERM: 15 } as const;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (first !== undefined) process.exit(128 + numbers[name]);
      first = numbers[name];
      controller.abort();
    });
  }
  return { signal: controller.signal, signalNumber: () => first };
}

/** Says on stderr why a command could not go on; a stack is shown only for what is our own mistake. */
function explain(program: string, shown: string, error: unknown, output: Output): number {
  if (error instanceof UsageError) {
    output.note(`${program}: ${error.message}; see ${shown} --help`);
    return exitCodes.usage;
  }
  if (error instanceof ConfigError) {
    for (const problem of error.problems) output.note(`${program}: ${problem}`);
    return error.exitCode;
  }
  if (error instanceof ExitError) {
    if (error.message !== '') output.note(`${program}: ${error.message}`);
    return error.exitCode;
  }
  output.note(
    `${program}: internal error, please report it: ${error instanceof Error ? error.message : String(error)}`,
  );
  if (error instanceof Error && process.env.SYNOD_DEBUG !== undefined) console.error(error.stack);
  return exitCodes.internal;
}

function terminalOutput(): Output {
  return {
    line: (text) => void process.stdout.write(`${text}\n`),
    note: (text) => void process.stderr.write(`${sanitise(text)}\n`),
  };
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}

// Also a program of its own, so that `node dist/src/cli/main.js …` does what bin/synod does.
const started = process.argv[1];
if (started !== undefined && existsSync(started) && import.meta.url === pathToFileURL(realpathSync(started)).href) {
  await run('synod', process.argv.slice(2));
}
