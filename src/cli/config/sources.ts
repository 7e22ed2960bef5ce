/** Everything that sets options besides flags: read once, judged as a whole, and asked for each command. */
import type { CommandSpec, Given, Layer, OldSpelling, OptionSpec, OptionValues } from '../command.js';
import { UsageError } from '../go-flags.js';
import { type Parsed, unbuiltText } from '../parse.js';
import type { Problem } from './document.js';
import { ConfigError } from './error.js';
import { findConfig } from './file.js';
import { merge } from './merge.js';
import { readerOf } from './readers.js';
import { type Contents, layersOf, readContents } from './sections.js';
import { configurable, isConfigurable, optionsOf } from './table.js';
import { misspelt, variableLayer } from './variables.js';

/**
 * The options of one call: flag > SYNOD_ variable > file > default.
 *
 * @throws UsageError for a wrong flag, ConfigError with all that is wrong with the file and the variables.
 */
export async function configure(
  spec: CommandSpec,
  { flags }: Parsed,
  environment: NodeJS.ProcessEnv,
  spelling?: OldSpelling,
): Promise<{ readonly options: OptionValues; readonly warnings: readonly string[] }> {
  await judgeFlags(spec, flags);
  if (!isConfigurable(spec)) return { options: merge(spec, [flags], spelling), warnings: [] };
  const file = findConfig(configFlag(spec, flags), environment);
  const contents = file === undefined ? undefined : readContents(file, configurable);
  const variables = variableLayer(spec, environment, flags);
  const problems = [
    ...variables.problems,
    ...(await judge(entriesOf(spec, variables.layer))),
    ...(contents === undefined ? [] : textsOf(await wrongIn(contents))),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  const layers = [flags, variables.layer, ...(contents === undefined ? [] : layersOf(contents, spec))];
  return { options: merge(spec, layers, spelling), warnings: misspelt(environment) };
}

/** `--config`, where that is ours. */
function configFlag(spec: CommandSpec, flags: Layer): string | undefined {
  const given = flags.get('config');
  return spec.options.some(({ name }) => name === 'config') || typeof given?.value !== 'string'
    ? undefined
    : given.value;
}

/** What is wrong with a file, each thing by itself. A text begins with its place. */
export async function wrongIn({ file, entries, problems }: Contents): Promise<readonly Problem[]> {
  const found = problems.map(({ line, text }) => ({ line, text: `${file.name}:${line} ${text}` }));
  for (const entry of entries) for (const text of await judge([entry])) found.push({ line: entry.line, text });
  return found;
}

/** The texts by line, each once: a key above all sections is judged for every command that has it. */
export function textsOf(problems: readonly Problem[]): readonly string[] {
  return [...new Set([...problems].sort((a, b) => a.line - b.line).map(({ text }) => text))];
}

interface Judged {
  readonly option: OptionSpec;
  readonly given: Given;
}

function entriesOf(spec: CommandSpec, layer: Layer): Judged[] {
  return optionsOf(spec).flatMap((option) => {
    const given = layer.get(option.name);
    return given === undefined ? [] : [{ option, given }];
  });
}

async function judgeFlags(spec: CommandSpec, flags: Layer): Promise<void> {
  for (const option of spec.options) {
    const given = flags.get(option.name);
    if (given === undefined) continue;
    const [problem] = await judge([{ option, given }]);
    if (problem !== undefined) throw new UsageError(problem);
  }
}

/** What the readers of options have against their values. */
async function judge(entries: readonly Judged[]): Promise<string[]> {
  const problems: string[] = [];
  for (const { option, given } of entries) {
    const { value, label, isSecret } = given;
    if (option.comesWith !== undefined && value !== '' && value !== false) problems.push(unbuiltText(option, label));
    const reader = isSecret === true || option.value === undefined ? undefined : await readerOf(option);
    if (reader === undefined) continue;
    for (const text of [value].flat()) {
      if (typeof text !== 'string') continue;
      try {
        reader(label, text);
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        problems.push(error.message);
      }
    }
  }
  return problems;
}
