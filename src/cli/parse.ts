/**
 * From a command line to what its flags set: Go's grammar first, then commander; every mistake is a UsageError. What
 * the other sources and the defaults add is merged in config/merge.ts.
 */

import { Command, CommanderError, Option } from 'commander';
import { nearest } from '../base/index.js';
import type { CommandSpec, Given, Layer, OldSpelling, OptionSpec, OptionValue } from './command.js';
import { commands, commonOptions } from './command-table.js';
import { normaliseGoFlags, UsageError } from './go-flags.js';

export interface Parsed {
  readonly flags: Layer;
  readonly positionals: readonly string[];
  readonly warnings: readonly string[];
}

/** The options a call understands: the spelling's own, the command's, and those of every command. */
export function optionsOf(spec: CommandSpec, spelling?: OldSpelling): readonly OptionSpec[] {
  const byName = new Map<string, OptionSpec>();
  for (const option of [...(spelling?.options ?? []), ...spec.options, ...commonOptions]) {
    if (!byName.has(option.name)) byName.set(option.name, option);
  }
  return [...byName.values()];
}

/** @throws UsageError with one line that says what is wrong and, where it can, what was meant. */
export function parse(spec: CommandSpec, args: readonly string[], spelling?: OldSpelling): Parsed {
  const declared = optionsOf(spec, spelling);
  const {
    args: normal,
    off,
    warnings,
  } = normaliseGoFlags(
    args.map((arg) => (arg === '-h' ? '--help' : arg)),
    declared.map((option) => ({ name: option.name, isSwitch: option.value === undefined })),
  );
  const { given, positionals } = readWithCommander(spec, declared, normal);
  if (positionals.length > spec.positionalMax) {
    throw new UsageError(strayText(spec, positionals[spec.positionalMax] as string, declared));
  }
  const flags = new Map<string, Given>();
  for (const { name, standsFor } of declared) {
    const value = off.has(name) ? false : given.get(name);
    if (value !== undefined && standsFor === undefined) flags.set(name, { value, label: `--${name}` });
  }
  for (const { name, standsFor, convert } of declared) {
    const value = given.get(name);
    if (typeof value !== 'string' || !standsFor) continue;
    flags.set(standsFor, { value: convert?.(value) ?? value, label: `--${standsFor}` });
  }
  refuseUnbuilt(declared, given);
  return { flags, positionals, warnings };
}

function refuseUnbuilt(declared: readonly OptionSpec[], given: ReadonlyMap<string, OptionValue>): void {
  for (const option of declared) {
    const value = given.get(option.name);
    if (option.comesWith !== undefined && value !== undefined && value !== '') {
      throw new UsageError(unbuiltText(option, `--${option.name}`));
    }
  }
}

/** What is said of an option that a later release brings. `label` names where it was given. */
export function unbuiltText({ comesWith }: OptionSpec, label: string): string {
  return `${label} is not built yet: it comes with ${comesWith}; leave it out`;
}

function readWithCommander(
  spec: CommandSpec,
  declared: readonly OptionSpec[],
  args: readonly string[],
): { given: Map<string, OptionValue>; positionals: readonly string[] } {
  const command = new Command(spec.name)
    .exitOverride()
    .helpOption(false)
    .allowExcessArguments(true)
    .argument('[words...]')
    .configureOutput({ writeErr: () => undefined });
  const byAttribute = new Map<string, { readonly name: string; readonly negates: boolean }>();
  for (const { name, value, repeats } of declared) {
    const option = new Option(value === undefined ? `--${name}` : `--${name} <value>`);
    if (repeats === true) option.argParser((one: string, before: readonly string[] = []) => [...before, one]);
    byAttribute.set(option.attributeName(), { name, negates: option.negate });
    command.addOption(option);
  }
  try {
    command.parse([...args], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) throw new UsageError(commanderText(error, declared));
    throw error;
  }
  const given = new Map<string, OptionValue>();
  for (const [attribute, value] of Object.entries(command.opts() as Record<string, OptionValue | false>)) {
    const option = byAttribute.get(attribute);
    if (option === undefined) continue;
    // Commander reads `--no-x` as "x is false", and x as true where it is not given.
    if (!option.negates && value !== false) given.set(option.name, value);
    else if (option.negates && value === false) given.set(option.name, true);
  }
  return { given, positionals: command.args };
}

function commanderText(error: CommanderError, declared: readonly OptionSpec[]): string {
  const unknown = /unknown option '(-[^']*)'/.exec(error.message)?.[1];
  if (unknown === undefined) return error.message.replace(/^error: /, '').replaceAll('\n', ' ');
  const [word = ''] = unknown.replace(/^-+/, '').split('=');
  const guess = nearest(
    word,
    declared.map((option) => option.name),
  );
  return `unknown option '${unknown}'${guess === undefined ? '' : ` - did you mean --${guess} ?`}`;
}

/** `port=9010` was meant as `-port=9010`; a bare word may be a misspelt switch, or the second of a command's two. */
function strayText(spec: CommandSpec, word: string, declared: readonly OptionSpec[]): string {
  const seconds = commands.flatMap(({ name }) => (name.startsWith(`${spec.name} `) ? [name.split(' ')[1] ?? ''] : []));
  const second = nearest(word, seconds);
  if (second !== undefined) return `unexpected argument '${word}' - did you mean synod ${spec.name} ${second} ?`;
  const bare = word.replace(/^=+/, '');
  const [name = '', ...rest] = bare.split('=');
  const guess = nearest(
    name,
    declared.map((option) => option.name),
  );
  const value = rest.length === 0 ? '' : `=${rest.join('=')}`;
  return `unexpected argument '${word}'${guess === undefined ? '' : ` - did you mean -${guess}${value} ?`}`;
}
