/**
 * A benchmark's command line: words first, then `--name value` for numbers and files and `--name` alone for switches.
 */

/** What may be given. */
export interface OptionSpec<Name extends string, Switch extends string, File extends string> {
  /** Each with what it is when it is not given. */
  readonly numbers: Readonly<Record<Name, number>>;
  readonly switches?: readonly Switch[];
  readonly files?: readonly File[];
  /** Words that may stand in front. */
  readonly words?: readonly string[];
}

/** What was given. */
export interface Options<Name extends string, Switch extends string, File extends string> {
  readonly words: readonly string[];
  readonly numbers: Readonly<Record<Name, number>>;
  readonly switches: ReadonlySet<Switch>;
  readonly files: Readonly<Partial<Record<File, string>>>;
}

/** The command line is wrong; the text says what there is. The program ends with 2. */
export class UsageProblem extends Error {}

/**
 * Reads the arguments.
 *
 * @throws UsageProblem for whatever is unknown, a number that is none or below 0, and a file without a name.
 */
export function readOptions<Name extends string, Switch extends string = never, File extends string = never>(
  args: readonly string[],
  spec: OptionSpec<Name, Switch, File>,
): Options<Name, Switch, File> {
  const rest = [...args];
  const words: string[] = [];
  while (rest[0] !== undefined && !rest[0].startsWith('--')) words.push(rest.shift() ?? '');
  const strange = words.find((word) => spec.words?.includes(word) !== true);
  if (strange !== undefined) throw problem(`${strange} is not known`, spec);
  const numbers: Record<string, number> = { ...spec.numbers };
  const switches = new Set<Switch>();
  const files: Partial<Record<File, string>> = {};
  for (let flag = rest.shift(); flag !== undefined; flag = rest.shift()) {
    const name = flag.replace(/^--/, '');
    if (isOf(spec.switches, name)) switches.add(name);
    else if (isOf(spec.files, name)) {
      const file = rest.shift() ?? '';
      if (file === '' || file.startsWith('--')) throw problem(`${flag} needs the name of a file`, spec);
      files[name] = file;
    } else if (Object.hasOwn(spec.numbers, name)) {
      const text = rest.shift() ?? '';
      const value = Number(text);
      if (text === '' || !(value >= 0)) throw problem(`${flag} needs a number`, spec);
      numbers[name] = value;
    } else throw problem(`${flag} is not known`, spec);
  }
  return { words, numbers: numbers as Record<Name, number>, switches, files };
}

function isOf<Name extends string>(names: readonly Name[] | undefined, name: string): name is Name {
  return (names as readonly string[] | undefined)?.includes(name) === true;
}

function problem(text: string, spec: OptionSpec<string, string, string>): UsageProblem {
  const known = [
    ...(spec.words ?? []),
    ...Object.entries(spec.numbers).map(([name, fallback]) => `--${name} ${fallback}`),
    ...(spec.switches ?? []).map((name) => `--${name}`),
    ...(spec.files ?? []).map((name) => `--${name} FILE`),
  ];
  return new UsageProblem(`${text}; there is ${known.join(' ')}`);
}
