/** Banned calls: clocks, chance, timers and processes stay at the edges; nothing is left half done or switched off. */
import ts from 'typescript';
import { folderOf, pureFolderOf } from './layers.js';
import { type Complaint, lineOf, type Source, type Tree, walk } from './tree.js';

interface Ban {
  /** Global names or `object.member` pairs. */
  readonly names: readonly string[];
  readonly applies: (file: string, folder: string) => boolean;
  readonly remedy: string;
}

/** The only places that may read the machine's clock or set a timer: the clock itself, and the program around it. */
const clockEdges: readonly string[] = ['src/base/node-clock.ts'];
const edgeFolders: readonly string[] = ['cli', 'tui', 'daemon'];
/** Parts of the daemon that the simulator runs as they are: no edge, although their folder is one. */
const simulated =
  /^src\/daemon\/server\/(driver|open-driver|gate|submissions|batch-slab|state-hashes|checkpointer)\.ts$/;

const bans: readonly Ban[] = [
  {
    names: ['process', 'console', 'performance', 'queueMicrotask', 'setImmediate', 'crypto', 'fetch', 'require'],
    applies: (file) => pureFolderOf(file) !== undefined,
    remedy: 'this folder is pure: return it as an effect, or take it as an argument',
  },
  {
    names: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'],
    applies: (file, folder) => simulated.test(file) || (!clockEdges.includes(file) && !edgeFolders.includes(folder)),
    remedy: 'take a Clock (base/clock.ts) as an argument, so that tests and the simulator own the time',
  },
  {
    names: ['Date'],
    applies: (file) => pureFolderOf(file) !== undefined,
    remedy: 'this folder is pure: show times elsewhere, and take the present as an argument',
  },
  {
    names: ['Date.now', 'new Date', 'performance.now'],
    applies: (file, folder) => !clockEdges.includes(file) && folder !== 'cli' && folder !== 'tui',
    remedy: 'take a Clock (base/clock.ts) as an argument: monotonicMs for decisions, wallMs for what people see',
  },
  {
    names: ['Math.random'],
    applies: () => true,
    remedy: 'take a Prng (base/prng.ts), seeded from node:crypto at the edge, so that a run can be repeated',
  },
  {
    names: ['console'],
    applies: (file, folder) => folder !== 'cli' && pureFolderOf(file) === undefined,
    remedy: 'take a Logger (base/log.ts); only cli writes to the terminal',
  },
  {
    names: ['process.exit', 'process.abort'],
    applies: (file) => file !== 'src/cli/main.ts',
    remedy: 'return a result or throw; src/cli/main.ts alone turns it into an exit code',
  },
];

export function checkBans(tree: Tree): Complaint[] {
  return tree.sources.flatMap((source) => [
    ...checkNames(source),
    ...checkLeftovers(source),
    ...checkSwitchedOff(source),
  ]);
}

function checkNames(source: Source): Complaint[] {
  const folder = folderOf(source.file);
  if (folder === undefined) return [];
  const active = bans.filter((ban) => ban.applies(source.file, folder));
  const complaints: Complaint[] = [];
  walk(source.tree, (node) => {
    const name = globalName(node);
    if (name === undefined) return;
    const ban = active.find((candidate) => candidate.names.includes(name));
    if (ban !== undefined) {
      complaints.push({
        file: source.file,
        line: lineOf(source.tree, node),
        text: `${name} is banned here: ${ban.remedy}`,
      });
    }
  });
  return complaints;
}

/**
 * The name of a global used as a value at this node: `Date`, `Math.random` for a member, `new Date` for the present.
 */
function globalName(node: ts.Node): string | undefined {
  if (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && (node.arguments?.length ?? 0) === 0) {
    return `new ${node.expression.text}`;
  }
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
    return `${node.expression.text}.${node.name.text}`;
  }
  if (!ts.isIdentifier(node)) return undefined;
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) return undefined;
  if (ts.isTypeReferenceNode(parent) || ts.isQualifiedName(parent)) return undefined;
  const isNameOfSomething = 'name' in parent && parent.name === node;
  if (isNameOfSomething && !ts.isShorthandPropertyAssignment(parent)) return undefined;
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) return undefined;
  return node.text;
}

// Spelled in two halves, so that this file does not complain about itself.
const leftovers = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`);

function checkLeftovers(source: Source): Complaint[] {
  return source.lines.flatMap((line, index) => {
    const found = leftovers.exec(line)?.[1];
    if (found === undefined) return [];
    const text = `leftover ${found}: do it now, or open an issue and say what the code does today`;
    return [{ file: source.file, line: index + 1, text }];
  });
}

function checkSwitchedOff(source: Source): Complaint[] {
  if (!source.file.endsWith('.test.ts')) return [];
  const complaints: Complaint[] = [];
  walk(source.tree, (node) => {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return;
    const member = node.expression.name.text;
    if (member !== 'only' && member !== 'skip' && member !== 'todo') return;
    if (!ts.isIdentifier(node.expression.expression)) return;
    const text = `.${member}() switches tests off: remove it; for a missing tool use { skip: 'reason' }`;
    complaints.push({ file: source.file, line: lineOf(source.tree, node), text });
  });
  return complaints;
}
