/** Rules on files as such: an opening sentence, line width, and no file that nothing imports. */
import { type Complaint, resolveImport, type Source, type Tree } from './tree.js';

/** Columns a line may have. */
export const widthMax = 120;
/** A line whose width is one text that a person reads: cutting an error message in two makes it harder to find. */
const longText = /^\s*(return |throw |const \w+ = |text: |\w+: |[\w.]+\()?.{0,60}['`].{50,}['`].{0,4}$/;

export function checkFiles(tree: Tree): Complaint[] {
  return [...tree.sources.flatMap(checkOpening), ...tree.sources.flatMap(checkWidth), ...checkReachable(tree)];
}

function checkOpening(source: Source): Complaint[] {
  const first = source.lines[0] ?? '';
  const end = source.lines.findIndex((line) => line.includes('*/'));
  const comment = source.lines.slice(0, end + 1).join(' ');
  if (/^\/\*\*( |$)/.test(first) && /[A-Za-z].*[.!?](\s|$)/.test(comment.replace(/\*\//, ' '))) return [];
  const text = 'does not open with a sentence: begin line 1 with /** What this file owns. */';
  return [{ file: source.file, line: 1, text }];
}

function checkWidth(source: Source): Complaint[] {
  return source.lines.flatMap((line, index) => {
    const width = [...line].length;
    if (width <= widthMax || (width <= 2 * widthMax && longText.test(line))) return [];
    const text = `${width} columns: break the line at ${widthMax}`;
    return [{ file: source.file, line: index + 1, text }];
  });
}

/** Where reading begins: the program, the package's API, what a person or the test runner starts. */
function isRoot(file: string): boolean {
  if (file === 'src/cli/main.ts' || file === 'src/client/index.ts') return true;
  if (file.endsWith('.test.ts') || /^test\/[a-z]+\/(\w+-)?main\.ts$/.test(file) || /\/record-[^/]*\.ts$/.test(file))
    return true;
  return /^(bench|scripts)\/[^/]+\.ts$/.test(file);
}

function checkReachable(tree: Tree): Complaint[] {
  const byFile = new Map(tree.sources.map((source) => [source.file, source]));
  const reached = new Set<string>();
  const queue = [...byFile.keys()].filter(isRoot);
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    const source = byFile.get(file);
    if (source === undefined || reached.has(file)) continue;
    reached.add(file);
    for (const { specifier } of source.imports) {
      const target = resolveImport(file, specifier);
      if (target !== undefined) queue.push(target);
    }
  }
  return tree.sources
    .filter((source) => !reached.has(source.file))
    .map((source) => ({ file: source.file, line: 0, text: 'nothing imports this file: use it, or delete it' }));
}
