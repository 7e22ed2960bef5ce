/** Frames painted by the terminal's own code onto a terminal without a window. */
import type { Frame } from '../../../src/tui/model/frame.js';
import { openTerminal } from '../../../src/tui/terminal/index.js';
import { type HeadlessCell, headless } from './headless.js';

export interface Painted {
  /** The rows without blanks at their ends. */
  readonly text: readonly string[];
  readonly cells: readonly (readonly HeadlessCell[])[];
  readonly cursor: { readonly row: number; readonly column: number } | undefined;
  /** What the frame made the terminal write. */
  readonly bytes: string;
}

export interface Screen {
  /** Paints the frame over the one before. */
  paint(frame: Frame): Promise<Painted>;
  close(): void;
}

export function openScreen(columns: number, rows: number): Screen {
  const screen = headless({ columns, rows });
  const listener = { onInput: () => undefined, onResize: () => undefined };
  const environment = { TERM: 'xterm-256color' };
  const terminal = openTerminal({ input: screen.input, output: screen.output, environment, listener });
  return {
    async paint(frame) {
      const before = screen.bytes().length;
      terminal.paint(frame);
      const text = await screen.screen();
      const cells = text.map((_, row) => Array.from({ length: columns }, (_, column) => screen.cell(row, column)));
      return { text, cells, cursor: screen.cursor(), bytes: screen.bytes().slice(before) };
    },
    close: () => terminal.close(),
  };
}

/** The frame alone on a screen of its own. */
export async function painted(frame: Frame, columns: number, rows: number): Promise<Painted> {
  const screen = openScreen(columns, rows);
  try {
    return await screen.paint(frame);
  } finally {
    screen.close();
  }
}
