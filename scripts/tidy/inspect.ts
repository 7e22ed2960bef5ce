/** All house rules on one tree. */
import { checkBans } from './bans.js';
import { checkDocuments } from './documents.js';
import { checkFiles } from './files.js';
import { checkLayers } from './layers.js';
import { checkPackage } from './package.js';
import { type Complaint, readTree } from './tree.js';

/** What is wrong with the tree at `root`, and how much was looked at. */
export function inspect(root: string): { complaints: Complaint[]; sources: number; documents: number } {
  const tree = readTree(root);
  const checks = [checkLayers, checkBans, checkFiles, checkDocuments, checkPackage];
  return {
    complaints: checks.flatMap((check) => check(tree)),
    sources: tree.sources.length,
    documents: tree.documents.length,
  };
}
