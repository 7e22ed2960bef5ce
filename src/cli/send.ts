/** `synod send`: submits one message, or one for each line of stdin, and waits until all are committed. */

import { exitCodes } from '../base/index.js';
import { ChatClient, configDirectory, type ErrorEvent, type FinalCode, loadIdentity } from '../client/index.js';
import { chatName, connectionOptions, eventPrinter, windowLines } from './chat.js';
import type { Call } from './command.js';
import { eachLine } from './lines.js';
import { sanitise } from './sanitise.js';
import { readDurationMs, readRoom } from './values.js';

/** Reading pauses while so many lines are open. */
const openLinesMax = 4_096;

export async function send(call: Call): Promise<number> {
  const { options, output } = call;
  const room = readRoom('--room', options.text('room') ?? '');
  const timeoutMs = readDurationMs('--timeout', options.text('timeout') ?? '');
  const client = new ChatClient({
    name: chatName(call),
    token: loadIdentity(configDirectory(call.environment)),
    window: windowLines,
    ...connectionOptions(call),
  });
  const progress = new Progress();
  const print = eventPrinter(call, room);
  client.on('connected', () => progress.onConnected());
  client.on('disconnected', (event) => progress.onTrouble(event.reason));
  client.on('quorum', (event) => {
    if (!event.ok) progress.onTrouble(`no quorum: ${event.up} of ${event.servers} servers answer`);
  });
  client.on('error', (event) => progress.onError(event));
  client.on('state', (event) => {
    if (options.has('json')) print(event);
    else if (event.reason !== undefined)
      output.note(`${call.program}: message ${event.id} ${event.state}: ${event.reason}`);
  });
  client.connect();

  const submit = async (text: string): Promise<void> => {
    client.post(room, text, (code, slot, n) => {
      progress.onOutcome(code);
      if (options.has('json')) return;
      if (code === 'ok') output.line(`committed ${sanitise(room)} ${n} slot ${slot}`);
    });
    if (client.openLines >= openLinesMax) await progress.outcome();
  };
  const text = call.positionals.join(' ');
  const isGiven = call.positionals.length > 0;
  const given = isGiven
    ? submit(text)
    : eachLine(call.stdin, call.signal, (line) => (line === '' ? done() : submit(line)));
  const stopped = Promise.race([progress.refused, aborted(call.signal)]);
  const code = await Promise.race([given.then(() => settle(client, progress, timeoutMs)), stopped]);
  // What became of each message first, the cause and what to do about it last.
  await client.close();
  if (code !== exitCodes.ok && progress.trouble !== '') output.note(`${call.program}: ${progress.trouble}`);
  return code;
}

async function done(): Promise<void> {}

async function settle(client: ChatClient, progress: Progress, timeoutMs: number): Promise<number> {
  const drained = await client.drain(timeoutMs);
  return progress.exitCode(drained);
}

function aborted(signal: AbortSignal): Promise<number> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(exitCodes.ok), { once: true }));
}

/** What has become of the messages so far. */
class Progress {
  /** Why it may take long, in words; empty when nothing is known to be wrong. */
  trouble = '';
  /** Resolves with the exit code when nothing more can succeed: the name belongs to somebody else. */
  readonly refused: Promise<number>;
  #refuse: ((code: number) => void) | undefined;
  #everConnected = false;
  #someRefused = false;
  #someUnknown = false;
  #wake: (() => void) | undefined;

  constructor() {
    this.refused = new Promise((resolve) => {
      this.#refuse = resolve;
    });
  }

  onConnected(): void {
    this.#everConnected = true;
    this.trouble = '';
  }

  onTrouble(text: string): void {
    this.trouble = text;
  }

  onError(event: ErrorEvent): void {
    this.trouble = event.text;
    if (event.code === 'NAME_TAKEN' || event.code === 'BAD_NAME') this.#refuse?.(exitCodes.refused);
  }

  onOutcome(code: FinalCode): void {
    if (code === 'UNKNOWN') this.#someUnknown = true;
    else if (code !== 'ok') this.#someRefused = true;
    this.#wake?.();
    this.#wake = undefined;
  }

  /** Resolves with the next outcome. */
  outcome(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Unknown wins over refused (CONTRACT.md, Exit codes); without any connection nothing can have been sent. */
  exitCode(drained: boolean): number {
    if (!drained && !this.#everConnected) return exitCodes.unreachable;
    if (!drained || this.#someUnknown) return exitCodes.unknown;
    return this.#someRefused ? exitCodes.refused : exitCodes.ok;
  }
}
