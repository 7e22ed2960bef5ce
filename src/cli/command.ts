/** What a command is: the shape of a row in the command table, and what it gets when it is called. */

/**
 * Judges one value, and makes of it what the command works with. `option` names where the value came from: `--listen`,
 * `SYNOD_LISTEN`, `config.toml:3 [server] listen`. Throws a UsageError that says what is taken.
 */
export type Reader = (option: string, value: string) => unknown;

/**
 * What an option must be together with others of its command. It is judged where all sources are known: when the
 * command starts, and by `config check` (config/conflicts.ts).
 */
export type OptionRule =
  | {
      /** `needs`: it is nothing without all of the others; `excludes`: none of them may be there with it. */
      readonly kind: 'needs' | 'excludes';
      readonly others: readonly string[];
      /** Why, as the end of a sentence that begins with the option. */
      readonly because: string;
    }
  | {
      /** The values must fit one another. */
      readonly kind: 'fits';
      readonly others: readonly string[];
      /** Throws a UsageError that names the options by their labels. Each value is right by itself. */
      readonly judge: () => Promise<(options: OptionValues) => void>;
    };

/**
 * One option as it is declared, parsed, read from the environment and from files, judged, and shown in help. What a
 * value is follows from its placeholder (config/readers.ts) unless `reader` says more.
 */
export interface OptionSpec {
  /** Without dashes. */
  readonly name: string;
  /** The placeholder of its value, e.g. `H:P`; `X,…` is a list with commas; without one it is a switch. */
  readonly value?: string;
  /** Judges the value, where the placeholder does not say enough. */
  readonly reader?: () => Promise<Reader>;
  readonly help: string;
  /** The closed set of words that it takes: help's text names them, completions offer them. */
  readonly choices?: readonly string[];
  /** It may be given several times, each time with another value. */
  readonly repeats?: true;
  /** Its value when it is not given; shown in brackets. */
  readonly default?: string;
  /** Shown in brackets instead of `default` where the real default is worked out later. */
  readonly shownDefault?: string;
  /**
   * Only the command line sets it; without it the variables `SYNOD_COMMAND_NAME` and `SYNOD_NAME` do too, and files as
   * `name` in the command's section or above all sections.
   */
  readonly flagOnly?: true;
  /**
   * False: `SYNOD_NAME` and a key above all sections do not set it, only what is the command's own does, since the
   * same name means something else to other commands, or would do harm here.
   */
  readonly general?: false;
  /**
   * It names a file that holds a secret; the name ends in `-file`. The secret itself may come in the variables without
   * `_FILE`, and reaches the command through {@link OptionValues.secret}. It is never an option, never in a
   * configuration file, and never shown.
   */
  readonly secret?: true;
  /** What it must be together with other options; a rule counts where the option is given or has a default. */
  readonly rules?: readonly OptionRule[];
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
  /** The words that the first of them may be, where only these may. */
  readonly verbs?: readonly string[];
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

/** A value and where it came from; `false` takes back a switch that a weaker source turned on. */
export interface Given {
  readonly value: OptionValue | false;
  /** As errors and `config show --origin` name it: `--id`, `SYNOD_SERVER_ID`, `config.toml:12 [server] id`. */
  readonly label: string;
  /** The value is a secret itself, not the name of the file that holds one. */
  readonly isSecret?: true;
}

/** What one source sets, by the name of the option. */
export type Layer = ReadonlyMap<string, Given>;

/** A secret, or the file that holds it. */
export type Secret =
  | { readonly kind: 'text'; readonly text: string; readonly label: string }
  | { readonly kind: 'file'; readonly file: string; readonly label: string };

/** Option values by name, after all sources and defaults. */
export class OptionValues {
  readonly #values: ReadonlyMap<string, OptionValue>;
  readonly #secrets: ReadonlyMap<string, Secret>;
  readonly #labels: ReadonlyMap<string, string>;

  constructor(
    values: ReadonlyMap<string, OptionValue>,
    secrets: ReadonlyMap<string, Secret> = new Map(),
    labels: ReadonlyMap<string, string> = new Map(),
  ) {
    this.#values = values;
    this.#secrets = secrets;
    this.#labels = labels;
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

  /** What an option marked `secret` stands for: the secret from the environment, or the file to read it from. */
  secret(name: string): Secret | undefined {
    return this.#secrets.get(name);
  }

  /** Whether it says anything: a switch that is on, a value that is not empty, a secret. */
  says(name: string): boolean {
    return this.#secrets.has(name) || (this.#values.has(name) && this.#values.get(name) !== '');
  }

  /** How an error names the option: by the place that set it, else as a flag. */
  label(name: string): string {
    return this.#labels.get(name) ?? `--${name}`;
  }
}
