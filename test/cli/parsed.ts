/** A command line read as the program reads it where neither files nor the environment say anything. */
import type { CommandSpec, OldSpelling, OptionValues } from '../../src/cli/command.js';
import { merge } from '../../src/cli/config/merge.js';
import { type Parsed, parse } from '../../src/cli/parse.js';

/** @throws UsageError */
export function parsed(
  spec: CommandSpec,
  args: readonly string[],
  spelling?: OldSpelling,
): Parsed & { readonly options: OptionValues } {
  const found = parse(spec, args, spelling);
  return { ...found, options: merge(spec, [found.flags], spelling) };
}
