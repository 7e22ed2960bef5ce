/** What the programs of this folder share: reading arguments, exit codes, and the report as text or as JSON. */
import { parseArgs } from 'node:util';

export interface Report {
  /** What JSON.stringify makes of it is what `--json` prints. */
  toJSON(): unknown;
}

/** All values as they were given, or their defaults. @throws Error for what is not among them. */
export function readTexts<Name extends string>(
  argv: readonly string[],
  defaults: Readonly<Record<Name, string>>,
): Readonly<Record<Name, string>> {
  const options = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [name, { type: 'string' as const, default: value as string }]),
  );
  return parseArgs({ args: [...argv], options }).values as Record<Name, string>;
}

/** @throws Error that names the option. */
export function readWhole(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least || text.trim() === '') {
    throw new Error(`--${name} must be a whole number from ${least} on, not "${text}"`);
  }
  return value;
}

/** @throws Error */
export function readServers(text: string): number {
  if (text !== '3' && text !== '5') throw new Error(`--servers must be 3 or 5, not "${text}"`);
  return Number(text);
}

/**
 * Exit 0 if everything held, 1 if not, 2 for usage. With `--json` the report goes to stdout as one object, and what
 * happens on the way to stderr.
 */
export async function runCommand<Options>(
  usage: string,
  read: (argv: readonly string[]) => Options,
  run: (options: Options, print: (line: string) => void) => Promise<Report>,
): Promise<number> {
  const argv = process.argv.slice(2);
  if (argv.includes('--help') || argv.includes('-h')) {
    console.log(usage);
    return 0;
  }
  const isJson = argv.includes('--json');
  let options: Options;
  try {
    options = read(argv.filter((arg) => arg !== '--json'));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  try {
    const report = await run(options, isJson ? console.error : console.log);
    if (isJson) console.log(JSON.stringify(report));
    return 0;
  } catch (error) {
    console.error(`FAILED: ${(error as Error).message}`);
    return 1;
  }
}
