/** The completion script for bash: plain lists in two case statements, so that no process is started for a Tab. */
import type { OptionSpec } from '../command.js';
import { type Completed, completedCommands, programs, quoted, whatIsNamed } from './words.js';

/** Works from bash 3.2 on, with or without the package bash-completion. */
export function bashCompletion(): string {
  const all = completedCommands();
  const twoWords = all.filter(({ line }) => line.split(' ').length === 3).map(({ line }) => quoted(line));
  return `# bash completion for synod; made by: synod completion bash
_synod_words() { COMPREPLY=($(compgen -W "$1" -- "$cur")); }
_synod_file() { local IFS=$'\\n'; compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); }
_synod_folder() { local IFS=$'\\n'; compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$cur")); }

_synod() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} line=\${COMP_WORDS[0]##*/} next=1
  COMPREPLY=()
  # --x=y comes as three words.
  if [[ $cur == '=' ]]; then cur=''; elif [[ $prev == '=' ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  if [[ $line == synod && $COMP_CWORD -eq 1 ]]; then
    if [[ $cur == -* ]]; then _synod_words '--help --version'; else _synod_words ${quoted(firstWords(all))}; fi
    return
  fi
  if [[ $line == synod ]]; then
    line="synod \${COMP_WORDS[1]}" next=2
    if ((COMP_CWORD > 2)); then
      case "$line \${COMP_WORDS[2]}" in
        ${twoWords.join(' | ')}) line="$line \${COMP_WORDS[2]}" next=3 ;;
      esac
    fi
  fi
  if [[ $prev == -?* && $prev != -- ]]; then
    prev=\${prev#-}
    case "$line/\${prev#-}" in
${all.flatMap(valueCases).join('\n')}
    esac
  fi
  case "$line" in
${all.map(commandCase).join('\n')}
  esac
}

complete -F _synod ${programs.join(' ')}
`;
}

function firstWords(all: readonly Completed[]): string {
  const words = all.filter(({ line }) => line.startsWith('synod ')).map(({ line }) => line.split(' ')[1]);
  return [...new Set(words)].join(' ');
}

/** What is offered after an option that takes a value; nothing where nobody can guess it. */
function valueCases({ line, options }: Completed): string[] {
  return options.flatMap((option) =>
    option.value === undefined ? [] : [`      ${quoted(`${line}/${option.name}`)}) ${valueWords(option)}return ;;`],
  );
}

function valueWords({ value = '', choices }: OptionSpec): string {
  if (choices !== undefined) return `_synod_words ${quoted(choices.join(' '))}; `;
  const named = whatIsNamed(value);
  return named === 'nothing' ? '' : `_synod_${named}; `;
}

function commandCase({ line, options, verbs, rest }: Completed): string {
  const dashed = `_synod_words ${quoted(options.map(({ name }) => `--${name}`).join(' '))}`;
  const verb = verbs.length === 0 ? '' : `elif ((COMP_CWORD == next)); then _synod_words ${quoted(verbs.join(' '))}; `;
  const other = rest === 'nothing' ? '' : `else _synod_${rest}; `;
  return `    ${quoted(line)}) if [[ $cur == -* ]]; then ${dashed}; ${verb}${other}fi ;;`;
}
