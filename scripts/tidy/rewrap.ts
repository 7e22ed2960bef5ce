/** Mends the one rule a program can mend well: comments that are wider than the limit are wrapped again. */

/** The text with every overlong comment line wrapped at `width` columns; code is left alone. */
export function rewrapComments(text: string, width: number): string {
  const out: string[] = [];
  for (const line of text.split('\n')) {
    if ([...line].length <= width) out.push(line);
    else out.push(...(rewrapLine(line, width) ?? [line]));
  }
  return out.join('\n');
}

function rewrapLine(line: string, width: number): string[] | undefined {
  const oneLine = /^(\s*)\/\*\*? (.*) \*\/$/.exec(line);
  if (oneLine !== null) {
    const [, indent = '', body = ''] = oneLine;
    return [`${indent}/**`, ...fill(body, `${indent} * `, width), `${indent} */`];
  }
  const inBlock = /^(\s*)(\* |\/\/ )(\s*(?:- )?)(.*)$/.exec(line);
  if (inBlock === null) return undefined;
  const [, indent = '', mark = '', lead = '', body = ''] = inBlock;
  if (body.endsWith('*/')) return undefined;
  const lines = fill(body, indent + mark + ' '.repeat(lead.length), width);
  lines[0] =
    indent + mark + lead + body.slice(0, (lines[0] as string).length - indent.length - mark.length - lead.length);
  return lines;
}

function fill(body: string, prefix: string, width: number): string[] {
  const lines: string[] = [];
  let line = prefix;
  for (const word of body.split(' ')) {
    const longer = line === prefix ? line + word : `${line} ${word}`;
    if ([...longer].length > width && line !== prefix) {
      lines.push(line);
      line = prefix + word;
    } else line = longer;
  }
  lines.push(line);
  return lines;
}
