/** The house rules as a program: prints each broken rule with its remedy and ends with 1 if there is one. */
import { checkBans } from './tidy/bans.js';
import { checkDocuments } from './tidy/documents.js';
import { checkFiles } from './tidy/files.js';
import { checkLayers } from './tidy/layers.js';
import { checkPackage } from './tidy/package.js';
import { type Complaint, readTree } from './tidy/tree.js';

const tree = readTree(process.argv[2] ?? '.');
const complaints: Complaint[] = [
  ...checkLayers(tree),
  ...checkBans(tree),
  ...checkFiles(tree),
  ...checkDocuments(tree),
  ...checkPackage(tree),
];
for (const { file, line, text } of complaints) console.log(`${file}${line > 0 ? `:${line}` : ''}: ${text}`);
console.log(
  complaints.length === 0
    ? `tidy: ${tree.sources.length} sources and ${tree.documents.length} documents keep the house rules`
    : `tidy: ${complaints.length} broken house rules`,
);
process.exitCode = complaints.length === 0 ? 0 : 1;
