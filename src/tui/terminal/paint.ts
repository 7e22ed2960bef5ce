/** Paints frames with blessed, of which it uses nothing but the screen buffer and the terminal's descriptions. */
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { PassThrough } from 'node:stream';
import type { WriteStream } from 'node:tty';
import type { Frame } from '../model/frame.js';
import { type Cell, isPlain, layOut } from './cells.js';
import type { TerminalKind } from './kind.js';

type Line = [attribute: number, text: string][] & { dirty: boolean };

/** The part of blessed's screen that is used, most of which its types leave out. */
interface BlessedScreen {
  /** What is to be on the screen, and what is. */
  readonly lines: Line[];
  readonly olines: Line[];
  readonly tput: { colors: number; brokenACS: boolean };
  on(event: 'prerender', listener: () => void): void;
  render(): void;
  realloc(): void;
  enter(): void;
  leave(): void;
  destroy(): void;
}

interface BlessedProgram {
  readonly cursorHidden: boolean;
  /** Where the cursor is. */
  readonly x: number;
  readonly y: number;
  readonly put: { keypad_local(): void };
  cup(row: number, column: number): void;
  showCursor(): void;
  hideCursor(): void;
  flush(): void;
}

interface Blessed {
  program(options: object): BlessedProgram;
  screen(options: object): BlessedScreen;
}

/** Stands in for a cell that has to be written although it may be right. */
const unknown = '\0';

/**
 * The alternate screen. blessed gets neither the input, which it would decode, nor the output, to which it would write
 * at a resize while another program has the terminal.
 */
export class Painter {
  readonly #output: WriteStream;
  readonly #kind: TerminalKind;
  readonly #stage: EventEmitter & { columns: number; rows: number };
  readonly #program: BlessedProgram;
  readonly #screen: BlessedScreen;
  #frame: Frame = { rows: [] };
  #entered = true;

  /** Enters the screen. */
  constructor(output: WriteStream, kind: TerminalKind) {
    this.#output = output;
    this.#kind = kind;
    const write = (text: string): boolean => !this.#entered || !output.writable || output.write(text);
    const shape = { isTTY: true, writable: true, write, ...sizeOf(output) };
    this.#stage = Object.assign(new EventEmitter(), shape);
    [this.#program, this.#screen] = quietly(() => openScreen(this.#stage, kind));
    this.#screen.on('prerender', () => this.#layOut());
    this.#program.put.keypad_local();
    this.#program.flush();
  }

  get columns(): number {
    return this.#stage.columns;
  }

  get rows(): number {
    return this.#stage.rows;
  }

  /** Shows the frame, of which only rows that changed are written; while left, it is kept for `enter`. */
  paint(frame: Frame): void {
    this.#frame = frame;
    if (this.#entered) this.#render();
  }

  /** Takes the output's new size, and shows what of the frame fits it. */
  resize(): void {
    Object.assign(this.#stage, sizeOf(this.#output));
    if (!this.#entered) return;
    this.#stage.emit('resize');
    this.#render();
  }

  /** Writes everything anew. */
  redraw(): void {
    if (!this.#entered) return;
    this.#screen.realloc();
    this.#render();
  }

  enter(): void {
    if (this.#entered) return;
    this.#entered = true;
    this.#screen.enter();
    // Arrows and the keypad as without an application: the fewer forms of a key there are, the fewer can go wrong.
    this.#program.put.keypad_local();
    this.resize();
  }

  leave(): void {
    if (!this.#entered) return;
    this.#screen.leave();
    this.#program.flush();
    this.#entered = false;
  }

  close(): void {
    this.leave();
    this.#screen.destroy();
  }

  #render(): void {
    this.#screen.render();
    const { cursor } = this.#frame;
    if (cursor !== undefined) {
      const row = Math.min(Math.max(cursor.row, 0), this.rows - 1);
      const column = Math.min(Math.max(cursor.column, 0), this.columns - 1);
      if (this.#program.x !== column || this.#program.y !== row) this.#program.cup(row, column);
      if (this.#program.cursorHidden) this.#program.showCursor();
    } else if (!this.#program.cursorHidden) this.#program.hideCursor();
    this.#program.flush();
  }

  /** Brings the frame into blessed's buffer, which then writes the cells that differ from what it wrote before. */
  #layOut(): void {
    for (const [y, line] of this.#screen.lines.entries()) {
      const shown = this.#screen.olines[y];
      if (shown === undefined) continue;
      const cells = layOut(this.#frame.rows[y] ?? [], y, line.length, this.#kind);
      let [changed, plain] = [false, true];
      // By index, and nothing made: thousands of cells between a key and its character.
      for (let x = 0; x < cells.length; x++) {
        const cell = cells[x] as Cell;
        const cellShown = shown[x];
        changed ||= cell[0] !== cellShown?.[0] || cell[1] !== cellShown[1];
        plain &&= isPlain(cell[1]) && isPlain(cellShown?.[1] ?? '');
      }
      // Of what stays, blessed has the cells.
      if (!changed) continue;
      for (let x = 0; x < cells.length; x++) {
        const cell = cells[x] as Cell;
        line[x] = [cell[0], cell[1]];
      }
      line.dirty = true;
      // blessed skips cells that stay, counting one column for each; half a wide character cannot be skipped.
      if (!plain) for (const cell of shown) cell[1] = unknown;
    }
  }
}

/** A terminal that does not know its size yet says 0. */
function sizeOf(output: WriteStream): { columns: number; rows: number } {
  return { columns: Math.max(1, output.columns || 0), rows: Math.max(1, output.rows || 0) };
}

function openScreen(output: EventEmitter, kind: TerminalKind): [BlessedProgram, BlessedScreen] {
  // Loaded here and not by an import: programs that never open a terminal need not wait for it.
  const blessed = createRequire(import.meta.url)('blessed') as Blessed;
  const program = blessed.program({
    input: new PassThrough(),
    output,
    terminal: kind.terminfo,
    // Capabilities beyond the standard ones, some of which it cannot compile.
    extended: false,
    forceUnicode: kind.unicode,
    tput: true,
    buffer: true,
    zero: true,
  });
  // With fullUnicode it would count columns itself, with a table of its own.
  const screen = blessed.screen({ program, fullUnicode: false, warnings: false });
  // Lines and corners as the characters they are, and colours as the cells have them.
  screen.tput.brokenACS = kind.unicode;
  screen.tput.colors = Math.max(8, kind.colours);
  return [program, screen];
}

/**
 * Takes off what blessed hangs on the process, where it would end it at a signal with exit code 0, and puts back what
 * was there: it makes listeners for once into listeners for good.
 */
function quietly<T>(open: () => T): T {
  const listeners = (event: string) => process.rawListeners(event as 'exit') as (() => void)[];
  const events = ['exit', 'uncaughtException', 'SIGTERM', 'SIGINT', 'SIGQUIT'];
  const before = events.map((event) => [event, listeners(event)] as const);
  try {
    return open();
  } finally {
    for (const [event, known] of before) {
      for (const listener of listeners(event)) if (!known.includes(listener)) process.off(event, listener);
      for (const listener of known) if (!listeners(event).includes(listener)) process.on(event, listener);
    }
  }
}
