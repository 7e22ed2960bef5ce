/** Links of the documents: every relative one leads to a file that exists, every anchor to a heading. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Complaint, Tree } from './tree.js';

export function checkDocuments(tree: Tree): Complaint[] {
  return tree.documents.flatMap(({ file, lines }) =>
    outsideCode(lines).flatMap(({ line, text }) =>
      linksOf(text).flatMap((link) => {
        const problem = judge(tree.root, file, link);
        return problem === undefined ? [] : [{ file, line, text: problem }];
      }),
    ),
  );
}

/** The lines outside fenced blocks, without inline code. */
function outsideCode(lines: readonly string[]): { line: number; text: string }[] {
  let fenced = false;
  const out: { line: number; text: string }[] = [];
  lines.forEach((text, index) => {
    if (/^\s*(```|~~~)/.test(text)) fenced = !fenced;
    else if (!fenced) out.push({ line: index + 1, text: text.replace(/`[^`]*`/g, '') });
  });
  return out;
}

function linksOf(text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)[^)]*\)/g)].map((match) => match[1] ?? '');
}

function judge(root: string, file: string, link: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return undefined;
  const [target = '', anchor] = link.split('#');
  const full = target === '' ? path.join(root, file) : path.join(root, path.dirname(file), target);
  if (!existsSync(full)) return `link to ${link}, which does not exist: correct the path`;
  if (anchor === undefined || anchor === '' || statSync(full).isDirectory() || !full.endsWith('.md')) return undefined;
  const headings = readFileSync(full, 'utf8')
    .split('\n')
    .filter((line) => /^#+ /.test(line))
    .map(slug);
  return headings.includes(anchor) ? undefined : `link to ${link}: no such heading there; correct the anchor`;
}

/** The anchor that a Markdown heading gets. */
function slug(heading: string): string {
  return heading
    .replace(/^#+ /, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');
}
