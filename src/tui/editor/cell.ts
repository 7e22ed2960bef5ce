/** The text being written as the rows that paint it, and the cell of its cursor. */
import { clusters, graphemeOf } from '../text/index.js';
import type { Editor } from './editor.js';

/** A text in rows, and where its cursor stands. */
export interface Cell {
  /** The rows without the prompt; each line of the text begins a row. */
  readonly lines: string[];
  /** Index into `lines`. */
  readonly row: number;
  /** Columns left of the cursor in its row, without those of the prompt. */
  readonly column: number;
}

/**
 * Breaks the text between graphemes into rows of `columns` (1 or more) terminal columns, of which the prompt takes
 * `promptColumns` on the first. A cursor behind a full row stands on the next one, which is there for it if need be.
 * Where even one wide grapheme doesn't fit into a row, a '?' stands for it.
 */
export function cursorCell(editor: Pick<Editor, 'text' | 'cursor'>, columns: number, promptColumns: number): Cell {
  const width = Math.max(1, columns);
  const lines: string[] = [];
  let line = '';
  let used = 0;
  let room = width - Math.min(Math.max(0, promptColumns), width);
  let at = 0;
  let cursor = { row: 0, column: 0 };

  const endRow = (): void => {
    lines.push(line);
    line = '';
    used = 0;
    room = width;
  };
  /** Makes room for what takes so many columns, and notes the cursor if it stands before it. */
  const arrive = (needed: number): void => {
    if (used + needed > room) endRow();
    if (at === editor.cursor) cursor = { row: lines.length, column: used };
  };

  for (const cluster of clusters(editor.text)) {
    if (cluster === '\n') {
      arrive(at === editor.cursor ? 1 : 0);
      endRow();
    } else {
      const grapheme = graphemeOf(cluster);
      const shown = grapheme.columns > width ? { text: '?', columns: 1 } : grapheme;
      arrive(Math.max(1, shown.columns));
      line += shown.text;
      used += shown.columns;
    }
    at += cluster.length;
  }
  arrive(at === editor.cursor ? 1 : 0);
  endRow();
  return { lines, ...cursor };
}
