/**
 * What can be configured: the commands with the options that more than the command line sets, their sections and names.
 */
import type { CommandSpec, OptionSpec } from '../command.js';
import { commands, test1 } from '../command-table.js';

/** Every command that has something to configure. */
export const configurable: readonly CommandSpec[] = [...commands, test1].filter(isConfigurable);

export function isConfigurable(spec: CommandSpec): boolean {
  return optionsOf(spec).length > 0;
}

/** The options of a command that the environment and files may set. */
export function optionsOf(spec: CommandSpec): readonly OptionSpec[] {
  return spec.options.filter(({ flagOnly }) => flagOnly !== true);
}

/** `bench.run` for `bench run`. */
export function sectionOf({ name }: CommandSpec): string {
  return name.replaceAll(' ', '.');
}

/** True if `SYNOD_NAME` and a key above all sections set it too. */
export function isGeneral({ general }: OptionSpec): boolean {
  return general !== false;
}

/** An option marked `secret` without its `-file`: the name under which the secret itself would go. */
export function secretName({ name }: OptionSpec): string {
  return name.replace(/-file$/, '');
}
