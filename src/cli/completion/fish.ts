/** The completion script for fish: one `complete` line for each word that may come, with what help says of it. */
import type { OptionSpec } from '../command.js';
import { type Completed, completedCommands, type Named, programs, whatIsNamed } from './words.js';

/** To be sourced, or kept as `synod.fish` in a folder of $fish_complete_path. */
export function fishCompletion(): string {
  const all = completedCommands();
  const twoWords = all.flatMap(({ line }) => (line.split(' ').length === 3 ? [quoted(line)] : []));
  return `# fish completion for synod; made by: synod completion fish
function __synod_line
    set -l words (commandline -opc)
    set words[1] (string replace -r '.*/' '' -- $words[1])
    switch "$words[1..3]"
        case ${twoWords.join(' ')}
            echo "$words[1..3]"
        case 'synod *'
            echo "$words[1..2]"
        case '*'
            echo $words[1]
    end
end

# The line so far is this command.
function __synod_is
    test "$argv[1]" = (__synod_line)
end

# The next word is the first after this command.
function __synod_ends_with
    set -l words (commandline -opc)
    set words[1] (string replace -r '.*/' '' -- $words[1])
    test "$argv[1]" = "$words"
end

${programs.map((program) => `complete -c ${program} -f`).join('\n')}
${all.flatMap(firstWord).join('\n')}
${all.flatMap(commandLines).join('\n')}
`;
}

function firstWord({ line, summary }: Completed): string[] {
  const [program, word, second] = line.split(' ');
  if (word === undefined || second !== undefined) return [];
  return [`complete -c ${program} -n '__synod_ends_with ${program}' -a ${word} -d ${quoted(summary)}`];
}

const values: Readonly<Record<Named, string>> = {
  file: '-r -F',
  folder: "-x -a '(__fish_complete_directories)'",
  nothing: '-x',
};

function commandLines({ line, options, verbs, rest }: Completed): string[] {
  const [program] = line.split(' ');
  const start = (condition: string): string => `complete -c ${program} -n '${condition} "${line}"'`;
  const lines = options.map((option) => `${start('__synod_is')} ${optionWords(option)}`);
  if (verbs.length > 0) lines.push(`${start('__synod_ends_with')} -a ${quoted(verbs.join(' '))}`);
  if (rest === 'file') lines.push(`${start('__synod_is')} -F`);
  if (rest === 'folder') lines.push(`${start('__synod_is')} ${values.folder.replace('-x', '-f')}`);
  return lines;
}

function optionWords({ name, value, help, choices }: OptionSpec): string {
  const takes =
    value === undefined
      ? ''
      : `${choices === undefined ? values[whatIsNamed(value)] : `-x -a ${quoted(choices.join(' '))}`} `;
  return `-l ${name} ${takes}-d ${quoted(help)}`;
}

/** Fish knows \\' and \\\\ between single quotes. */
function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
