/** A terminal without a window: streams for `openTerminal`, and what a person would see and type at them. */
import { PassThrough, Writable } from 'node:stream';
import type { ReadStream, WriteStream } from 'node:tty';
import xterm from '@xterm/headless';
import { graphemeUnicode, modern } from './unicode.js';

export interface HeadlessOptions {
  readonly columns: number;
  readonly rows: number;
  /** Widths as of Unicode 6: a terminal that disagrees about emoji. */
  readonly oldUnicode?: boolean;
}

export interface HeadlessCell {
  /** The whole grapheme; empty for a wide one's second column. */
  readonly text: string;
  readonly columns: number;
  /** An index into the terminal's palette; undefined for its own colour. */
  readonly fg: number | undefined;
  readonly bg: number | undefined;
  readonly bold: boolean;
  readonly underline: boolean;
  readonly inverse: boolean;
}

export interface Headless {
  readonly input: ReadStream;
  readonly output: WriteStream;
  /** The person types, or the terminal sends. */
  type(text: string | Buffer): void;
  resize(columns: number, rows: number): void;
  /** The rows without blanks at their ends, once everything written is on the screen. */
  screen(): Promise<string[]>;
  /** A cell of the screen; await `screen` first. */
  cell(row: number, column: number): HeadlessCell;
  /** Where the cursor is, undefined while it is hidden; await `screen` first. */
  cursor(): { row: number; column: number } | undefined;
  /** Everything written so far. */
  bytes(): string;
  readonly isRaw: boolean;
}

export function headless(options: HeadlessOptions): Headless {
  const terminal = new xterm.Terminal({ cols: options.columns, rows: options.rows, allowProposedApi: true });
  if (options.oldUnicode !== true) {
    terminal.unicode.register(graphemeUnicode);
    terminal.unicode.activeVersion = modern;
  }
  let written = '';
  let cursorShown = true;
  const output = Object.assign(
    new Writable({
      decodeStrings: false,
      write(chunk: string | Buffer, _encoding, done) {
        const text = chunk.toString();
        written += text;
        for (const [, mode] of text.matchAll(/\x1b\[\?25([hl])/g)) cursorShown = mode === 'h';
        terminal.write(text);
        // As a terminal's own stream on most systems: at once.
        done();
      },
    }),
    {
      columns: options.columns,
      rows: options.rows,
      isTTY: true as const,
      getWindowSize: (): [number, number] => [output.columns, output.rows],
    },
  );
  const input = Object.assign(new PassThrough(), {
    isTTY: true,
    isRaw: false,
    setRawMode: (on: boolean): void => {
      input.isRaw = on;
    },
  });

  const lineOf = (row: number) => terminal.buffer.active.getLine(terminal.buffer.active.baseY + row);
  return {
    input: input as unknown as ReadStream,
    output: output as unknown as WriteStream,
    type: (text) => void input.write(text),
    resize(columns, rows) {
      terminal.resize(columns, rows);
      Object.assign(output, { columns, rows });
      output.emit('resize');
    },
    async screen() {
      await new Promise<void>((resolve) => terminal.write('', resolve));
      return Array.from({ length: terminal.rows }, (_, row) => lineOf(row)?.translateToString(true).trimEnd() ?? '');
    },
    cell(row, column) {
      const cell = lineOf(row)?.getCell(column);
      if (cell === undefined) throw new RangeError(`no cell at row ${row}, column ${column}`);
      return {
        // A cell never written to looks like one with a space.
        text: cell.getChars() || ' '.repeat(cell.getWidth()),
        columns: cell.getWidth(),
        fg: cell.isFgDefault() ? undefined : cell.getFgColor(),
        bg: cell.isBgDefault() ? undefined : cell.getBgColor(),
        bold: cell.isBold() !== 0,
        underline: cell.isUnderline() !== 0,
        inverse: cell.isInverse() !== 0,
      };
    },
    cursor() {
      const { cursorX, cursorY } = terminal.buffer.active;
      return cursorShown ? { row: cursorY, column: cursorX } : undefined;
    },
    bytes: () => written,
    get isRaw() {
      return input.isRaw;
    },
  };
}
