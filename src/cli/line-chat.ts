/**
 * A chat in lines: what is read becomes messages and commands, what happens is printed, and the end waits for the
 * commits.
 */
import { assert, exitCodes } from '../base/index.js';
import { directRoom, isName } from '../chat/index.js';
import {
  type ChatClient,
  type ClientEvent,
  type DirectEvent,
  type From,
  isLockedOut,
  type StateEvent,
  type SubscribedEvent,
} from '../client/index.js';
import {
  type Command,
  commandHelp,
  type FaultAction,
  type FaultControl,
  readCommand,
  type Surface,
  statusTexts,
} from '../tui/index.js';
import { clusterLine, type LineEvent } from './events.js';

/** As much of the client as a chat in lines needs. */
export type LineClient = Pick<
  ChatClient,
  | 'on'
  | 'connect'
  | 'post'
  | 'action'
  | 'join'
  | 'leave'
  | 'topic'
  | 'nick'
  | 'subscribe'
  | 'unsubscribe'
  | 'drain'
  | 'sessionState'
  | 'status'
  | 'close'
  | 'name'
  | 'openLines'
>;

export interface LineChatOptions {
  readonly room: string;
  readonly history: 'all' | number;
  /** How long to wait for commits after the last line. */
  readonly timeoutMs: number;
  readonly print: (event: LineEvent) => void;
  /** A room that was opened has a topic: no event of its own, as it is not news. */
  readonly onTopic?: (room: string, topic: string) => void;
  /** For what is no event: help, lists. */
  readonly note: (text: string) => void;
  /** Undefined: there is no fault proxy to talk to. */
  readonly faults?: FaultControl;
}

/** Reading pauses while so many lines are open: a long input must not pile up in memory. */
const openLinesMax = 4_096;
/**
 * The last own lines come back within a moment of their commit; a server that lags must not hold the end up for long.
 */
const echoTimeoutMs = 2_000;

export class LineChat {
  readonly #client: LineClient;
  readonly #options: LineChatOptions;
  readonly #surface: Surface;
  readonly #people = new Map<string, Set<string>>();
  /** The rooms entered, the last one being where lines go. */
  #rooms: string[];
  /**
   * The client counts its own joins as lines, too; ours are counted from 1. Only lines that are still open are kept.
   */
  readonly #lineIds = new Map<number, number>();
  #lastLine = 0;
  #submitting: number | undefined;
  /** Own posts that are committed but have not come back yet, by the client's id. */
  readonly #awaitingEcho = new Set<number>();
  readonly #echoed = new Set<number>();
  #wakeReader: (() => void) | undefined;
  #wakeEcho: (() => void) | undefined;
  #everConnected = false;
  #refused = false;
  #unknown = false;
  #finish: ((code: number) => void) | undefined;
  /** Resolves with the exit code when the chat has to end by itself: the name is taken, or /quit. */
  readonly ended: Promise<number>;

  constructor(client: LineClient, options: LineChatOptions) {
    this.#client = client;
    this.#options = options;
    this.#surface = { isScreen: false, hasFaults: options.faults !== undefined };
    this.#rooms = [options.room];
    this.ended = new Promise((resolve) => {
      this.#finish = resolve;
    });
    client.on('any', (event) => this.#onEvent(event));
  }

  /** Opens the room, enters it and looks for a server. */
  start(): void {
    const { room } = this.#options;
    this.#client.subscribe(room, this.#from());
    this.#client.join(room);
    this.#client.connect();
  }

  /**
   * Takes one line of input; resolves when there is room for the next. If none of so many lines is done within the time
   * that the end of the input would be given, the rest of the input has no better prospects: the chat ends.
   */
  async take(line: string): Promise<void> {
    this.#act(readCommand(line, this.#surface));
    if (this.#client.openLines < openLinesMax) return;
    const isMoving = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), this.#options.timeoutMs);
      this.#wakeReader = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
    if (!isMoving) this.#finish?.(this.#exitCode(false));
  }

  /** The input is at its end: waits for every line. Resolves to the exit code. */
  async finish(): Promise<number> {
    const drained = await this.#client.drain(this.#options.timeoutMs);
    if (drained && this.#awaitingEcho.size > 0) await this.#echoes();
    return this.#exitCode(drained);
  }

  #exitCode(drained: boolean): number {
    if (!drained) return this.#everConnected ? exitCodes.unknown : exitCodes.unreachable;
    if (this.#unknown) return exitCodes.unknown;
    return this.#refused ? exitCodes.refused : exitCodes.ok;
  }

  #act(action: Command): void {
    const room = this.#rooms.at(-1) as string;
    switch (action.kind) {
      case 'nothing':
        return;
      case 'post':
        return this.#submit(() => this.#client.post(room, action.text));
      case 'action':
        return this.#submit(() => this.#client.action(room, action.text));
      case 'topic':
        return this.#submit(() => this.#client.topic(room, action.text));
      case 'nick':
        if (!isName(action.name)) return this.#wrong(`'${action.name}' is no name; see synod chat --help`);
        return this.#submit(() => this.#client.nick(action.name));
      case 'join':
        this.#enter(action.room);
        return this.#submit(() => this.#client.join(action.room));
      case 'part':
        return this.#part(action.room === '' ? room : action.room);
      case 'message':
        return this.#message(action.to, action.text);
      case 'names':
        return this.#options.note(
          `in ${room}: ${[...(this.#people.get(room) ?? [])].sort().join(' ') || 'not known yet'}`,
        );
      case 'rooms':
        return this.#options.note(`rooms: ${this.#rooms.join(' ')} (lines go to ${room})`);
      case 'help':
        for (const text of commandHelp(this.#surface)) this.#options.note(text);
        return;
      case 'quit':
        // What was typed before is still waited for.
        void this.finish().then((code) => this.#finish?.(code));
        return;
      case 'wrong':
        return this.#wrong(action.text);
      case 'status':
        return this.#status();
      case 'cut':
      case 'delay':
      case 'loss':
      case 'heal':
        return this.#fault(action);
      default:
        assert(false, `${action.kind} is no command of line mode`);
    }
  }

  #status(): void {
    void this.#client.status().then((asked) => {
      for (const text of asked.ok ? statusTexts(asked.answer) : [`no status: ${asked.text}`]) this.#options.note(text);
    });
  }

  #fault(action: FaultAction): void {
    void this.#options.faults?.act(action).then(({ text }) => this.#options.note(text));
  }

  #enter(room: string): void {
    this.#rooms = [...this.#rooms.filter((other) => other !== room), room];
    this.#client.subscribe(room, this.#from());
  }

  #part(room: string): void {
    if (!this.#rooms.includes(room)) return this.#wrong(`you are not in ${room}; /rooms lists yours`);
    if (this.#rooms.length === 1)
      return this.#wrong(`${room} is the only room you are in; /join another one, or /quit`);
    this.#rooms = this.#rooms.filter((other) => other !== room);
    this.#submit(() => this.#client.leave(room));
    this.#client.unsubscribe(room);
    this.#people.delete(room);
  }

  #message(to: string, text: string): void {
    const room = directRoom(this.#client.name, to);
    if (room === undefined) return this.#wrong(`'${to}' is nobody you can write to; give another person's name`);
    this.#client.subscribe(room, 'now');
    this.#submit(() => this.#client.post(room, text));
  }

  #submit(submit: () => number): void {
    this.#submitting = ++this.#lastLine;
    submit();
    this.#submitting = undefined;
  }

  #wrong(text: string): void {
    this.#refused = true;
    this.#options.print({ event: 'error', code: 'UNKNOWN_COMMAND', text });
  }

  #onEvent(event: ClientEvent): void {
    switch (event.event) {
      case 'state':
        return this.#onState(event);
      case 'message': {
        const { id, ...printed } = event;
        this.#options.print(printed);
        if (id !== undefined) this.#onEcho(id);
        return;
      }
      case 'room':
        this.#follow(event.room, event.kind, event.from, event.text);
        return this.#options.print(event);
      case 'subscribed':
        return this.#onSubscribed(event);
      case 'direct':
        return this.#onDirect(event);
      case 'error':
        this.#options.print(event);
        if (this.#client.sessionState === 'refused') this.#finish?.(exitCodes.refused);
        // Later it may be a server that is being restarted with another secret: the others go on.
        if (isLockedOut(event.code) && !this.#everConnected) this.#finish?.(exitCodes.refused);
        return;
      case 'connected':
        this.#everConnected = true;
        return this.#options.print(event);
      case 'waiting':
      case 'disconnected':
      case 'quorum':
        return this.#options.print(event);
      case 'cluster':
        // What was committed in the old one comes back no more.
        this.#awaitingEcho.clear();
        this.#echoed.clear();
        this.#wakeEcho?.();
        return this.#options.print(clusterLine(event));
      case 'phase':
      case 'group':
        return;
    }
  }

  /** Where reading a room begins. */
  #from(): From {
    const { history } = this.#options;
    return history === 'all' ? 'all' : history === 0 ? 'now' : { lastPosts: history };
  }

  /** Somebody wrote to this user alone, now or earlier: their room is read like the one that was entered. */
  #onDirect({ news, rooms }: DirectEvent): void {
    const from = this.#from();
    for (const { room, headEvent } of rooms) {
      this.#client.subscribe(room, news && from === 'now' ? { event: headEvent } : from);
    }
  }

  /** The client's own joins are lines to it, but not to the user: only ids of lines that were typed are printed. */
  #onState(event: StateEvent): void {
    let line = this.#lineIds.get(event.id);
    if (line === undefined && this.#submitting !== undefined) {
      line = this.#submitting;
      this.#lineIds.set(event.id, line);
    }
    if (line === undefined) return;
    this.#options.print({ ...event, id: line });
    if (event.state === 'failed') this.#refused = true;
    // Given up, as against merely late: it says why and will never change again.
    const isGivenUp = event.state === 'unconfirmed' && event.reason !== undefined;
    if (isGivenUp) this.#unknown = true;
    if (event.state === 'committed' && event.n !== undefined && !this.#echoed.delete(event.id)) {
      if (this.#people.has(event.room)) this.#awaitingEcho.add(event.id);
    }
    if (event.state === 'committed' || event.state === 'failed' || isGivenUp) {
      this.#lineIds.delete(event.id);
      this.#wakeReader?.();
      this.#wakeReader = undefined;
    }
  }

  /** An own line came back. It may do so before or after its acknowledgement. */
  #onEcho(id: number): void {
    if (!this.#awaitingEcho.delete(id) && this.#lineIds.has(id)) this.#echoed.add(id);
    if (this.#awaitingEcho.size === 0) this.#wakeEcho?.();
  }

  #echoes(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, echoTimeoutMs);
      this.#wakeEcho = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #onSubscribed({ room, people, topic }: SubscribedEvent): void {
    this.#people.set(room, new Set(people));
    if (topic !== '') this.#options.onTopic?.(room, topic);
  }

  #follow(room: string, kind: 'join' | 'leave' | 'topic' | 'nick', from: string, text: string): void {
    const people = this.#people.get(room);
    if (kind === 'join') people?.add(from);
    if (kind === 'leave') people?.delete(from);
    if (kind === 'nick' && people?.delete(from) === true) people.add(text);
  }
}
