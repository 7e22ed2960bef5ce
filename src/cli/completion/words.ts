/** What can stand in a command line, by command: the command table as the completion scripts need it. */
import type { OptionSpec } from '../command.js';
import { commands, oldSpellings, test1 } from '../command-table.js';
import { optionsOf } from '../parse.js';
import { topics } from '../topics.js';

/** One command line's beginning and what may follow it. */
export interface Completed {
  /** The program, and the one or two words of its command: `synod server replace`, `srunner`. */
  readonly line: string;
  readonly summary: string;
  readonly options: readonly OptionSpec[];
  /** The words that may come next. */
  readonly verbs: readonly string[];
  /** What later words name. */
  readonly rest: Named;
}

/** What a value names, where a shell can look it up. */
export type Named = 'file' | 'folder' | 'nothing';

/** The programs that get completions. */
export const programs: readonly string[] = ['synod', ...oldSpellings.map(({ program }) => program), test1.name];

/** Every command, the `synod` ones first. */
export function completedCommands(): readonly Completed[] {
  const firstWords = [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? ''))];
  const named = commands.map((spec) => ({
    line: `synod ${spec.name}`,
    summary: spec.summary,
    options: optionsOf(spec),
    verbs: spec.name === 'man' ? firstWords : [...(spec.verbs ?? []), ...secondWords(spec.name)],
    rest: whatIsNamed(spec.positional),
  }));
  const spelled = oldSpellings.map((spelling) => {
    const spec = commands.find(({ name }) => name === spelling.command);
    return { line: spelling.program, options: spec === undefined ? [] : optionsOf(spec, spelling) };
  });
  const none = { verbs: [], rest: 'nothing' } as const;
  return [
    ...named,
    ...families(),
    { ...none, line: 'synod help', summary: 'tell about a command or a topic', options: [], verbs: helpWords() },
    ...spelled.map((one) => ({ ...none, ...one, summary: 'an old spelling' })),
    { ...none, line: test1.name, summary: test1.summary, options: optionsOf(test1) },
  ];
}

/** First words that are no command by themselves, as `bench`. */
function families(): Completed[] {
  const first = commands.map(({ name }) => name.split(' ')[0] ?? '');
  const orphans = [...new Set(first)].filter((word) => !commands.some(({ name }) => name === word));
  return orphans.map((word) => {
    const verbs = secondWords(word);
    return { line: `synod ${word}`, summary: verbs.join(', '), options: [], verbs, rest: 'nothing' };
  });
}

function helpWords(): string[] {
  const first = commands.map(({ name }) => name.split(' ')[0] ?? '');
  return [...new Set([...first, ...topics.map(({ name }) => name)])];
}

function secondWords(first: string): string[] {
  return commands.flatMap(({ name }) => (name.startsWith(`${first} `) ? [name.slice(first.length + 1)] : []));
}

/** What a placeholder such as `FILE` or `dump|check DIR` asks for. */
export function whatIsNamed(placeholder: string): Named {
  if (placeholder.includes('DIR')) return 'folder';
  return placeholder.includes('FILE') ? 'file' : 'nothing';
}

/** A text between single quotes of a POSIX shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
