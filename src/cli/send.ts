/**
 * `synod send`: submits one message, or one for each line of stdin, and waits until all are committed. When another
 * cluster takes the place of the one they were written for, it reads no further and ends (decision 0020).
 */

import { exitCodes, sanitise } from '../base/index.js';
import {
  ChatClient,
  configDirectory,
  type ErrorEvent,
  type FinalCode,
  isLockedOut,
  loadIdentity,
  type QuorumEvent,
} from '../client/index.js';
import { chatName, connectionOptions, eventPrinter, windowLines } from './chat.js';
import type { Call } from './command.js';
import { eachLine } from './lines.js';
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
  client.on('disconnected', (event) => progress.onDisconnected(event.reason));
  client.on('quorum', (event) => progress.onQuorum(event));
  const reading = new AbortController();
  client.on('cluster', ({ text }) => {
    reading.abort();
    output.note(`${call.program}: ${text}`);
    progress.onCluster();
  });
  client.on('error', (event) => progress.onError(event, client.sessionState === 'refused'));
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
    if (client.openLines >= openLinesMax) await progress.outcome(timeoutMs);
  };
  const text = call.positionals.join(' ');
  const isGiven = call.positionals.length > 0;
  const given = isGiven
    ? submit(text)
    : eachLine(call.stdin, AbortSignal.any([call.signal, reading.signal]), (line) =>
        line === '' ? done() : submit(line),
      );
  const stopped = Promise.race([progress.ended, aborted(call.signal)]);
  const code = await Promise.race([given.then(() => settle(client, progress, timeoutMs)), stopped]);
  // What became of each message first, the cause and what to do about it last.
  await client.close();
  if (code !== exitCodes.ok && progress.trouble !== '') output.note(`${call.program}: ${progress.trouble}`);
  return code;
}

async function done(): Promise<void> {}

async function settle(client: ChatClient, progress: Progress, timeoutMs: number): Promise<number> {
  const drained = await client.drain(timeoutMs);
  return progress.conclude(drained);
}

function aborted(signal: AbortSignal): Promise<number> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(exitCodes.ok), { once: true }));
}

/** What has become of the messages so far. */
class Progress {
  /** Resolves with the exit code when nothing more can succeed: the name is somebody else's, or nothing moves. */
  readonly ended: Promise<number>;
  #end: ((code: number) => void) | undefined;
  #otherCluster = '';
  #error = '';
  #noQuorum = '';
  #notConnected = '';
  #late = '';
  #everConnected = false;
  #someRefused = false;
  #someUnknown = false;
  #wake: (() => void) | undefined;

  constructor() {
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Why it may take long, in words; empty when nothing is known to be wrong. */
  get trouble(): string {
    return this.#otherCluster || this.#error || this.#noQuorum || this.#notConnected || this.#late;
  }

  onConnected(): void {
    this.#everConnected = true;
    this.#error = '';
    this.#notConnected = '';
  }

  onDisconnected(reason: string): void {
    this.#notConnected = reason;
  }

  /** Told once when it changes, be it by the balancer before there is a connection or by the server connected to. */
  onQuorum({ ok, up, servers }: QuorumEvent): void {
    const advice = 'nothing is committed until a majority is back, see synod status';
    this.#noQuorum = ok ? '' : `No quorum: ${up} of ${servers} servers ${up === 1 ? 'answers' : 'answer'}; ${advice}`;
  }

  /** All that was submitted has ended; what was not read yet was meant for the cluster before. */
  onCluster(): void {
    this.#otherCluster = 'Nothing more is read or sent; look what is missing, and send that again';
    this.#end?.(exitCodes.unknown);
  }

  /** Without a session nothing more succeeds; in one, each message is answered. */
  onError(event: ErrorEvent, isNameRefused: boolean): void {
    this.#error = event.text;
    if (isNameRefused || (isLockedOut(event.code) && !this.#everConnected)) this.#end?.(exitCodes.refused);
  }

  onOutcome(code: FinalCode): void {
    if (code === 'UNKNOWN') this.#someUnknown = true;
    else if (code !== 'ok') this.#someRefused = true;
    this.#wake?.();
    this.#wake = undefined;
  }

  /** Resolves with the next outcome; if none comes in time, the rest of the input has no better prospects. */
  outcome(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#end?.(this.conclude(false));
        resolve();
      }, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /**
   * The exit code. Unknown wins over refused (CONTRACT.md, Exit codes); without any connection nothing can have been
   * sent.
   */
  conclude(drained: boolean): number {
    if (!drained)
      this.#late = 'No answer came in time; look how the servers are: synod status, or wait longer: --timeout';
    if (!drained && !this.#everConnected) return exitCodes.unreachable;
    if (!drained || this.#someUnknown) return exitCodes.unknown;
    return this.#someRefused ? exitCodes.refused : exitCodes.ok;
  }
}
