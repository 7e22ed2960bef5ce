/**
 * Options that contradict one another, by the rules of the command table: found for the values that a command would
 * start with, so that its start and `config check` say the same.
 */
import type { CommandSpec, Layer, OptionRule, OptionSpec, OptionValues } from '../command.js';
import { UsageError } from '../go-flags.js';
import { ConfigError } from './error.js';
import { merge } from './merge.js';
import { type Contents, layersOf } from './sections.js';
import { configurable } from './table.js';
import { variableLayer } from './variables.js';

export interface Conflict {
  readonly kind: OptionRule['kind'];
  /** The options that say something, and not together; the one whose rule it is first. */
  readonly options: readonly string[];
  /** Names them by the places that set them, and ends in what to do. */
  readonly text: string;
}

/** All that do not go together among a command's options, whose values are right one by one. */
export async function conflictsOf(spec: CommandSpec, options: OptionValues): Promise<readonly Conflict[]> {
  const conflicts: Conflict[] = [];
  for (const option of spec.options.filter(({ name }) => options.says(name))) {
    for (const rule of option.rules ?? []) {
      const text = await textOf(option, rule, options);
      if (text === undefined) continue;
      const others = rule.others.filter((name) => options.says(name));
      conflicts.push({ kind: rule.kind, options: [option.name, ...others], text });
    }
  }
  return conflicts;
}

/** What is wrong by one rule of an option that says something; undefined if nothing is. */
async function textOf({ name }: OptionSpec, rule: OptionRule, options: OptionValues): Promise<string | undefined> {
  const label = options.label(name);
  switch (rule.kind) {
    case 'needs': {
      const missing = rule.others.filter((other) => !options.says(other)).map((other) => `--${other}`);
      return missing.length === 0 ? undefined : `${label} ${rule.because}: give ${missing.join(' and ')} too`;
    }
    case 'excludes': {
      const others = rule.others.filter((other) => options.says(other)).map((other) => options.label(other));
      return others.length === 0
        ? undefined
        : `${label} ${rule.because}: leave out ${label} or ${others.join(' and ')}`;
    }
    case 'fits': {
      const judge = await rule.judge();
      try {
        judge(options);
        return undefined;
      } catch (error) {
        if (error instanceof UsageError) return error.message;
        throw error;
      }
    }
  }
}

/**
 * Lets a command start only with options that go together.
 *
 * @throws UsageError for the first conflict that a flag has a part in, else ConfigError with all of them.
 */
export async function refuseConflicts(spec: CommandSpec, options: OptionValues, flags: Layer): Promise<void> {
  const conflicts = await conflictsOf(spec, options);
  const byFlag = conflicts.find((conflict) => conflict.options.some((name) => flags.has(name)));
  if (byFlag !== undefined) throw new UsageError(byFlag.text);
  if (conflicts.length > 0) throw new ConfigError(conflicts.map(({ text }) => text));
}

/** A conflict in a file, and the line of one of the options. */
export interface PlacedConflict extends Conflict {
  /** From 1 on. */
  readonly line: number;
}

/**
 * What commands would refuse that were started with this file, this environment and no flags. A command counts if the
 * file has a section for it; what stands above all sections counts by itself if no command can live with it.
 */
export async function conflictsInFile(
  contents: Contents,
  environment: NodeJS.ProcessEnv,
): Promise<readonly PlacedConflict[]> {
  const starts = await Promise.all(
    configurable.map(async (spec) => {
      const options = merge(spec, [variableLayer(spec, environment).layer, ...layersOf(contents, spec)]);
      return { spec, options, conflicts: await conflictsOf(spec, options) };
    }),
  );
  const isLivedWith = ({ kind, options: names }: Conflict): boolean =>
    starts.some(
      ({ options, conflicts }) =>
        names.every((name) => options.says(name)) &&
        !conflicts.some((other) => other.kind === kind && other.options[0] === names[0]),
    );
  return starts.flatMap(({ spec, options, conflicts }) => {
    const entries = contents.entries.filter((entry) => entry.spec === spec);
    const hasSection = entries.some(({ isGeneral }) => !isGeneral);
    return conflicts.flatMap((conflict) => {
      const labels = conflict.options.map((name) => options.label(name));
      const [first] = labels.flatMap((label) => entries.find(({ given }) => given.label === label) ?? []);
      // What variables say without the file is no mistake of the file.
      if (first === undefined || (!hasSection && isLivedWith(conflict))) return [];
      return [{ ...conflict, line: first.line }];
    });
  });
}
