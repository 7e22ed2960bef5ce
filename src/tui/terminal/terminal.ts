/** The terminal as the chat sees it: frames go in, keys come out, and everything is put back when it is closed. */
import type { ReadStream, WriteStream } from 'node:tty';
import { sanitise } from '../../base/index.js';
import type { Frame } from '../model/frame.js';
import type { TerminalInput } from '../model/input.js';
import { type TerminalKind, terminalKind } from './kind.js';
import { Painter } from './paint.js';
import { Reader } from './reader.js';

export interface TerminalListener {
  onInput(input: TerminalInput): void;
  /** The terminal has another size, and shows as much of the last frame as fits. */
  onResize(): void;
  /** The terminal is gone: no more input will come. */
  onEnd?(): void;
}

export interface TerminalOptions {
  readonly input: ReadStream;
  readonly output: WriteStream;
  /** `TERM`, `NO_COLOR` and the locale are looked at. */
  readonly environment: NodeJS.ProcessEnv;
  readonly listener: TerminalListener;
}

export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  /** Shows the frame and writes only what changed. */
  paint(frame: Frame): void;
  /** Writes everything anew, for when another program wrote over it. */
  redraw(): void;
  bell(): void;
  /** The window's title, sanitised here. */
  title(text: string): void;
  /** Wheel and clicks come as input while it is on; selecting text then takes Shift. */
  setMouse(on: boolean): void;
  /** Puts the terminal back and stops this process as C-z does elsewhere; enters again when it continues. */
  suspend(): void;
  /** Puts everything back; may be called again, and from a handler of `exit` or of a crash. */
  close(): void;
}

/**
 * Enters the alternate screen. Should the process exit, the terminal is put back; signals that end it are the
 * caller's.
 */
export function openTerminal(options: TerminalOptions): Terminal {
  return new FullScreen(options);
}

/** Bracketed paste; and no wrapping, so that a character wider than thought cannot spill into the next row. */
const modesOn = '\x1b[?2004h\x1b[?7l';
const modesOff = '\x1b[?2004l\x1b[?7h';
const mouseOn = '\x1b[?1000h\x1b[?1006h';
const mouseOff = '\x1b[?1006l\x1b[?1000l';
const saveTitle = '\x1b[22;2t';
const restoreTitle = '\x1b[23;2t';
const titleMax = 200;

/** How long a process takes at most to stop: one that still runs then cannot be stopped, having no shell above it. */
const stopMs = 100;

class FullScreen implements Terminal {
  readonly #output: WriteStream;
  readonly #input: ReadStream;
  readonly #listener: TerminalListener;
  readonly #kind: TerminalKind;
  readonly #painter: Painter;
  readonly #reader: Reader;
  #state: 'shown' | 'suspended' | 'closed' = 'shown';
  #mouse = false;
  #titled = false;
  #timer: NodeJS.Timeout | undefined;

  constructor({ input, output, environment, listener }: TerminalOptions) {
    this.#input = input;
    this.#output = output;
    this.#listener = listener;
    this.#kind = terminalKind(environment);
    this.#painter = new Painter(output, this.#kind);
    this.#reader = new Reader(input, (what) => listener.onInput(what));
    output.on('resize', this.#onResize);
    input.on('end', this.#onEnd);
    for (const stream of [input, output]) {
      // Stays when the rest goes: the write that fails because the terminal is gone is often the last one.
      if (!stream.listeners('error').includes(ignore)) stream.on('error', ignore);
      stream.on('error', this.#onEnd);
    }
    process.on('exit', this.#onExit);
    process.on('SIGCONT', this.#onContinue);
    this.#enterModes();
  }

  get columns(): number {
    return this.#painter.columns;
  }

  get rows(): number {
    return this.#painter.rows;
  }

  paint(frame: Frame): void {
    if (this.#state !== 'closed') this.#painter.paint(frame);
  }

  redraw(): void {
    if (this.#state === 'shown') this.#painter.redraw();
  }

  bell(): void {
    if (this.#state === 'shown') this.#write('\x07');
  }

  title(text: string): void {
    if (this.#state !== 'shown' || !this.#kind.titled) return;
    const title = [...sanitise(text)].slice(0, titleMax).join('');
    this.#write(`${this.#titled ? '' : saveTitle}\x1b]2;${title}\x07`);
    this.#titled = true;
  }

  setMouse(on: boolean): void {
    if (this.#mouse === on) return;
    this.#mouse = on;
    if (this.#state === 'shown') this.#write(on ? mouseOn : mouseOff);
  }

  suspend(): void {
    if (this.#state !== 'shown') return;
    this.#leave();
    this.#state = 'suspended';
    // The whole job: `npm start` and its shell stand between this process and the one who has to get the terminal back.
    process.kill(0, 'SIGTSTP');
    // SIGCONT never comes to a process that was not stopped, such as the first one of a container.
    this.#timer = setTimeout(this.#onContinue, stopMs);
  }

  close(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'shown') this.#leave();
    if (this.#titled) this.#write(restoreTitle);
    this.#state = 'closed';
    clearTimeout(this.#timer);
    this.#painter.close();
    this.#output.off('resize', this.#onResize);
    this.#input.off('end', this.#onEnd);
    for (const stream of [this.#input, this.#output]) stream.off('error', this.#onEnd);
    process.off('exit', this.#onExit);
    process.off('SIGCONT', this.#onContinue);
  }

  #enterModes(): void {
    this.#write(modesOn + (this.#mouse ? mouseOn : ''));
    this.#reader.start();
  }

  #leave(): void {
    this.#write((this.#mouse ? mouseOff : '') + modesOff);
    this.#painter.leave();
    this.#reader.stop();
  }

  #write(text: string): void {
    if (this.#output.writable) this.#output.write(text);
  }

  readonly #onResize = (): void => {
    this.#painter.resize();
    this.#listener.onResize();
  };

  /** Also after a stop that nobody announced: a shell in between may have changed every mode. */
  readonly #onContinue = (): void => {
    clearTimeout(this.#timer);
    if (this.#state === 'shown') this.#leave();
    this.#state = 'shown';
    this.#painter.enter();
    this.#enterModes();
  };

  readonly #onEnd = (): void => this.#listener.onEnd?.();
  readonly #onExit = (): void => this.close();
}

function ignore(): void {}
