/**
 * The house rules as a program: prints each broken rule with its remedy and ends with 1 if there is one; --fix first
 * wraps comments that are too wide, or that an earlier wrapping left ragged.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { widthMax } from './tidy/files.js';
import { inspect } from './tidy/inspect.js';
import { rewrapComments } from './tidy/rewrap.js';
import { readTree } from './tidy/tree.js';

const args = process.argv.slice(2);
const root = args.find((arg) => !arg.startsWith('-')) ?? '.';
if (args.includes('--fix')) mendComments(root);
const { complaints, sources, documents } = inspect(root);
for (const { file, line, text } of complaints) console.log(`${file}${line > 0 ? `:${line}` : ''}: ${text}`);
console.log(
  complaints.length === 0
    ? `tidy: ${sources} sources and ${documents} documents keep the house rules`
    : `tidy: ${complaints.length} broken house rules`,
);
process.exitCode = complaints.length === 0 ? 0 : 1;

function mendComments(folder: string): void {
  for (const { file } of readTree(folder).sources) {
    const full = path.join(folder, file);
    const before = readFileSync(full, 'utf8');
    const after = rewrapComments(before, widthMax);
    if (after !== before) writeFileSync(full, after);
  }
}
