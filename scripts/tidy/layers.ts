/** Import direction: folders of src only look down (ARCHITECTURE.md, Folders), and only at another folder's face. */
import type { Complaint, Source, Tree } from './tree.js';
import { resolveImport } from './tree.js';

/** What each folder of src may import. */
export const below: Readonly<Record<string, readonly string[]>> = {
  base: [],
  wire: ['base'],
  paxos: ['wire', 'base'],
  chat: ['wire', 'base'],
  net: ['wire', 'base'],
  storage: ['wire', 'base'],
  client: ['net', 'wire', 'base'],
  proxy: ['wire', 'base'],
  tui: ['client', 'chat', 'wire', 'base'],
  cluster: ['base'],
  bench: ['cluster', 'proxy', 'client', 'base'],
  daemon: ['storage', 'paxos', 'chat', 'net', 'proxy', 'wire', 'base'],
  redis: ['daemon', 'client', 'wire', 'base'],
  cli: [
    'bench',
    'redis',
    'cluster',
    'daemon',
    'tui',
    'proxy',
    'client',
    'storage',
    'net',
    'chat',
    'paxos',
    'wire',
    'base',
  ],
};

/** Folders below src that are functions of their inputs: no clock, no chance, no input or output, no packages. */
const pureFolders: readonly string[] = [
  'paxos',
  'chat',
  'wire',
  'proxy/plan',
  'proxy/rules',
  'tui/text',
  'tui/editor',
  'tui/model',
  'bench/plan',
  'bench/show',
];

/** The pure folder that a file belongs to, as `proxy/plan`; undefined for any other file. */
export function pureFolderOf(file: string): string | undefined {
  return pureFolders.find((folder) => file.startsWith(`src/${folder}/`));
}

/** The folder of src a file belongs to, or undefined outside src. */
export function folderOf(file: string): string | undefined {
  return /^src\/([^/]+)\//.exec(file)?.[1];
}

export function checkLayers(tree: Tree): Complaint[] {
  return tree.sources.flatMap(checkFile);
}

function checkFile(source: Source): Complaint[] {
  const folder = folderOf(source.file);
  if (folder === undefined) return [];
  const allowed = below[folder];
  if (allowed === undefined) {
    const text = `folder src/${folder} has no place in the import order: add it to scripts/tidy/layers.ts`;
    return [{ file: source.file, line: 0, text }];
  }
  return source.imports.flatMap(({ specifier, line }) => {
    const text = judge(source.file, folder, allowed, specifier);
    return text === undefined ? [] : [{ file: source.file, line, text }];
  });
}

function judge(file: string, folder: string, allowed: readonly string[], specifier: string): string | undefined {
  const target = resolveImport(file, specifier);
  const pure = pureFolderOf(file);
  if (target === undefined) {
    if (pure === undefined) return undefined;
    return `${pure} is pure and imports '${specifier}': hand in what it needs from a folder above`;
  }
  const other = folderOf(target);
  if (other === folder) {
    if (pure === undefined || pureFolderOf(target) !== undefined) return undefined;
    return `${pure} is pure and imports '${specifier}', which is not: hand in what it needs, or move the pure part here`;
  }
  if (other === undefined)
    return `src imports '${specifier}' from outside src: move it into src, or the user out of it`;
  if (!allowed.includes(other)) {
    const list = allowed.length === 0 ? 'nothing' : allowed.join(', ');
    return `${folder} must not import ${other} (it may import ${list}): move the shared part down, or pass it in`;
  }
  if (!target.endsWith('/index.ts')) {
    return `'${specifier}' reaches past the face of ${other}: import it from ${other}'s index.js (export it there)`;
  }
  return undefined;
}
