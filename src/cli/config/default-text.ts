/** `synod config default`: a file that sets nothing and shows everything that could be set. */
import type { CommandSpec, OptionSpec } from '../command.js';
import { wrap } from '../wrap.js';
import { isList } from './readers.js';
import { isGeneral, optionsOf, sectionOf } from './table.js';

const widthMax = 80;

/** The lines of a file with these commands' sections. Without the # in front of its keys it is the defaults in full. */
export function defaultLines(specs: readonly CommandSpec[]): readonly string[] {
  const shared = sharedNames(specs).join(', ');
  return [
    ...comment(
      'Configuration of synod. It goes to ~/.config/synod/config.toml, to /etc/synod.toml, or where --config or ' +
        'SYNOD_CONFIG says. Take the # away in front of a key that you change; what is shown is its default. Flags and ' +
        'SYNOD_ variables win. synod help config tells more, synod config check says whether all is right.',
    ),
    '',
    ...(shared === '' ? [] : comment(`Above all sections a key holds for every command that has it: ${shared}.`)),
    ...specs.flatMap((spec) => ['', ...comment(`${spec.summary}.`), `[${sectionOf(spec)}]`, ...keys(spec)]),
  ];
}

/** Names that several commands have, but for those that are sections here: TOML has one thing under a name. */
function sharedNames(specs: readonly CommandSpec[]): string[] {
  const sections = new Set(specs.map((spec) => sectionOf(spec).split('.')[0]));
  const general = specs.flatMap((spec) => optionsOf(spec).filter(isGeneral));
  const names = general.map(({ name }) => name);
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index && !sections.has(name)))].sort();
}

function keys(spec: CommandSpec): string[] {
  return optionsOf(spec).flatMap((option) => [...comment(helpOf(option)), `#${option.name} = ${shown(option)}`]);
}

function helpOf({ help, shownDefault, repeats, comesWith }: OptionSpec): string {
  if (comesWith !== undefined) return `${help}.`;
  const standard = shownDefault === undefined ? '' : ` [${shownDefault}]`;
  return `${help}${standard}${repeats === true ? ' (a list)' : ''}.`;
}

function comment(text: string): string[] {
  return wrap(text, widthMax - 2).map((line) => `# ${line}`);
}

/** The default as TOML; without one what stands for the value. */
function shown(option: OptionSpec): string {
  const { value, default: standard, repeats } = option;
  if (value === undefined) return 'false';
  if (standard === undefined) return repeats === true ? `["${value}"]` : `"${value}"`;
  return tomlValue(option, standard);
}

/** A value as a file would say it: numbers bare, lists of several as arrays. */
export function tomlValue(option: OptionSpec, value: string | readonly string[] | boolean): string {
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') return `[${value.map(quoted).join(', ')}]`;
  if (isList(option) && value.includes(',')) return tomlValue(option, value.split(','));
  return /^(0|[1-9]\d{0,14})$/.test(value) ? value : quoted(value);
}

/** JSON's escapes are TOML's too, but for DEL, which JSON leaves as it is. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('\x7f', '\\u007f');
}
