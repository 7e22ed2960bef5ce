/**
 * Go's flag grammar (-x=v, -x v, --x=v, -- ends flags) rewritten into the one form the parser reads, for declared
 * options only: whatever is not declared passes through untouched, so that values and typing mistakes keep their
 * spelling.
 */

/** As much of an option as the grammar needs. */
export interface FlagShape {
  /** The name without dashes, e.g. `data-dir` or `hostPort`. */
  readonly name: string;
  /** A switch takes no value; `-x=false` takes it back. */
  readonly isSwitch: boolean;
}

export interface Normalised {
  readonly args: readonly string[];
  /** The switches that were taken back last. */
  readonly off: ReadonlySet<string>;
  /** One line each, for stderr. */
  readonly warnings: readonly string[];
}

/** A problem with the command line; the program ends with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Rewrites `args` so that every declared option reads `--name=value` or `--name`. `=name=value` of a declared option,
 * the write-up's own typing mistake, is read as `-name=value` with a warning.
 *
 * @throws UsageError when a declared option lacks its value or a switch gets one that is neither true nor false.
 */
export function normaliseGoFlags(args: readonly string[], flags: readonly FlagShape[]): Normalised {
  const byName = new Map(flags.map((flag) => [flag.name, flag]));
  const out: string[] = [];
  const off = new Set<string>();
  const warnings: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    if (arg === '--') {
      out.push(...args.slice(i));
      break;
    }
    const found = /^(--?|=)([^=]+)(?:=(.*))?$/s.exec(arg);
    const flag = byName.get(found?.[2] ?? '');
    if (found === null || flag === undefined || (found[1] === '=' && found[3] === undefined)) {
      out.push(arg);
      continue;
    }
    const [, dashes, name] = found;
    if (dashes === '=') warnings.push(`read '${arg}' as -${arg.slice(1)}`);
    if (flag.isSwitch) {
      if (found[3] !== undefined && !readSwitch(`-${name}`, found[3])) off.add(flag.name);
      else {
        off.delete(flag.name);
        out.push(`--${name}`);
      }
      continue;
    }
    const value = found[3] ?? args[++i];
    if (value === undefined) throw new UsageError(`-${name} needs a value`);
    out.push(`--${name}=${unquote(value)}`);
  }
  return { args: out, off, warnings };
}

/** The spellings that Go's strconv.ParseBool takes. */
export function readSwitch(option: string, value: string): boolean {
  if (/^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw new UsageError(`${option} takes true or false, not '${value}'`);
}

/** Shells remove quotes; unit files and cmd.exe don't: a literal pair around the whole value goes. */
function unquote(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}
