/** Manual pages made from the command table, in roff as `man` reads it. */
import type { CommandSpec, OldSpelling, OptionSpec } from './command.js';
import { commands, oldSpellings, test1 } from './command-table.js';
import { optionsOf } from './parse.js';
import { exitMeanings, topics } from './topics.js';
import { version } from './version.js';
import { wrap } from './wrap.js';

/** Of a line of roff; a sign may grow when it is escaped. */
const sourceWidth = 66;

export interface ManPage {
  /** As `man` is asked for it: `synod-server-replace`. */
  readonly name: string;
  readonly text: string;
}

/** A page for synod, one for each of its commands, and one for each old spelling. */
export function manPages(): readonly ManPage[] {
  const own = commands.map((spec) => commandPage(spec));
  const spelled = oldSpellings.flatMap((spelling) => {
    const spec = commands.find(({ name }) => name === spelling.command);
    return spec === undefined ? [] : [commandPage(spec, spelling)];
  });
  return [mainPage(), ...own, ...spelled, commandPage(test1)];
}

/** The page's name for a command's: dashes instead of spaces. */
export function pageName(command: string): string {
  if (command === test1.name || oldSpellings.some(({ program }) => program === command)) return command;
  return command === '' ? 'synod' : `synod-${command.replaceAll(' ', '-')}`;
}

function mainPage(): ManPage {
  const text = [
    header('synod'),
    section('NAME', `synod \\- ${roff('a chat whose log is replicated by Multi-Paxos')}`),
    section('SYNOPSIS', `.B synod\n.I COMMAND\n${roff('[options]')}\n.br\n.B synod\n${bold('help')}\n.I COMMAND|TOPIC`),
    section(
      'DESCRIPTION',
      prose(
        'A chat that survives the death of any one of its servers. Three servers keep one log by Multi-Paxos over raw ' +
          'TCP, a balancer places the clients, and what was acknowledged is on the disks of a majority.',
      ),
      '.PP',
      prose('Options are written --x v, --x=v or -x=v. Each command has a page of its own.'),
    ),
    section('COMMANDS', ...commands.map(({ name, summary }) => tagged(bold(`synod ${name}`), prose(summary)))),
    section('TOPICS', ...topics.map(({ name, summary }) => tagged(bold(`synod help ${name}`), prose(summary)))),
    exitStatus(),
    section(
      'FILES',
      tagged(
        '.I ~/.config/synod/',
        prose("the user's identity, one random token; $XDG_CONFIG_HOME/synod/ if that is set"),
      ),
      tagged('.I ./synod\\-data/', prose('data of daemons that were given no --data-dir')),
    ),
    exampleLines(['synod demo', 'synod status --watch']),
    section('SEE ALSO', commands.map(({ name }) => reference(pageName(name))).join(',\n')),
  ];
  return { name: 'synod', text: `${text.join('\n')}\n` };
}

function commandPage(spec: CommandSpec, spelling?: OldSpelling): ManPage {
  const shown = spelling?.program ?? (spec === test1 ? test1.name : `synod ${spec.name}`);
  const name = pageName(spelling?.program ?? spec.name);
  const options = optionsOf(spec, spelling).map((option) => {
    const standard = spelling?.defaults[option.name] ?? option.default ?? option.shownDefault;
    return tagged(optionLabel(option), prose(standard === undefined ? option.help : `${option.help} [${standard}]`));
  });
  const text = [
    header(name),
    section('NAME', `${roff(name)} \\- ${roff(spelling === undefined ? spec.summary : `as synod ${spec.name}`)}`),
    section(
      'SYNOPSIS',
      `${bold(shown)}\n${roff('[options]')}${spec.positional === '' ? '' : `\n${roff(spec.positional)}`}`,
    ),
    section('DESCRIPTION', prose(spelling?.about ?? spec.about)),
    section('OPTIONS', ...options),
    exitStatus(),
    exampleLines(spelling?.examples ?? spec.examples),
    section('SEE ALSO', [reference('synod'), ...related(spec, spelling).map(reference)].join(',\n')),
  ];
  return { name, text: `${text.join('\n')}\n` };
}

/** The command of an old spelling, and the commands that share a first word. */
function related(spec: CommandSpec, spelling?: OldSpelling): string[] {
  const first = spec.name.split(' ')[0];
  const family = commands.filter(({ name }) => name.split(' ')[0] === first);
  return family.filter((other) => spelling !== undefined || other !== spec).map(({ name }) => pageName(name));
}

function header(name: string): string {
  const title = roff(name.toUpperCase());
  return `.\\" made from the command table: synod man\n.TH ${title} 1 "" "synod ${version}" "synod"\n.nh\n.ad l`;
}

function section(title: string, ...parts: readonly string[]): string {
  return [`.SH ${title}`, ...parts].join('\n');
}

function tagged(label: string, text: string): string {
  return `.TP\n${label}\n${text}`;
}

function optionLabel({ name, value }: OptionSpec): string {
  const label = bold(`--${name}`);
  return value === undefined ? label : `.BI ${roff(`--${name}`)} " ${roff(value)}"`;
}

function exitStatus(): string {
  return section('EXIT STATUS', ...exitMeanings.map(([codes, meaning]) => tagged(bold(codes), prose(meaning))));
}

function exampleLines(lines: readonly string[]): string {
  return section('EXAMPLES', '.nf', '.RS', ...lines.map(roff), '.RE', '.fi');
}

/** A text in lines that a person can read in the source, too. */
function prose(text: string): string {
  return roff(wrap(text, sourceWidth).join('\n'));
}

function bold(text: string): string {
  return `.B ${roff(text)}`;
}

function reference(name: string): string {
  return `.BR ${roff(name)} (1)`;
}

/** A text as roff: every sign stands for itself, in whatever encoding the reader works. */
export function roff(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replace(/^(?=[.'])/gm, '\\&')
    .replaceAll("'", '\\(aq');
  return escaped.replace(/[^\n -~]/gu, (sign) => `\\[u${codePoint(sign)}]`);
}

function codePoint(sign: string): string {
  return (sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}
