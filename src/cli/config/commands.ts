/** `synod config default`, `check` and `show`. */
import { exitCodes, nearest } from '../../base/index.js';
import type { Call, CommandSpec } from '../command.js';
import { UsageError } from '../go-flags.js';
import { conflictsInFile } from './conflicts.js';
import { defaultLines } from './default-text.js';
import { ConfigError } from './error.js';
import { findConfig, usualFiles } from './file.js';
import { type Contents, readContents } from './sections.js';
import { jsonLines, shownOptions, tomlLines } from './show.js';
import { configure, textsOf, wrongIn } from './sources.js';
import { configurable, sectionOf } from './table.js';

export async function configDefault(call: Call): Promise<number> {
  for (const line of defaultLines(commandsOf(call))) call.output.line(line);
  return exitCodes.ok;
}

export async function configCheck({ options, positionals, environment, output }: Call): Promise<number> {
  const file = findConfig(positionals[0] ?? options.text('config'), environment);
  if (file === undefined) {
    output.line(`OK: there is none, neither ${usualFiles(environment).join(' nor ')}`);
    return exitCodes.ok;
  }
  const problems = await everyProblemOf(readContents(file, configurable), environment);
  if (problems.length > 0) throw new ConfigError(problems);
  output.line(`OK: ${file.name}`);
  return exitCodes.ok;
}

/**
 * What is wrong by itself, and what does not go together. While something cannot be read, nothing is called missing.
 */
export async function everyProblemOf(contents: Contents, environment: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const wrong = await wrongIn(contents);
  const conflicts = await conflictsInFile(contents, environment);
  return textsOf([...wrong, ...conflicts.filter(({ kind }) => wrong.length === 0 || kind === 'excludes')]);
}

export async function configShow(call: Call): Promise<number> {
  const { options, environment, output } = call;
  const file = options.text('config');
  const chosen = file === undefined ? environment : { ...environment, SYNOD_CONFIG: file };
  const sections: string[][] = [];
  const problems = new Set<string>();
  const warnings = new Set<string>();
  const nothing = { flags: new Map(), positionals: [], warnings: [] };
  for (const spec of commandsOf(call)) {
    try {
      const found = await configure(spec, nothing, chosen);
      for (const warning of found.warnings) warnings.add(warning);
      const shown = shownOptions(spec, found.options);
      sections.push(options.has('json') ? jsonLines(spec, shown) : tomlLines(spec, shown, options.has('origin')));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const problem of error.problems) problems.add(problem);
    }
  }
  if (problems.size > 0) throw new ConfigError([...problems]);
  for (const warning of warnings) output.note(`${call.program}: warning: ${warning}`);
  const gap = options.has('json') ? [] : [''];
  for (const line of sections.flatMap((lines, index) => (index === 0 ? lines : [...gap, ...lines]))) output.line(line);
  return exitCodes.ok;
}

/** The command named by the words that follow, all of them without one. @throws UsageError */
function commandsOf({ positionals }: Call): readonly CommandSpec[] {
  if (positionals.length === 0) return configurable;
  const name = positionals.join('.').replaceAll(' ', '.');
  const spec = configurable.find((one) => sectionOf(one) === name);
  if (spec !== undefined) return [spec];
  const near = nearest(name, configurable.map(sectionOf));
  const shown = positionals.join(' ');
  throw new UsageError(
    `no command '${shown}' has options to configure${near === undefined ? '' : ` - did you mean ${near.replaceAll('.', ' ')} ?`}`,
  );
}
