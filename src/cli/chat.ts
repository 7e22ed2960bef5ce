/** `synod chat`: the client library on the whole screen, or in line mode between stdin and stdout. */
import { ChatClient, configDirectory, hasIdentity, loadIdentity } from '../client/index.js';
import type { FaultControl } from '../tui/index.js';
import type { Call } from './command.js';
import { jsonLine, type LineEvent, plainLine } from './events.js';
import { LineChat } from './line-chat.js';
import { eachLine } from './lines.js';
import { faultsOf, Notes, screenChat, wantsScreen } from './screen.js';
import {
  nameFromLogin,
  readAddress,
  readAddresses,
  readDurationMs,
  readHistory,
  readName,
  readRoom,
} from './values.js';

/** The client's window: lines typed or piped are submitted so many at a time. */
export const windowLines = 256;

export async function chat(call: Call): Promise<number> {
  const { options } = call;
  const notes = new Notes(call.output.note, wantsScreen(call));
  return runChat(call, connectionOptions(call), readHistory('--history', options.text('history') ?? 'all'), { notes });
}

/** Where to connect: the options `--server` and `--balancer`. */
export interface Connection {
  readonly balancers: readonly string[];
  readonly server?: string;
}

export function connectionOptions(call: Call): Connection {
  const server = call.options.text('server');
  if (server !== undefined) return { balancers: [], server: readAddress('--server', server) };
  return { balancers: readAddresses('--balancer', call.options.text('balancer') ?? '') };
}

/** `--name`, else the login name made valid. */
export function chatName(call: Call): string {
  const given = call.options.text('name');
  return given === undefined ? nameFromLogin(call.environment.USER) : readName('--name', given);
}

/** Prints events in the form asked for: JSON with `--json`, else plain. */
export function eventPrinter(call: Call, mainRoom: string): (event: LineEvent) => void {
  const isJson = call.options.has('json');
  return (event) => call.output.line(isJson ? jsonLine(event) : plainLine(event, mainRoom));
}

/** What the program around a chat knows: `demo` has a fault proxy, and words for the user. */
export interface Surroundings {
  readonly notes: Notes;
  /** The address of a fault proxy's control API, unless `--proxy-api` names another one. */
  readonly api?: string;
}

/** Chats, on the screen or in lines, until the input, the user or a refusal ends it. Resolves to the exit code. */
export async function runChat(
  call: Call,
  connection: Connection,
  history: 'all' | number,
  { notes, api }: Surroundings,
): Promise<number> {
  const room = readRoom('--room', call.options.text('room') ?? '');
  const name = chatName(call);
  const directory = configDirectory(call.environment);
  const isNewUser = !hasIdentity(directory);
  const token = loadIdentity(directory);
  const client = new ChatClient({ name, token, window: windowLines, ...connection });
  if (wantsScreen(call)) {
    return screenChat(call, client, { name, room, faults: await faultsOf(call, api) }, notes, isNewUser);
  }
  notes.detach();
  return lineChat(call, client, room, history, await faultsOf(call, api));
}

async function lineChat(
  call: Call,
  client: ChatClient,
  room: string,
  history: 'all' | number,
  faults: FaultControl | undefined,
): Promise<number> {
  const { options } = call;
  const chat = new LineChat(client, {
    room,
    history,
    timeoutMs: readDurationMs('--timeout', options.text('timeout') ?? ''),
    print: eventPrinter(call, room),
    note: call.output.note,
    ...(faults === undefined ? {} : { faults }),
    ...(options.has('json') ? {} : { onTopic: (where, topic) => call.output.note(`topic of ${where}: ${topic}`) }),
  });
  const left = new AbortController();
  const signal = AbortSignal.any([call.signal, left.signal]);
  chat.start();
  const interrupted = new Promise<number>((resolve) => {
    call.signal.addEventListener('abort', () => resolve(0), { once: true });
  });
  const typed = eachLine(call.stdin, signal, (line) => chat.take(line)).then(() => chat.finish());
  const code = await Promise.race([typed, chat.ended, interrupted]);
  left.abort();
  await client.close();
  return code;
}
