/**
 * Where the statements of a TOML text begin and end. What is TOML the parser alone decides; here only brackets, texts
 * and comments are told apart, since a statement goes on while a bracket or a text of several lines is open.
 */

/** Lines, from 1 on, both inclusive. */
export interface Extent {
  readonly start: number;
  readonly end: number;
  readonly isHeader: boolean;
  /** The first bracket that is open at its end, though what follows is another statement, or nothing. */
  readonly open?: Bracket;
}

export interface Bracket {
  readonly sign: '[' | '{';
  readonly line: number;
}

/** A line that can only begin a statement, also within an array that somebody forgot to close. */
const key = String.raw`(?:[\w-]+|"[^"]*"|'[^']*')`;
const beginsPair = new RegExp(String.raw`^\s*${key}(?:\s*\.\s*${key})*\s*=`);
/** Bare words in brackets, but for those that are values: an array may hold arrays. */
const beginsSection =
  /^\s*\[\[?\s*(?!(?:true|false|inf|nan)\s*\])[A-Za-z_][\w-]*(?:\s*\.\s*[\w-]+)*\s*\]\]?\s*(?:#.*)?$/;

/** The statements of these lines, in order; lines that are empty or comments belong to none. */
export function* statementsOf(lines: readonly string[]): Generator<Extent> {
  for (let at = 0; at < lines.length; ) {
    const line = (lines[at] as string).replace('\ufeff', '').trim();
    if (line === '' || line.startsWith('#')) {
      at++;
      continue;
    }
    // A section header is one line, closed or not.
    const extent = line.startsWith('[') ? { start: at + 1, end: at + 1, isHeader: true } : pairAt(lines, at);
    yield extent;
    at = extent.end;
  }
}

/** The key and value that begin at index `start`. */
function pairAt(lines: readonly string[], start: number): Extent {
  const scan = new Scan(start);
  scan.take(lines[start] as string);
  let at = start + 1;
  for (; at < lines.length && !scan.isComplete; at++) {
    const line = lines[at] as string;
    if (scan.isBrokenOff(line)) break;
    scan.take(line);
  }
  const { textLine, open } = scan;
  const extent = { start: start + 1, isHeader: false };
  // A text that never ends would take all that follows with it, wrong or right.
  if (textLine !== undefined) return { ...extent, end: textLine };
  return { ...extent, end: at, ...(open === undefined ? {} : { open }) };
}

/** What is open after the lines so far. */
class Scan {
  readonly #open: Bracket[] = [];
  /** The three quotes that end the text of several lines that is open; empty if none is. */
  #quotes = '';
  /** The line, from 1 on, that was taken last, and the one on which that text began. */
  #line: number;
  #textLine = 0;
  /** A text on one line was not closed: what seems open may be closed in it. */
  #isTorn = false;

  /** `before`: so many lines stand above. */
  constructor(before: number) {
    this.#line = before;
  }

  /** Where the text began that is open. */
  get textLine(): number | undefined {
    return this.#quotes === '' ? undefined : this.#textLine;
  }

  /** The first bracket that is open, for all that is known. */
  get open(): Bracket | undefined {
    return this.#isTorn ? undefined : this.#open[0];
  }

  get isComplete(): boolean {
    return this.#open.length === 0 && this.#quotes === '';
  }

  /** Whether this line begins a statement, though a bracket is open. Within braces a key is one of theirs. */
  isBrokenOff(line: string): boolean {
    if (this.#quotes !== '' || this.#open.length === 0) return false;
    return beginsSection.test(line) || (this.#open.at(-1)?.sign === '[' && beginsPair.test(line));
  }

  take(line: string): void {
    this.#line++;
    for (let at = 0; at < line.length; ) {
      if (this.#quotes !== '') {
        at = this.#takeText(line, at);
        continue;
      }
      const char = line[at] as string;
      if (char === '#') return;
      if (char === '"' || char === "'") {
        const three = char.repeat(3);
        if (line.startsWith(three, at)) {
          this.#quotes = three;
          this.#textLine = this.#line;
          at += 3;
        } else {
          at = afterShortText(line, at);
          this.#isTorn ||= at > line.length;
        }
        continue;
      }
      if (char === '[' || char === '{') this.#open.push({ sign: char, line: this.#line });
      else if (char === ']' || char === '}') this.#open.pop();
      at++;
    }
  }

  /** Goes on in a text of several lines; returns where it went to. */
  #takeText(line: string, from: number): number {
    const [quote = ''] = this.#quotes;
    for (let at = from; at < line.length; at++) {
      if (quote === '"' && line[at] === '\\') at++;
      else if (line.startsWith(this.#quotes, at)) {
        this.#quotes = '';
        // Up to two quotes before the three that end it are its own.
        let after = at + 3;
        for (let own = 0; own < 2 && line[after] === quote; own++) after++;
        return after;
      }
    }
    return line.length;
  }
}

/** Behind a text on one line; behind the line for one that is not closed. */
function afterShortText(line: string, from: number): number {
  const quote = line[from];
  for (let at = from + 1; at < line.length; at++) {
    if (quote === '"' && line[at] === '\\') at++;
    else if (line[at] === quote) return at + 1;
  }
  return line.length + 1;
}
