/** Help texts made from the command table: at most 80 columns, defaults in brackets, two real examples. */
import type { CommandSpec, OldSpelling, OptionSpec } from './command.js';
import { commands, oldSpellings } from './command-table.js';
import { optionsOf } from './parse.js';
import { topics } from './topics.js';
import { wrap } from './wrap.js';

const widthMax = 80;

/** `synod --help`. */
export function generalHelp(): string {
  const width = Math.max(...commands.map((spec) => spec.name.length));
  const list = commands.flatMap((spec) => columns(`  ${spec.name.padEnd(width)}  `, spec.summary));
  return [
    'Usage: synod COMMAND [options]',
    '',
    'A chat whose log is replicated by Multi-Paxos: kill any one server, lose nothing.',
    '',
    ...list,
    '',
    ...wrap(
      `Old spellings: ${oldSpellings.map((old) => `${old.program} = synod ${old.command}`).join(', ')}; test1.`,
      widthMax,
    ),
    'synod COMMAND --help tells more. Options are written --x v, --x=v or -x=v.',
    `Topics: ${topics.map(({ name }) => `synod help ${name}`).join(', ')}.`,
    '',
    'Examples:',
    '  synod demo',
    '  synod status --watch',
    '',
  ]
    .flatMap((line) => wrap(line, widthMax))
    .join('\n');
}

/** `synod COMMAND --help`, or that of an old spelling. */
export function commandHelp(spec: CommandSpec, spelling?: OldSpelling): string {
  const shown = spelling?.program ?? (spec.name === 'test1' ? 'test1' : `synod ${spec.name}`);
  const options = optionsOf(spec, spelling).map((option) => withDefault(option, spelling));
  const width = Math.max(...options.map((option) => label(option).length));
  const positional = spec.positional === '' ? '' : ` ${spec.positional}`;
  const examples = spelling?.examples ?? spec.examples;
  return [
    `Usage: ${shown} [options]${positional}`,
    '',
    ...wrap(spelling?.about ?? spec.about, widthMax),
    '',
    ...options.flatMap((option) => columns(`  ${label(option).padEnd(width)}  `, describe(option))),
    '',
    ...(examples.length > 0 ? ['Examples:', ...examples.map((example) => `  ${example}`), ''] : []),
  ].join('\n');
}

function withDefault(option: OptionSpec, spelling: OldSpelling | undefined): OptionSpec {
  const standard = spelling?.defaults[option.name];
  return standard === undefined ? option : { ...option, default: standard };
}

function label(option: OptionSpec): string {
  return option.value === undefined ? `--${option.name}` : `--${option.name} ${option.value}`;
}

function describe(option: OptionSpec): string {
  const standard = option.default ?? option.shownDefault;
  return standard === undefined ? option.help : `${option.help} [${standard}]`;
}

/** A label and a text wrapped beside it. */
function columns(label: string, text: string): string[] {
  const indent = ' '.repeat(label.length);
  return wrap(text, widthMax - label.length).map((line, index) => (index === 0 ? label : indent) + line);
}
