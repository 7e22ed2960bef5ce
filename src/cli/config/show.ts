/** `synod config show`: what every option is in the end and where it comes from, as a TOML file or as JSON. */
import type { CommandSpec, OptionSpec, OptionValues } from '../command.js';
import { jsonLine } from '../events.js';
import { tomlValue } from './default-text.js';
import { optionsOf, sectionOf } from './table.js';

/** One option as it is. */
export interface Shown {
  readonly option: OptionSpec;
  /** Undefined: neither given nor has it a default. */
  readonly value: string | readonly string[] | boolean | undefined;
  /** Given by a variable that holds the secret itself, which is never shown. */
  readonly isSecret: boolean;
  /** `SYNOD_SERVER_ID`, `config.toml:12 [server] id`, `default`. */
  readonly origin: string;
}

export function shownOptions(spec: CommandSpec, options: OptionValues): readonly Shown[] {
  return optionsOf(spec).map((option) => {
    const { name } = option;
    const isSecret = options.secret(name)?.kind === 'text';
    const label = options.label(name);
    const given = option.repeats === true && options.has(name) ? options.texts(name) : options.text(name);
    return {
      option,
      value: option.value === undefined ? options.has(name) : withoutLogin(option, given),
      isSecret,
      origin: label === `--${name}` ? 'default' : label,
    };
  });
}

/** A section that is itself a configuration file. */
export function tomlLines(spec: CommandSpec, shown: readonly Shown[], withOrigin: boolean): string[] {
  const lines = shown.map(({ option, value, isSecret }) => {
    if (isSecret) return `#${option.name}: (set)`;
    if (value === undefined) return `#${option.name}: ${option.shownDefault ?? '(not set)'}`;
    return `${option.name} = ${tomlValue(option, value)}`;
  });
  const width = Math.max(...lines.map((line) => line.length));
  const told = lines.map((line, index) => `${line.padEnd(width)}  # ${shown[index]?.origin}`);
  return [`[${sectionOf(spec)}]`, ...(withOrigin ? told : lines)];
}

/** One object for each option. */
export function jsonLines({ name: command }: CommandSpec, shown: readonly Shown[]): string[] {
  return shown.map(({ option: { name: option }, value = null, isSecret, origin }) =>
    jsonLine(isSecret ? { command, option, isSet: true, origin } : { command, option, value, origin }),
  );
}

/** A URL may hold a password, which is never shown. */
function withoutLogin<T extends string | readonly string[] | undefined>({ value }: OptionSpec, given: T): T | string {
  if (value !== 'URL' || typeof given !== 'string') return given;
  return given.replace(/\/\/[^/]*@/, '//…@');
}
