/** The SYNOD_ variables: which options they set, which are misspelt, and the environment of daemons that get none. */
import { nearest } from '../../base/index.js';
import type { CommandSpec, Given, Layer, OptionSpec } from '../command.js';
import { readSwitch, UsageError } from '../go-flags.js';
import { configurable, isGeneral, optionsOf, secretName } from './table.js';

const prefix = 'SYNOD_';

/** A variable that sets an option. */
export interface Variable {
  readonly name: string;
  /** It holds the secret itself. */
  readonly isSecret: boolean;
}

/** The variables that set an option of a command, the strongest first. */
export function variablesOf(spec: CommandSpec, option: OptionSpec): readonly Variable[] {
  const commands = isGeneral(option) ? [`${spec.name}-`, ''] : [`${spec.name}-`];
  return commands.flatMap((command) => {
    const file = { name: variableName(command + option.name), isSecret: false };
    return option.secret === true
      ? [{ name: variableName(command + secretName(option)), isSecret: true }, file]
      : [file];
  });
}

/** `SYNOD_DATA_DIR` for `data-dir`. */
export function variableName(words: string): string {
  return prefix + words.replaceAll(/[ -]/g, '_').toUpperCase();
}

/**
 * What the environment sets for a command, but for what its flags set anyway. Variables that are empty count as not
 * set.
 */
export function variableLayer(
  spec: CommandSpec,
  environment: NodeJS.ProcessEnv,
  flags: Layer = new Map(),
): { readonly layer: Layer; readonly problems: readonly string[] } {
  const layer = new Map<string, Given>();
  const problems: string[] = [];
  for (const option of optionsOf(spec)) {
    const variable = variablesOf(spec, option).find(({ name }) => environment[name]);
    if (variable === undefined || flags.has(option.name)) continue;
    const { name: label, isSecret } = variable;
    const text = environment[label] as string;
    try {
      layer.set(option.name, { value: variableValue(option, label, text), label, ...(isSecret ? { isSecret } : {}) });
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      problems.push(error.message);
    }
  }
  return { layer, problems };
}

/** Several values of an option that repeats are separated by semicolons. @throws UsageError */
function variableValue(option: OptionSpec, label: string, text: string): Given['value'] {
  if (option.value === undefined) return readSwitch(label, text);
  if (option.repeats !== true) return text;
  return text
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

/** Variables of the program that are no options, so that nobody takes them for misspelt ones. */
const others: readonly string[] = [
  'CONFIG',
  'DEBUG',
  'FAILPOINTS',
  'FAILPOINTS_REPORT',
  'RETAIN_BYTES',
  'SEGMENT_BYTES',
  'TEST_BUILD',
];
/** What Kubernetes sets in every container next to a service whose name begins with synod. */
const serviceLink = /(^|_)(SERVICE_(HOST|PORT\w*)|PORT(_\d+_(TCP|UDP|SCTP)\w*)?)$/;

/** A warning for each variable that is nearly an option's. */
export function misspelt(environment: NodeJS.ProcessEnv, specs = configurable): readonly string[] {
  const known = knownNames(specs).map((name) => name.slice(prefix.length));
  return Object.keys(environment).flatMap((name) => {
    const word = name.slice(prefix.length);
    if (!name.startsWith(prefix) || known.includes(word) || others.includes(word) || serviceLink.test(word)) return [];
    const near = nearest(word, known);
    return near === undefined ? [] : [`${name} sets no option - did you mean ${prefix}${near} ?`];
  });
}

/**
 * The environment for daemons that are told everything by flags: without what sets options, and without a configuration
 * file. What tests and debugging ask of a process stays.
 */
export function withoutOptions(environment: NodeJS.ProcessEnv, specs = configurable): NodeJS.ProcessEnv {
  const known = new Set(knownNames(specs));
  const kept = Object.entries(environment).filter(([name]) => !known.has(name));
  return { ...Object.fromEntries(kept), SYNOD_CONFIG: '/dev/null' };
}

function knownNames(specs: readonly CommandSpec[]): string[] {
  return specs.flatMap((spec) =>
    optionsOf(spec).flatMap((option) => variablesOf(spec, option).map(({ name }) => name)),
  );
}
