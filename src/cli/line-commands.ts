/**
 * What a line of input asks for: a message, or a command that begins with a slash. One table, from which /help is made.
 */
import { nearest } from './go-flags.js';

export type LineAction =
  | { readonly kind: 'nothing' | 'names' | 'rooms' | 'help' | 'quit' }
  | { readonly kind: 'post' | 'action' | 'topic'; readonly text: string }
  | { readonly kind: 'join' | 'part'; readonly room: string }
  | { readonly kind: 'nick'; readonly name: string }
  | { readonly kind: 'message'; readonly to: string; readonly text: string }
  | { readonly kind: 'wrong'; readonly text: string };

interface LineCommand {
  readonly name: string;
  readonly usage: string;
  readonly help: string;
  readonly read: (rest: string) => LineAction | undefined;
}

/** `read` gives undefined when what follows the command is not what its usage says. */
const lineCommands: readonly LineCommand[] = [
  { name: 'join', usage: '/join ROOM', help: 'enter a room and speak there', read: (rest) => room('join', rest) },
  {
    name: 'part',
    usage: '/part [ROOM]',
    help: 'leave a room',
    read: (rest) => (rest === '' ? { kind: 'part', room: '' } : room('part', rest)),
  },
  {
    name: 'nick',
    usage: '/nick NAME',
    help: 'take another name',
    read: (rest) => (/^\S+$/.test(rest) ? { kind: 'nick', name: rest } : undefined),
  },
  { name: 'msg', usage: '/msg NAME TEXT', help: 'say something to one person only', read: privateMessage },
  {
    name: 'me',
    usage: '/me TEXT',
    help: 'say what you do',
    read: (text) => (text === '' ? undefined : { kind: 'action', text }),
  },
  { name: 'topic', usage: '/topic [TEXT]', help: "set the room's topic", read: (text) => ({ kind: 'topic', text }) },
  { name: 'names', usage: '/names', help: 'who is in the room', read: (rest) => alone('names', rest) },
  { name: 'rooms', usage: '/rooms', help: 'the rooms you are in', read: (rest) => alone('rooms', rest) },
  { name: 'help', usage: '/help', help: 'this list', read: () => ({ kind: 'help' }) },
  { name: 'quit', usage: '/quit', help: 'leave the chat', read: (rest) => alone('quit', rest) },
];

/** Reads one line of input. A doubled slash begins a message with a slash; an empty line asks for nothing. */
export function readLineAction(line: string): LineAction {
  if (line.trim() === '') return { kind: 'nothing' };
  if (!line.startsWith('/')) return { kind: 'post', text: line };
  if (line.startsWith('//')) return { kind: 'post', text: line.slice(1) };
  const [, word = '', rest = ''] = /^\/(\S*)\s*(.*)$/s.exec(line) ?? [];
  const command = lineCommands.find((candidate) => candidate.name === word.toLowerCase());
  if (command === undefined) {
    const guess = nearest(
      word,
      lineCommands.map((candidate) => candidate.name),
    );
    const hint =
      guess === undefined ? '/help lists them; // begins a message with a slash.' : `Did you mean /${guess}?`;
    return { kind: 'wrong', text: `No command /${word}. ${hint}` };
  }
  return command.read(rest.trim()) ?? { kind: 'wrong', text: `Write it as ${command.usage}` };
}

/** The lines that /help prints. */
export function lineHelp(): string[] {
  const width = Math.max(...lineCommands.map((command) => command.usage.length));
  const list = lineCommands.map((command) => `${command.usage.padEnd(width)}  ${command.help}`);
  return [...list, `${'//text'.padEnd(width)}  a message that begins with a slash`];
}

function room(kind: 'join' | 'part', rest: string): LineAction | undefined {
  if (!/^\S+$/.test(rest)) return undefined;
  return { kind, room: /^[#@]/.test(rest) ? rest : `#${rest}` };
}

function alone(kind: 'names' | 'rooms' | 'quit', rest: string): LineAction | undefined {
  return rest === '' ? { kind } : undefined;
}

function privateMessage(rest: string): LineAction | undefined {
  const found = /^(\S+)\s+(.+)$/s.exec(rest);
  return found === null ? undefined : { kind: 'message', to: found[1] as string, text: found[2] as string };
}
