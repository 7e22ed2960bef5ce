/** One line of text measured, cut and filled; all widths are terminal columns. */
import { graphemes, isPlain } from './graphemes.js';

/** The columns the text takes on one line. */
export function columnsOf(text: string): number {
  if (isPlain(text)) return text.length;
  let columns = 0;
  for (const grapheme of graphemes(text)) columns += grapheme.columns;
  return columns;
}

/** The longest run of whole graphemes from the start of the text that fits into so many columns. */
export function clip(text: string, columns: number): string {
  return cut(text, columns).kept;
}

/** The text if it fits, else as much of it as fits before the ellipsis, which is clipped itself if need be. */
export function clipWith(text: string, columns: number, ellipsis: string): string {
  const whole = cut(text, columns);
  if (!whole.isCut) return whole.kept;
  const tail = clip(ellipsis, columns);
  return clip(text, columns - columnsOf(tail)) + tail;
}

/** The text clipped or filled with spaces to exactly so many columns; half a wide grapheme becomes a space. */
export function pad(text: string, columns: number): string {
  const { kept, used } = cut(text, columns);
  return kept + ' '.repeat(Math.max(0, columns - used));
}

function cut(text: string, columns: number): { kept: string; used: number; isCut: boolean } {
  const room = Math.max(0, columns);
  if (isPlain(text)) {
    const kept = text.slice(0, room);
    return { kept, used: kept.length, isCut: kept.length < text.length };
  }
  let kept = '';
  let used = 0;
  for (const grapheme of graphemes(text)) {
    if (used + grapheme.columns > room) return { kept, used, isCut: true };
    kept += grapheme.text;
    used += grapheme.columns;
  }
  return { kept, used, isCut: false };
}
