/** The completion script for zsh: one `_arguments` call for each command, with what help says of each option. */
import type { OptionSpec } from '../command.js';
import { type Completed, completedCommands, type Named, programs, quoted, whatIsNamed } from './words.js';

/** To be sourced after compinit, or kept as `_synod` in a folder of $fpath. */
export function zshCompletion(): string {
  const all = completedCommands();
  const twoWords = all.filter(({ line }) => line.split(' ').length === 3).map(({ line }) => quoted(line));
  const first = all.filter(({ line }) => /^synod \S+$/.test(line));
  return `#compdef ${programs.join(' ')}
# zsh completion for synod; made by: synod completion zsh
_synod() {
  local line=$service
  if [[ $service == synod ]]; then
    if (( CURRENT == 2 )); then
      local -a commands=(
${first.map(({ line, summary }) => `        ${quoted(`${line.slice('synod '.length)}:${summary}`)}`).join('\n')}
      )
      _describe -t commands 'synod command' commands
      return
    fi
    line="synod $words[2]"
    shift words
    (( CURRENT-- ))
    if (( CURRENT > 2 )); then
      case "$line $words[2]" in
        (${twoWords.join('|')})
          line="$line $words[2]"
          shift words
          (( CURRENT-- ))
          ;;
      esac
    fi
  fi
  case $line in
${all.map(commandCase).join('\n')}
  esac
}
(( $+functions[compdef] )) && compdef _synod ${programs.join(' ')}
# In a folder of $fpath this file is the function's body.
if [[ $funcstack[1] == _synod ]]; then _synod "$@"; fi
`;
}

const actions: Readonly<Record<Named, string>> = { file: '_files', folder: '_files -/', nothing: ' ' };

function commandCase({ line, options, verbs, rest }: Completed): string {
  const specs = options.map((option) => quoted(optionSpec(option)));
  if (verbs.length > 0) specs.push(quoted(`1: :(${verbs.join(' ')})`));
  if (rest !== 'nothing') specs.push(quoted(`*: :${actions[rest]}`));
  if (specs.length === 0) specs.push("'*: : '");
  return `    (${quoted(line)})\n      _arguments ${specs.join(' \\\n        ')}\n      ;;`;
}

function optionSpec({ name, value, help, choices, repeats }: OptionSpec): string {
  const text = help.replace(/[[\]\\]/g, '\\$&');
  if (value === undefined) return `--${name}[${text}]`;
  const action = choices === undefined ? actions[whatIsNamed(value)] : `(${choices.join(' ')})`;
  return `${repeats === true ? '*' : ''}--${name}=[${text}]:${value.replaceAll(':', '\\:')}:${action}`;
}
