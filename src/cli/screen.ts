/** Whether the chat gets the whole screen, and how it is set up for it. */
import type { ReadStream, WriteStream } from 'node:tty';
import { nodeClock } from '../base/index.js';
import type { ChatClient } from '../client/index.js';
import { type FaultControl, ScreenChat, type ThemeName } from '../tui/index.js';
import type { Call } from './command.js';
import { readApi } from './values.js';

/** Words from the program around a chat: on stderr, or on the screen while a chat has that. */
export class Notes {
  readonly #write: (text: string) => void;
  #kept: string[] | undefined;
  #listener: ((text: string) => void) | undefined;

  /** `isKept`: what is said before the screen is there waits for it. */
  constructor(write: (text: string) => void, isKept: boolean) {
    this.#write = write;
    this.#kept = isKept ? [] : undefined;
  }

  readonly note = (text: string): void => {
    if (this.#listener !== undefined) this.#listener(text);
    else if (this.#kept !== undefined) this.#kept.push(text);
    else this.#write(text);
  };

  /** From now on the screen gets them; first of all those that were kept. */
  attach(listener: (text: string) => void): void {
    this.#listener = listener;
    for (const text of this.#kept?.splice(0) ?? []) listener(text);
  }

  /** The screen is gone, or never came. */
  detach(): void {
    this.#listener = undefined;
    for (const text of this.#kept?.splice(0) ?? []) this.#write(text);
    this.#kept = undefined;
  }
}

/** On a terminal that can move its cursor, unless lines were asked for. */
export function wantsScreen({ options, stdin, environment }: Call): boolean {
  if (options.has('plain') || options.has('json')) return false;
  return stdin.isTTY === true && process.stdout.isTTY === true && (environment.TERM ?? '') !== 'dumb';
}

/** The fault proxy that `--proxy-api` names, else the one at `api`, if any. */
export async function faultsOf(call: Call, api: string | undefined): Promise<FaultControl | undefined> {
  const given = call.options.text('proxy-api');
  const address = given === undefined ? api : readApi('--proxy-api', given);
  // With it comes the face of the proxy, which few chats need.
  if (address === undefined) return undefined;
  const [{ faultControl }, { apiToken }] = await Promise.all([import('./chat-faults.js'), import('./proxy-api.js')]);
  return faultControl(address, apiToken(call));
}

/** Chats until the user leaves. Resolves to the exit code. */
export async function screenChat(
  call: Call,
  client: ChatClient,
  { name, room, faults }: { readonly name: string; readonly room: string; readonly faults: FaultControl | undefined },
  notes: Notes,
  isNewUser: boolean,
): Promise<number> {
  const { environment } = call;
  const signal = AbortSignal.any([call.signal, hangup()]);
  const chat = new ScreenChat({
    client,
    name,
    room,
    input: call.stdin as ReadStream,
    output: process.stdout as WriteStream,
    environment,
    clock: nodeClock,
    theme: themeOf(environment),
    faults,
    signal,
    notes: isNewUser ? firstWords : [],
    onNote: (listener) => notes.attach(listener),
    onRestored: () => notes.detach(),
  });
  await chat.run();
  await client.close();
  for (const { room: where, text, wasSent } of chat.unsent) {
    call.output.note(`${wasSent ? 'not confirmed, it may be in or not' : 'not sent'}: ${where} ${text}`);
  }
  return 0;
}

/** The window was closed: the chat, and a demo around it, end in order, with nobody there to be told. */
function hangup(): AbortSignal {
  const controller = new AbortController();
  process.on('SIGHUP', () => {
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
    controller.abort();
  });
  return controller.signal;
}

const firstWords: readonly string[] = [
  'Type a line and press Enter: everybody in the room sees it. A tick means that it is in the log of a majority, for good.',
  'Tab completes names and commands, PageUp scrolls back, M-a goes to the next unread room (M- is Alt, or Esc before the key).',
  'F1 or /help shows every key and command; C-d or /quit leaves.',
];

/** Terminals that tell their colours do it as `15;0`: text on background. */
function themeOf({ COLORFGBG, NO_COLOR }: NodeJS.ProcessEnv): ThemeName {
  if ((NO_COLOR ?? '') !== '') return 'mono';
  const background = /;(\d+)$/.exec(COLORFGBG ?? '')?.[1];
  return background === '7' || background === '15' ? 'light' : 'dark';
}
