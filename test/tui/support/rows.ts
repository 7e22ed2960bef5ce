/** Frames as texts to compare and to read. */
import type { Frame, Row, Style } from '../../../src/tui/model/frame.js';
import { columnsOf } from '../../../src/tui/text/index.js';

/** What the rows show, filled to the width; a wide character counts two columns. Throws on a row that is too wide. */
export function plainRows({ rows }: Frame, columns: number): string[] {
  return rows.map((row, index) => {
    const text = textOf(row);
    const used = columnsOf(text);
    if (used > columns) throw new RangeError(`row ${index} takes ${used} of ${columns} columns: ${text}`);
    return text + ' '.repeat(columns - used);
  });
}

/** The rows with every styled stretch in brackets behind the names of its looks: `‹bold red›ann‹/›  hello`. */
export function styledRows({ rows }: Frame): string[] {
  return rows.map((row) => {
    let styled = '';
    let before = '';
    for (const { text, style } of row) {
      const name = text.trim() === '' && !isSeenOnBlanks(style) ? before : styleName(style);
      if (name !== before) styled += (before === '' ? '' : '‹/›') + (name === '' ? '' : `‹${name}›`);
      styled += text;
      before = name;
    }
    return (before === '' ? styled : `${styled.trimEnd()}‹/›`).trimEnd();
  });
}

function isSeenOnBlanks(style: Style | undefined): boolean {
  return style?.inverse === true || style?.bg !== undefined || style?.underline === true;
}

function styleName(style: Style | undefined): string {
  if (style === undefined) return '';
  const { fg, bg, ...flags } = style;
  const ground = bg === undefined ? [] : [`on-${bg}`];
  return [...(fg === undefined ? [] : [fg]), ...ground, ...Object.keys(flags)].join(' ');
}

function textOf(row: Row): string {
  return row.map(({ text }) => text).join('');
}
