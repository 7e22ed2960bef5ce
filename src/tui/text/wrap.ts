/** Long text as the lines that paint it: broken at spaces where possible, between graphemes where not. */
import { type Grapheme, graphemes, isPlain } from './graphemes.js';

/**
 * The text in lines of at most `columns` (1 or more) terminal columns, the very first of at most `firstColumns` (0 or
 * more; what an opening such as a name leaves of it). A '\n' begins a line. Lines break between words, and the spaces
 * at a break go; a word is broken only if it is too wide for a line, or stands behind indentation. Where even one wide
 * grapheme doesn't fit into `columns`, a '?' stands for it.
 */
export function wrap(text: string, columns: number, firstColumns = columns): string[] {
  const width = Math.max(1, columns);
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    const room = lines.length === 0 ? Math.max(0, firstColumns) : width;
    if (paragraph.length <= room && isPlain(paragraph)) lines.push(paragraph);
    else new Wrapping(lines, width, room).add(paragraph);
  }
  return lines;
}

/** One paragraph on its way into lines. */
class Wrapping {
  readonly #lines: string[];
  readonly #width: number;
  /** Columns that the current line may have. */
  #room: number;
  /** The current line; spaces behind it are not in it yet, since a break would swallow them. */
  #line = '';
  #used = 0;
  #spaces = 0;
  #word: Grapheme[] = [];
  #wordColumns = 0;

  constructor(lines: string[], width: number, room: number) {
    this.#lines = lines;
    this.#width = width;
    this.#room = room;
  }

  add(paragraph: string): void {
    for (const grapheme of graphemes(paragraph)) {
      if (grapheme.text === ' ') {
        this.#endWord();
        this.#spaces++;
      } else {
        const shown: Grapheme = grapheme.columns > this.#width ? { text: '?', columns: 1 } : grapheme;
        this.#word.push(shown);
        this.#wordColumns += shown.columns;
      }
    }
    this.#endWord();
    this.#line += ' '.repeat(Math.min(this.#spaces, this.#room - this.#used));
    this.#lines.push(this.#line);
  }

  #endWord(): void {
    if (this.#word.length === 0) return;
    const fitsHere = this.#used + this.#spaces + this.#wordColumns <= this.#room;
    // Not from behind mere indentation: that would leave an empty line and win nothing.
    const mayMove = this.#wordColumns <= this.#width && (this.#line !== '' || this.#room < this.#width);
    if (!fitsHere && (mayMove || this.#used + this.#spaces >= this.#room)) this.#break();
    this.#place(' '.repeat(this.#spaces), this.#spaces);
    for (const grapheme of this.#word) {
      if (this.#used + grapheme.columns > this.#room) this.#break();
      this.#place(grapheme.text, grapheme.columns);
    }
    this.#word = [];
    this.#wordColumns = 0;
    this.#spaces = 0;
  }

  #place(text: string, columns: number): void {
    this.#line += text;
    this.#used += columns;
  }

  #break(): void {
    this.#lines.push(this.#line);
    this.#line = '';
    this.#used = 0;
    this.#spaces = 0;
    this.#room = this.#width;
  }
}
