/** What a command is: the shape of a row in the command table, and what it gets when it is called. */

/** One option as it is declared, parsed and shown in help. */
export interface OptionSpec {
  /** Without dashes. */
  readonly name: string;
  /** The placeholder of its value, e.g. `H:P`; without one it is a switch. */
  readonly value?: string;
  readonly help: string;
  /** It may be given several times, each time with another value. */
  readonly repeats?: true;
  /** Its value when it is not given; shown in brackets. */
  readonly default?: string;
  /** Shown in brackets instead of `default` where the real default is worked out later. */
  readonly shownDefault?: string;
  /**
   * Its value names a file that holds a secret, and this environment variable may hold the secret itself: never print
   * or keep what either holds.
   */
  readonly secretIn?: string;
  /** The release that builds it; until then any use (but an empty value) answers "not built yet". */
  readonly comesWith?: string;
  /** In an old spelling: the option of the command it stands for ('' when it is accepted and ignored). */
  readonly standsFor?: string;
  /** In an old spelling: how its value is written for that option. */
  readonly convert?: (value: string) => string;
}

export interface CommandSpec {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** A sentence or two for the command's own help. */
  readonly about: string;
  /** What follows the options, e.g. `-- TEXT…`; empty: nothing may. */
  readonly positional: string;
  /** How many positional arguments it takes at most. */
  readonly positionalMax: number;
  readonly options: readonly OptionSpec[];
  /** Two real command lines. */
  readonly examples: readonly string[];
  /** A daemon ends with 0 on SIGINT and SIGTERM, anything else with 130 or 143. */
  readonly isDaemon?: boolean;
  readonly load: () => Promise<Main>;
}

/** A spelling of the write-up: a command under another name, with further options and other defaults. */
export interface OldSpelling {
  readonly program: string;
  readonly command: string;
  readonly about: string;
  readonly options: readonly OptionSpec[];
  /** Defaults that differ from the command's own. */
  readonly defaults: Readonly<Record<string, string>>;
  readonly examples: readonly string[];
}

/** Where a command writes: whole lines, sanitised by whoever makes them. */
export interface Output {
  /** One line on stdout. */
  line(text: string): void;
  /** One line on stderr for the person at the terminal. */
  note(text: string): void;
}

/** One call of a command. */
export interface Call {
  /** `synod` or the old spelling that was typed. */
  readonly program: string;
  readonly options: OptionValues;
  readonly positionals: readonly string[];
  readonly output: Output;
  readonly stdin: NodeJS.ReadStream;
  readonly environment: NodeJS.ProcessEnv;
  /** Aborted by the first SIGINT or SIGTERM: end in order. */
  readonly signal: AbortSignal;
}

/** Resolves to the exit code. */
export type Main = (call: Call) => Promise<number>;

/** What an option was given as: a value, several for one that repeats, or `true` for a switch. */
export type OptionValue = string | readonly string[] | true;

/** Option values by name, after defaults. */
export class OptionValues {
  readonly #values: ReadonlyMap<string, OptionValue>;

  constructor(values: ReadonlyMap<string, OptionValue>) {
    this.#values = values;
  }

  /** The value, or undefined when it was neither given nor has a default. */
  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return typeof value === 'string' ? value : undefined;
  }

  /** All values of an option that repeats. */
  texts(name: string): readonly string[] {
    const value = this.#values.get(name);
    if (value === undefined || value === true) return [];
    return typeof value === 'string' ? [value] : value;
  }

  /** Whether a switch is on. */
  has(name: string): boolean {
    return this.#values.has(name);
  }
}
