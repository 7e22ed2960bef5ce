/**
 * Mends the one rule a program can mend well: a comment with a line that is wider than the limit is wrapped again, from
 * that line to the end of its paragraph; so is one with a scrap of a line in its midst.
 */

interface CommentLine {
  /** What stands before the text: indent, mark, and the dash of an item of a list. */
  readonly prefix: string;
  /** The same before the lines that belong to this one: as wide, without the dash. */
  readonly hanging: string;
  readonly body: string;
}

/** Columns of text in a scrap. */
const scrapMax = 24;

/** The text with these comments wrapped at `width` columns; code is left alone. */
export function rewrapComments(text: string, width: number): string {
  const out: string[] = [];
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    const oneLine = columns(line) > width ? /^(\s*)\/\*\*? (.*) \*\/$/.exec(line) : null;
    const read = readLine(line);
    if (oneLine !== null) {
      const [, indent = '', body = ''] = oneLine;
      const prefix = `${indent} * `;
      out.push(`${indent}/**`, ...fill(body, prefix, prefix, width), `${indent} */`);
    } else if (read !== undefined && (columns(line) > width || isScrap(read, lines[i - 1], lines[i + 1], width))) {
      const words = [read.body];
      for (let next = lines[i + 1]; next !== undefined && continues(read, next); next = lines[i + 1]) {
        words.push(next.slice(read.hanging.length));
        i++;
      }
      out.push(...fill(words.join(' '), read.prefix, read.hanging, width));
    } else out.push(line);
  }
  return out.join('\n');
}

/** Undefined for code, and for a line that ends its comment. */
function readLine(line: string): CommentLine | undefined {
  const found = /^(\s*(?:\*|\/\/) )(\s*(?:- )?)(\S.*)$/.exec(line);
  if (found === null || line.endsWith('*/')) return undefined;
  const [, mark = '', lead = '', body = ''] = found;
  return { prefix: mark + lead, hanging: mark + ' '.repeat(lead.length), body };
}

/** Whether `next` goes on with the paragraph of `line`: no other indent, item, tag or table. */
function continues(line: CommentLine, next: string): boolean {
  if (!next.startsWith(line.hanging) || readLine(next) === undefined) return false;
  return /^(?![-*|@]|```|\d+\. )\S/.test(next.slice(line.hanging.length));
}

/** The few words that an earlier wrapping left in the midst of a paragraph: they had no place above, and leave much. */
function isScrap(line: CommentLine, before: string | undefined, next: string | undefined, width: number): boolean {
  if (line.body.length > scrapMax || line.prefix !== line.hanging || next === undefined || !continues(line, next)) {
    return false;
  }
  const above = before === undefined ? undefined : readLine(before);
  const [word = ''] = line.body.split(' ');
  return above?.hanging === line.hanging && columns(`${before} ${word}`) > width;
}

const columns = (line: string): number => [...line].length;

function fill(body: string, first: string, hanging: string, width: number): string[] {
  const lines: string[] = [];
  let [line, prefix] = [first, first];
  for (const word of body.split(' ')) {
    const longer = line === prefix ? line + word : `${line} ${word}`;
    if (columns(longer) > width && line !== prefix) {
      lines.push(line);
      prefix = hanging;
      line = prefix + word;
    } else line = longer;
  }
  lines.push(line);
  return lines;
}
