/** The full-screen chat at work: what terminal and client tell goes to the update, whose effects are done here. */
import { writeFile } from 'node:fs/promises';
import type { ReadStream, WriteStream } from 'node:tty';
import type { Clock, Timer } from '../base/index.js';
import type { ChatClient, ClientEvent } from '../client/index.js';
import { findPost, type PostPlace } from './find-post.js';
import { localTime, readMoment } from './local-time.js';
import type { Effect } from './model/effect.js';
import type { FaultAction, FaultControl } from './model/faults.js';
import { type Frame, isSameFrame } from './model/frame.js';
import type { Input } from './model/input.js';
import { type Look, themes } from './model/look.js';
import { type Model, newModel, type ThemeName } from './model/model.js';
import { openingPosts } from './model/step.js';
import { update } from './model/update.js';
import { view } from './model/view.js';
import { isAsciiOnly, openTerminal, type Terminal } from './terminal/index.js';

export interface ScreenChatOptions {
  readonly client: ChatClient;
  /** Under which the client registers. */
  readonly name: string;
  readonly room: string;
  readonly input: ReadStream;
  readonly output: WriteStream;
  readonly environment: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly theme: ThemeName;
  /** Undefined: there is no fault proxy to talk to. */
  readonly faults: FaultControl | undefined;
  /** Ends the chat when it is aborted. */
  readonly signal: AbortSignal;
  /** Words to begin with, and how to get more while the screen is ours. */
  readonly notes: readonly string[];
  readonly onNote?: (listener: (text: string) => void) => void;
  /** The terminal is the user's again; the last lines may still be on their way. */
  readonly onRestored?: () => void;
}

/** Between two paintings of what nobody typed: as often as an eye follows. */
const frameMs = 33;
/** Between two of what became of a line that was sent from here: whoever pressed Enter waits for it. */
const ownFrameMs = 5;
/** So many times as long as a painting takes nothing is painted that nobody typed. */
const pauseForPaint = 3;
const tickMs = 250;
const faultsEveryMs = 2_000;
/** How long lines that wait are given when the user leaves. */
const drainMs = 2_000;
/** Every event that the chat wants; `message` and `room` come as groups. */
const events = [
  'waiting',
  'connected',
  'disconnected',
  'quorum',
  'phase',
  'group',
  'state',
  'subscribed',
  'direct',
  'cluster',
  'error',
] as const;

/** Runs the chat until the user leaves it, the input ends or `signal` is aborted. The screen is restored then. */
export class ScreenChat {
  readonly #options: ScreenChatOptions;
  readonly #model: Model;
  readonly #terminal: Terminal;
  readonly #queue: Input[] = [];
  #isRunning = false;
  #sessionSeen = '';
  #paintedMs = Number.NEGATIVE_INFINITY;
  /** How long the last painting took. */
  #paintMs = 0;
  #painted: Frame | undefined;
  #paintTimer: Timer | undefined;
  /** When that timer ends. */
  #paintAtMs = 0;
  #isPaintDue = false;
  #end: () => void = () => undefined;
  #isShown = true;
  #isOver = false;

  constructor(options: ScreenChatOptions) {
    this.#options = options;
    const { input, output, environment, clock, name, room, theme, faults } = options;
    const isAscii = isAsciiOnly(environment);
    this.#terminal = openTerminal({
      input,
      output,
      environment,
      listener: {
        onInput: (terminalInput) => this.#dispatch(terminalInput),
        onResize: () => this.#onResize(),
        onEnd: () => this.#end(),
      },
    });
    const { columns, rows } = this.#terminal;
    const nowMs = clock.monotonicMs();
    const wallMs = clock.wallMs();
    const hasFaults = faults !== undefined;
    this.#model = newModel({ columns, rows, nowMs, wallMs, name, room, theme, isAscii, hasFaults });
  }

  /** Resolves when the chat is over. The client is the caller's to close. */
  async run(): Promise<void> {
    const { client, room, signal, notes, onNote, onRestored, faults } = this.#options;
    const ended = new Promise<void>((resolve) => {
      this.#end = resolve;
    });
    // Before anything of a crash is printed.
    const restore = (): void => this.#terminal.close();
    process.once('uncaughtExceptionMonitor', restore);
    const quit = (): void => this.#end();
    signal.addEventListener('abort', quit, { once: true });
    const unsubscribe = events.map((name) =>
      client.on(name, (event: ClientEvent) => this.#dispatch({ kind: 'client', event })),
    );
    const ticks = setInterval(() => this.#tick(), tickMs);
    const faultReads =
      faults === undefined ? undefined : setInterval(() => this.#faults(undefined, false), faultsEveryMs);
    try {
      onNote?.((text) => this.#dispatch({ kind: 'note', text }));
      for (const text of notes) this.#dispatch({ kind: 'note', text });
      client.subscribe(room, { lastPosts: openingPosts });
      client.join(room);
      client.connect();
      this.#tick();
      if (faults !== undefined) this.#faults(undefined, false);
      if (!signal.aborted) await ended;
      // The terminal is the user's again while the last lines come home.
      this.#isShown = false;
      restore();
      onRestored?.();
      if (client.openLines > 0) await client.drain(drainMs);
    } finally {
      this.#isShown = false;
      this.#isOver = true;
      clearInterval(ticks);
      clearInterval(faultReads);
      this.#stopPaintTimer();
      for (const stop of unsubscribe) stop();
      signal.removeEventListener('abort', quit);
      process.removeListener('uncaughtExceptionMonitor', restore);
      restore();
    }
  }

  /** The user's own lines that are not certainly in the log, or out of it; for a last word when the screen is gone. */
  get unsent(): readonly { readonly room: string; readonly text: string; readonly wasSent: boolean }[] {
    return this.#model.rooms.flatMap(({ own }) =>
      own
        .filter(({ state }) => state !== 'committed' && state !== 'failed')
        .map(({ room, text, sentMs }) => ({ room, text, wasSent: sentMs !== undefined })),
    );
  }

  #look(): Look {
    const { theme, isAscii } = this.#model;
    return { theme: themes[theme], isAscii, local: localTime };
  }

  /** What happens while an input is worked on waits its turn. */
  #dispatch(input: Input): void {
    if (this.#isOver) return;
    this.#noticeSession();
    this.#queue.push(input);
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#take(next);
    } finally {
      this.#isRunning = false;
    }
    this.#paintSoon(frameOf(input));
  }

  /** No event tells that a name is ours: what the client knows is looked at before what it tells is taken. */
  #noticeSession(): void {
    const { name, sessionState } = this.#options.client;
    const seen = `${sessionState} ${name}`;
    if (seen === this.#sessionSeen) return;
    this.#sessionSeen = seen;
    this.#queue.push({ kind: 'session', name, state: sessionState });
  }

  #take(input: Input): void {
    const { clock } = this.#options;
    const moment = { nowMs: clock.monotonicMs(), wallMs: clock.wallMs() };
    for (const effect of update(this.#model, input, moment, this.#look())) this.#perform(effect);
  }

  #onResize(): void {
    const { columns, rows } = this.#terminal;
    this.#dispatch({ kind: 'resize', columns, rows });
  }

  #tick(): void {
    const { client } = this.#options;
    const { standing, contactAgeMs } = client;
    this.#dispatch({ kind: 'tick', standing, contactAgeMs });
  }

  /** As soon as so much time lies between this painting and the last one. */
  #paintSoon(gapMs: number): void {
    if (!this.#isShown || this.#isPaintDue) return;
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    // Slow paintings, as the first ones are, must leave time for the keys between them.
    const atMs = gapMs === 0 ? nowMs : this.#paintedMs + Math.max(gapMs, pauseForPaint * this.#paintMs);
    if (atMs <= nowMs) {
      this.#isPaintDue = true;
      setImmediate(() => this.#paint());
      return;
    }
    if (this.#paintTimer !== undefined && this.#paintAtMs <= atMs) return;
    this.#stopPaintTimer();
    this.#paintAtMs = atMs;
    this.#paintTimer = clock.setTimeout(() => this.#paint(), atMs - nowMs);
  }

  #stopPaintTimer(): void {
    if (this.#paintTimer !== undefined) this.#options.clock.clearTimeout(this.#paintTimer);
    this.#paintTimer = undefined;
  }

  #paint(): void {
    this.#stopPaintTimer();
    this.#isPaintDue = false;
    if (!this.#isShown) return;
    const { clock } = this.#options;
    const startMs = clock.monotonicMs();
    const frame = view(this.#model, this.#look());
    if (this.#painted === undefined || !isSameFrame(frame, this.#painted)) this.#terminal.paint(frame);
    this.#painted = frame;
    this.#paintedMs = clock.monotonicMs();
    this.#paintMs = this.#paintedMs - startMs;
  }

  #perform(effect: Effect): void {
    const { client } = this.#options;
    switch (effect.kind) {
      case 'submit': {
        const submit = effect.what === 'post' ? client.post.bind(client) : client.action.bind(client);
        const id = submit(effect.room, effect.text);
        // Before what the client told while it took the line.
        this.#queue.unshift({ kind: 'submitted', key: effect.key, id });
        return;
      }
      case 'join':
        return void client.join(effect.room);
      case 'leave':
        return void client.leave(effect.room);
      case 'topic':
        return void client.topic(effect.room, effect.text);
      case 'nick':
        if (client.sessionState === 'refused') client.useName(effect.name);
        else client.nick(effect.name);
        return;
      case 'cancel':
        if (!client.cancel(effect.id)) this.#queue.push({ kind: 'note', text: 'Too late: a server has it already.' });
        return;
      case 'server':
        return this.#moveTo(effect.to);
      case 'subscribe':
        return client.subscribe(effect.room, effect.from);
      case 'unsubscribe':
        return client.unsubscribe(effect.room);
      case 'history':
        void client.history(effect.query).then((asked) => {
          const { query, ticket, purpose } = effect;
          this.#dispatch({ kind: 'page', room: query.room, ticket, purpose, asked });
        });
        return;
      case 'findSlot':
        return this.#find(effect.room, ({ slot }) => slot >= effect.slot);
      case 'findTime': {
        const momentMs = readMoment(effect.text, this.#options.clock.wallMs());
        if (momentMs !== undefined) return this.#find(effect.room, ({ wallMs }) => wallMs >= momentMs);
        this.#queue.push({
          kind: 'found',
          room: effect.room,
          n: undefined,
          text: `${effect.text} is no time of a day`,
        });
        return;
      }
      case 'status':
        void client.status().then((asked) => this.#dispatch({ kind: 'status', asked }));
        return;
      case 'faults':
        return this.#faults(effect.action, effect.action !== undefined);
      case 'mouse':
        return this.#terminal.setMouse(effect.isOn);
      case 'export':
        return this.#export(effect.file, effect.lines);
      case 'bell':
        return this.#terminal.bell();
      case 'redraw':
        return this.#terminal.redraw();
      case 'suspend':
        return this.#terminal.suspend();
      case 'quit':
        return this.#end();
    }
  }

  /** By its address, or by its number, which the connected server knows the address of. */
  #moveTo(to: string): void {
    const { client } = this.#options;
    if (to.includes(':')) return client.moveTo(to);
    const id = Number(to.replace(/^s/, ''));
    void client.status().then((asked) => {
      const address = asked.ok ? asked.answer.members.find((member) => member.id === id)?.address : undefined;
      if (address !== undefined && address !== '') client.moveTo(address);
      else this.#dispatch({ kind: 'note', text: `No address of server ${id} is known here; give HOST:PORT` });
    });
  }

  #find(room: string, isReached: (place: PostPlace) => boolean): void {
    void findPost(this.#options.client, room, isReached).then((found) => {
      const n = 'n' in found ? found.n : undefined;
      this.#dispatch({ kind: 'found', room, n, text: 'text' in found ? found.text : '' });
    });
  }

  #faults(action: FaultAction | undefined, isAsked: boolean): void {
    const { faults } = this.#options;
    if (faults === undefined) return;
    const answered = action === undefined ? faults.read() : faults.act(action);
    void answered.then((answer) => this.#dispatch({ kind: 'faults', answer, isAsked }));
  }

  #export(file: string, lines: readonly string[]): void {
    // Never over a file that is there.
    writeFile(file, `${lines.join('\n')}\n`, { flag: 'wx' }).then(
      () => this.#dispatch({ kind: 'note', text: `${lines.length} lines are in ${file}` }),
      (error: unknown) =>
        this.#dispatch({
          kind: 'note',
          text: `Nothing was exported: ${(error as Error).message}. Choose another file`,
        }),
    );
  }
}

/** How long the painting of an input may keep from the one before it: a key shows at once. */
function frameOf(input: Input): number {
  if (input.kind === 'key' || input.kind === 'paste' || input.kind === 'resize') return 0;
  if (input.kind !== 'client') return frameMs;
  const { event } = input;
  const isOwn = event.event === 'state' || (event.event === 'group' && event.ids !== undefined);
  return isOwn ? ownFrameMs : frameMs;
}
