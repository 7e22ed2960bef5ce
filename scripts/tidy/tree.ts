/** The files the house rules look at, read once: sources with their syntax trees, documents as text. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/** One broken rule. `text` ends in what to do about it. */
export interface Complaint {
  readonly file: string;
  /** Counted from 1; 0 when the file as a whole is meant. */
  readonly line: number;
  readonly text: string;
}

/** An import, re-export, dynamic import or `new URL('./x.js', import.meta.url)`. */
export interface ImportLine {
  readonly specifier: string;
  readonly line: number;
  readonly typeOnly: boolean;
}

/** A TypeScript source file; `file` is relative to the root, with forward slashes. */
export interface Source {
  readonly file: string;
  readonly lines: readonly string[];
  readonly tree: ts.SourceFile;
  readonly imports: readonly ImportLine[];
}

/** A tree of files below `root`, as far as the rules care. */
export interface Tree {
  readonly root: string;
  readonly sources: readonly Source[];
  /** Markdown files: those in the root and all below docs/. */
  readonly documents: readonly { readonly file: string; readonly lines: readonly string[] }[];
}

const sourceFolders = ['src', 'test', 'bench', 'scripts'];

/** Reads the tree. Folders that do not exist are empty. */
export function readTree(root: string): Tree {
  const sources = sourceFolders
    .flatMap((folder) => listFiles(root, folder, '.ts'))
    .map((file) => parseSource(file, readFileSync(path.join(root, file), 'utf8')));
  const rootDocuments = readdirSync(root).filter((name) => name.endsWith('.md'));
  const documents = [...rootDocuments, ...listFiles(root, 'docs', '.md')].map((file) => ({
    file,
    lines: readFileSync(path.join(root, file), 'utf8').split('\n'),
  }));
  return { root, sources, documents };
}

/** Parses one source; exported so that rules can be tested on text. */
export function parseSource(file: string, text: string): Source {
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const imports: ImportLine[] = [];
  walk(tree, (node) => {
    const found = importOf(node);
    if (found !== undefined) imports.push({ ...found, line: lineOf(tree, node) });
  });
  return { file, lines: text.split('\n'), tree, imports };
}

/** Calls `visit` for every node, parents first. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  node.forEachChild((child) => walk(child, visit));
}

/** The line on which a node begins, counted from 1. */
export function lineOf(tree: ts.SourceFile, node: ts.Node): number {
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
}

/** The file that a relative specifier of `file` means, as a path in the tree (`.js` names its `.ts`). */
export function resolveImport(file: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier)).replace(/\.js$/, '.ts');
}

function importOf(node: ts.Node): { specifier: string; typeOnly: boolean } | undefined {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    return { specifier: node.moduleSpecifier.text, typeOnly: node.importClause?.isTypeOnly ?? false };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier)) {
    return { specifier: node.moduleSpecifier.text, typeOnly: node.isTypeOnly };
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
    return { specifier: node.argument.literal.text, typeOnly: true };
  }
  const first = ts.isCallExpression(node) || ts.isNewExpression(node) ? node.arguments?.[0] : undefined;
  if (first === undefined || !ts.isStringLiteralLike(first)) return undefined;
  const isDynamicImport = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
  const isUrl = ts.isNewExpression(node) && node.expression.getText() === 'URL' && first.text.endsWith('.js');
  return isDynamicImport || isUrl ? { specifier: first.text, typeOnly: false } : undefined;
}

function listFiles(root: string, folder: string, ending: string): string[] {
  const full = path.join(root, folder);
  if (!existsSync(full)) return [];
  return (
    readdirSync(full, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
      .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
      // Packages that a part of the tree has installed for itself are not ours.
      .filter((file) => !file.includes('/node_modules/'))
      .sort()
  );
}
