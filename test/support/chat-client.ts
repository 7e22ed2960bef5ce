/** `synod chat --json` as a real process: says lines, waits for events, and keeps what the checker needs. */
import type { Delivery, Send, Stream } from '../checkers/history.js';
import { Program, type ProgramName } from './program.js';
import type { Talker } from './talker.js';
import { busyMs, nowMs, until } from './until.js';

/** One JSON line of CONTRACT.md, with the moment at which it was read. */
export interface ChatEvent {
  readonly event: string;
  readonly atMs: number;
  readonly id?: number;
  readonly state?: 'queued' | 'sending' | 'committed' | 'unconfirmed' | 'failed';
  readonly server?: number;
  readonly address?: string;
  readonly ok?: boolean;
  readonly room?: string;
  readonly n?: number;
  readonly slot?: number;
  readonly from?: string;
  readonly text?: string;
  /** When its leader proposed it, by the wall clock. */
  readonly time?: string;
  readonly kind?: string;
  readonly code?: string;
  readonly reason?: string;
}

interface Said {
  readonly text: string;
  readonly invokeMs: number;
}

export interface ChatOptions {
  readonly name: string;
  readonly configDir: string;
  /** The whole command line: whatever prints the events of CONTRACT.md, a JSON object a line. */
  readonly program: ProgramName;
  readonly args: readonly string[];
}

export class ChatClient implements Talker {
  readonly name: string;
  readonly program: Program;
  readonly events: ChatEvent[] = [];
  readonly strangeLines: string[] = [];
  readonly #said: Said[] = [];
  readonly #states = new Map<number, ChatEvent>();
  readonly #life: string;
  #settled = 0;

  constructor(options: ChatOptions) {
    this.name = options.name;
    this.program = new Program(options.program, options.args, { env: { XDG_CONFIG_HOME: options.configDir } });
    this.#life = `${options.name}/${this.program.pid}`;
    this.program.onLine(({ text, atMs }) => this.#take(text, atMs));
  }

  #take(text: string, atMs: number): void {
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch (error) {
      this.strangeLines.push(`${text} (${String(error)})`);
      return;
    }
    const event = { ...(parsed as Omit<ChatEvent, 'atMs'>), atMs };
    this.events.push(event);
    if (event.event === 'state' && event.id !== undefined) {
      const isEnd = event.state === 'committed' || event.state === 'failed';
      if (isEnd && !this.#hasEnded(event.id)) this.#settled += 1;
      this.#states.set(event.id, event);
    }
  }

  say(text: string): number {
    this.#said.push({ text, invokeMs: nowMs() });
    this.program.write(`${text}\n`);
    return this.#said.length;
  }

  /** The first event, seen already or yet to come, at or after index `from` of `events`, for which `test` holds. */
  async waitFor(what: string, test: (event: ChatEvent) => boolean, deadlineMs: number, from = 0): Promise<ChatEvent> {
    const found = await until(
      `${what} at ${this.name}`,
      deadlineMs,
      () => this.events.slice(from).find(test) ?? (this.program.exit === undefined ? undefined : 'gone'),
      () => this.describe(),
    );
    if (found === 'gone') throw new Error(`${this.name} ended before ${what}\n${this.describe()}`);
    return found;
  }

  /** Says a line and waits for its commit. */
  async sayAndCommit(text: string, deadlineMs = busyMs): Promise<ChatEvent> {
    return await this.waitForState(this.say(text), 'committed', deadlineMs);
  }

  async waitForState(id: number, state: ChatEvent['state'], deadlineMs: number): Promise<ChatEvent> {
    const test = (event: ChatEvent): boolean => event.event === 'state' && event.id === id && event.state === state;
    return await this.waitFor(`line ${id} ${state}`, test, deadlineMs);
  }

  /** Waits until this client was shown the text. */
  async waitForText(text: string, deadlineMs = busyMs): Promise<ChatEvent> {
    return await this.waitFor(`the message ${text}`, (e) => e.event === 'message' && e.text === text, deadlineMs);
  }

  /** The server of the latest `connected`; 0 before the first. */
  get server(): number {
    return this.events.findLast((event) => event.event === 'connected')?.server ?? 0;
  }

  async waitForConnected(deadlineMs = busyMs, from = 0): Promise<ChatEvent> {
    return await this.waitFor('connected', (event) => event.event === 'connected', deadlineMs, from);
  }

  /** The latest state of an own line. */
  state(id: number): ChatEvent['state'] | undefined {
    return this.#states.get(id)?.state;
  }

  get linesSaid(): number {
    return this.#said.length;
  }

  get linesSettled(): number {
    return this.#settled;
  }

  #hasEnded(id: number): boolean {
    const state = this.state(id);
    return state === 'committed' || state === 'failed';
  }

  get messages(): ChatEvent[] {
    return this.events.filter((event) => event.event === 'message');
  }

  get lastShown(): number {
    return this.events.findLast((event) => event.event === 'message')?.n ?? 0;
  }

  async finish(deadlineMs = 20_000): Promise<number | undefined> {
    this.program.endInput();
    return (await this.program.waitForExit(deadlineMs)).code;
  }

  sends(): Send[] {
    return this.#said.map(({ text, invokeMs }, index) => {
      const last = this.#states.get(index + 1);
      const base = { session: this.#life, seq: index + 1, author: this.name, text, invokeMs };
      if (last?.state === 'committed') {
        return { ...base, outcome: 'ok', ackMs: last.atMs, position: last.n ?? 0, slot: last.slot ?? 0 };
      }
      const outcome = last?.state === 'failed' ? 'no' : 'unknown';
      return { ...base, outcome, ackMs: Number.POSITIVE_INFINITY, position: 0, slot: 0 };
    });
  }

  stream(room: string, reachesEnd: boolean): Stream {
    const deliveries: Delivery[] = this.messages
      .filter((event) => event.room === room)
      .map(({ n, slot, from, text, atMs }) => ({
        position: n ?? 0,
        slot: slot ?? 0,
        author: from ?? '',
        text: text ?? '',
        atMs,
      }));
    return { client: this.name, from: 1, deliveries, reachesEnd };
  }

  describe(): string {
    const events = this.events.slice(-15).map(({ atMs, ...event }) => `  ${atMs.toFixed(0)} ${JSON.stringify(event)}`);
    return [`last events of ${this.name}:`, ...events, this.program.describe()].join('\n');
  }
}
