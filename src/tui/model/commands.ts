/**
 * The slash commands, in one table: it reads them, completes them, prints /help and stands in the manual. Line mode has
 * those that need no screen.
 */
import { assert, nearest } from '../../base/index.js';
import type { FaultAction } from './faults.js';
import type { ThemeName } from './model.js';

export type Command =
  | { readonly kind: 'nothing' | 'names' | 'rooms' | 'help' | 'quit' }
  | { readonly kind: 'post' | 'action' | 'topic'; readonly text: string }
  | { readonly kind: 'join' | 'part'; readonly room: string }
  | { readonly kind: 'nick'; readonly name: string }
  | { readonly kind: 'message'; readonly to: string; readonly text: string }
  | { readonly kind: 'wrong'; readonly text: string }
  | { readonly kind: 'retry' | 'edit' | 'drop' | 'cancel' | 'status' | 'links' | 'newest' }
  /** A server's number, or its address. */
  | { readonly kind: 'server'; readonly to: string }
  | { readonly kind: 'search'; readonly query: string }
  | { readonly kind: 'goto'; readonly n: number }
  | { readonly kind: 'gotoSlot'; readonly slot: number }
  | { readonly kind: 'gotoTime'; readonly text: string }
  /** The post with this number; 0: one's own last line. */
  | { readonly kind: 'why'; readonly n: number }
  | { readonly kind: 'theme'; readonly theme: ThemeName }
  | { readonly kind: 'set'; readonly what: 'bell' | 'mouse' | 'ascii' | 'people'; readonly isOn: boolean }
  | { readonly kind: 'export'; readonly file: string }
  | FaultAction;

/** What a chat has to offer its commands. */
export interface Surface {
  readonly isScreen: boolean;
  /** There is a fault proxy to talk to. */
  readonly hasFaults: boolean;
}

export interface CommandSpec {
  readonly name: string;
  readonly usage: string;
  readonly help: string;
  /** Without these it works everywhere. */
  readonly needs?: { readonly screen?: true; readonly faults?: true };
  /** Undefined when what follows the command is not what its usage says. */
  readonly read: (rest: string) => Command | undefined;
}

export const themeNames: readonly ThemeName[] = ['dark', 'light', 'mono'];

export const commands: readonly CommandSpec[] = [
  { name: 'join', usage: '/join ROOM', help: 'enter a room and speak there', read: readRoom('join') },
  {
    name: 'part',
    usage: '/part [ROOM]',
    help: 'leave a room',
    read: (rest) => (rest === '' ? { kind: 'part', room: '' } : readRoom('part')(rest)),
  },
  {
    name: 'nick',
    usage: '/nick NAME',
    help: 'take another name',
    read: (rest) => (/^\S+$/.test(rest) ? { kind: 'nick', name: rest } : undefined),
  },
  {
    name: 'msg',
    usage: '/msg NAME TEXT',
    help: 'say something to one person only',
    read: readPrivate,
  },
  {
    name: 'me',
    usage: '/me TEXT',
    help: 'say what you do',
    read: (text) => (text === '' ? undefined : { kind: 'action', text }),
  },
  {
    name: 'topic',
    usage: '/topic [TEXT]',
    help: "set the room's topic",
    read: (text) => ({ kind: 'topic', text }),
  },
  { name: 'names', usage: '/names', help: 'who is in the room', read: alone('names') },
  { name: 'rooms', usage: '/rooms', help: 'the rooms you are in', read: alone('rooms') },
  {
    name: 'search',
    usage: '/search TEXT',
    help: 'find what was said, as C-r does',
    needs: { screen: true },
    read: (query) => (query === '' ? undefined : { kind: 'search', query }),
  },
  {
    name: 'goto',
    usage: '/goto N|sSLOT|[DAY] HH:MM|end',
    help: 'jump to a message by its number, slot or time',
    needs: { screen: true },
    read: readGoto,
  },
  {
    name: 'why',
    usage: '/why [N]',
    help: "a message's slot, ballot and time to commit; without N your last one's",
    needs: { screen: true },
    read: (rest) => (/^\d{0,15}$/.test(rest) ? { kind: 'why', n: Number(rest) } : undefined),
  },
  { name: 'retry', usage: '/retry', help: 'send again what has failed', needs: { screen: true }, read: alone('retry') },
  {
    name: 'edit',
    usage: '/edit',
    help: 'take what failed last back to change it',
    needs: { screen: true },
    read: alone('edit'),
  },
  { name: 'drop', usage: '/drop', help: 'forget what has failed', needs: { screen: true }, read: alone('drop') },
  {
    name: 'cancel',
    usage: '/cancel',
    help: 'take back your last message that is still queued',
    needs: { screen: true },
    read: alone('cancel'),
  },
  { name: 'status', usage: '/status', help: 'how the servers are', read: alone('status') },
  {
    name: 'server',
    usage: '/server N|HOST:PORT',
    help: 'go on with another server',
    needs: { screen: true },
    read: (rest) => (/^(s?\d{1,5}|\S+:\d{1,5})$/.test(rest) ? { kind: 'server', to: rest } : undefined),
  },
  {
    name: 'theme',
    usage: '/theme dark|light|mono',
    help: 'colours for your background',
    needs: { screen: true },
    read: (rest) => {
      const theme = themeNames.find((name) => name === rest);
      return theme === undefined ? undefined : { kind: 'theme', theme };
    },
  },
  {
    name: 'set',
    usage: '/set bell|mouse|ascii|people on|off',
    help: 'switch something on or off',
    needs: { screen: true },
    read: readSetting,
  },
  {
    name: 'export',
    usage: '/export FILE',
    help: 'write the lines that are loaded into a new file',
    needs: { screen: true },
    read: (file) => (file === '' ? undefined : { kind: 'export', file }),
  },
  {
    name: 'links',
    usage: '/links',
    help: 'links between servers, as F3',
    needs: { screen: true, faults: true },
    read: alone('links'),
  },
  {
    name: 'cut',
    usage: '/cut A B [--one-way]',
    help: 'nothing passes between two servers',
    needs: { faults: true },
    read: (rest) => {
      const [a, b, oneWay, ...more] = rest.split(/\s+/);
      if (a === undefined || b === undefined || more.length > 0) return undefined;
      if (oneWay !== undefined && oneWay !== '--one-way') return undefined;
      return { kind: 'cut', a, b, oneWay: oneWay !== undefined };
    },
  },
  {
    name: 'delay',
    usage: '/delay A B 200ms±50ms',
    help: 'frames between two servers are late',
    needs: { faults: true },
    read: (rest) => threeWords(rest, (a, b, time) => ({ kind: 'delay', a, b, time })),
  },
  {
    name: 'loss',
    usage: '/loss A B 20%',
    help: 'frames between two servers are lost',
    needs: { faults: true },
    read: (rest) => threeWords(rest, (a, b, share) => ({ kind: 'loss', a, b, share })),
  },
  { name: 'heal', usage: '/heal', help: 'take every fault away', needs: { faults: true }, read: alone('heal') },
  { name: 'help', usage: '/help', help: 'this list', read: () => ({ kind: 'help' }) },
  { name: 'quit', usage: '/quit', help: 'leave the chat', read: alone('quit') },
];

/** The commands that can be given there. */
export function commandsAt(surface: Surface): readonly CommandSpec[] {
  return commands.filter((command) => whyNot(command, surface) === undefined);
}

/** Why a command can't be given there, and what to do about it. */
function whyNot({ needs }: CommandSpec, { isScreen, hasFaults }: Surface): string | undefined {
  if (needs?.screen === true && !isScreen) {
    return 'needs the full screen: start synod chat on a terminal without --plain and --json';
  }
  if (needs?.faults !== true || hasFaults) return undefined;
  return "needs a fault proxy: start the chat with --proxy-api HOST:PORT, its control API's address";
}

/** Reads what was typed. A doubled slash begins a message with a slash; nothing but space asks for nothing. */
export function readCommand(typed: string, surface: Surface): Command {
  if (typed.trim() === '') return { kind: 'nothing' };
  if (!typed.startsWith('/')) return { kind: 'post', text: typed };
  if (typed.startsWith('//')) return { kind: 'post', text: typed.slice(1) };
  const [, word = '', rest = ''] = /^\/(\S*)\s*(.*)$/s.exec(typed) ?? [];
  const known = commandsAt(surface);
  const command = known.find(({ name }) => name === word.toLowerCase());
  if (command !== undefined)
    return command.read(rest.trim()) ?? { kind: 'wrong', text: `Write it as ${command.usage}` };
  const elsewhere = commands.find(({ name }) => name === word.toLowerCase());
  if (elsewhere !== undefined) return { kind: 'wrong', text: `/${elsewhere.name} ${whyNot(elsewhere, surface)}` };
  const guess = nearest(
    word,
    known.map(({ name }) => name),
  );
  const hint = guess === undefined ? '/help lists them; // begins a message with a slash.' : `Did you mean /${guess}?`;
  return { kind: 'wrong', text: `No command /${word}. ${hint}` };
}

/** How a command is written. */
export function usageOf(name: string): string {
  const command = commands.find((one) => one.name === name);
  assert(command !== undefined, `there is no command ${name}`);
  return command.usage;
}

/** What /help lists: how a command is written, and what it does. */
export function commandRows(surface: Surface): (readonly [usage: string, help: string])[] {
  const listed = commandsAt(surface).map(({ usage, help }) => [usage, help] as const);
  return [...listed, ['//text', 'a message that begins with a slash']];
}

/** The same in lines. */
export function commandHelp(surface: Surface): string[] {
  const rows = commandRows(surface);
  const width = Math.max(...rows.map(([usage]) => usage.length));
  return rows.map(([usage, help]) => `${usage.padEnd(width)}  ${help}`);
}

function readRoom(kind: 'join' | 'part') {
  return (rest: string): Command | undefined => {
    if (!/^\S+$/.test(rest)) return undefined;
    return { kind, room: /^[#@]/.test(rest) ? rest : `#${rest}` };
  };
}

function alone(kind: 'names' | 'rooms' | 'quit' | 'retry' | 'edit' | 'drop' | 'cancel' | 'status' | 'links' | 'heal') {
  return (rest: string): Command | undefined => (rest === '' ? { kind } : undefined);
}

function readPrivate(rest: string): Command | undefined {
  const found = /^(\S+)\s+(.+)$/s.exec(rest);
  return found === null ? undefined : { kind: 'message', to: found[1] as string, text: found[2] as string };
}

function readGoto(rest: string): Command | undefined {
  if (rest === 'end') return { kind: 'newest' };
  if (/^#?\d{1,15}$/.test(rest)) return { kind: 'goto', n: Math.max(1, Number(rest.replace('#', ''))) };
  if (/^s\d{1,15}$/.test(rest)) return { kind: 'gotoSlot', slot: Number(rest.slice(1)) };
  return /^(\d{4}-\d\d-\d\d[ T])?\d{1,2}:\d\d$|^\d{4}-\d\d-\d\d$/.test(rest)
    ? { kind: 'gotoTime', text: rest }
    : undefined;
}

function readSetting(rest: string): Command | undefined {
  const found = /^(bell|mouse|ascii|people)\s+(on|off)$/.exec(rest);
  if (found === null) return undefined;
  const what = found[1] as 'bell' | 'mouse' | 'ascii' | 'people';
  return { kind: 'set', what, isOn: found[2] === 'on' };
}

function threeWords(rest: string, make: (a: string, b: string, what: string) => Command): Command | undefined {
  const [a, b, what, ...more] = rest.split(/\s+/);
  return a === undefined || b === undefined || what === undefined || more.length > 0 ? undefined : make(a, b, what);
}
