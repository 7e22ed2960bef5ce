/** Runs the examples of a document: its `console` blocks as commands with what they print, its files as files. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runToEnd } from './program.js';

/** One command of a document and the lines under it. */
export interface Example {
  readonly command: string;
  /** The word before the prompt, as in `host-1$ ls`; empty without one. */
  readonly host: string;
  readonly printed: readonly string[];
}

/** Where the cluster is that the examples are run on. */
export interface ExampleWorld {
  readonly api: string;
  readonly balancer: string;
  /** Address of a server by its number, for `--server N`. */
  readonly server: (id: number) => string;
  /** Files of the document are written here, and commands run here. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The commands of all ```console blocks; a block of a file's kind whose first line is `# NAME` becomes that file.
 */
export function readExamples(file: string, folder: string, fileKinds: readonly string[] = ['toml']): Example[] {
  const examples: { command: string; host: string; printed: string[] }[] = [];
  for (const [, language, body = ''] of readFileSync(file, 'utf8').matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)) {
    if (fileKinds.includes(language ?? ''))
      writeFileSync(path.join(folder, /^# (\S+)/.exec(body)?.[1] ?? 'unnamed'), body);
    if (language !== 'console') continue;
    for (const line of body.trimEnd().split('\n')) {
      const [, host = '', command] = /^([\w-]*)\$ (.*)$/.exec(line) ?? [];
      if (command !== undefined) examples.push({ command, host, printed: [] });
      else examples.at(-1)?.printed.push(line);
    }
  }
  return examples;
}

/** Runs one command; returns its lines. */
export async function runExample({ command }: Example, world: ExampleWorld): Promise<string[]> {
  const [program = '', ...words] = splitWords(command);
  if (program === 'curl') return linesOf(await curl(words, world.api));
  if (program !== 'bin/synod') throw new Error(`examples run bin/synod and curl, not ${program}`);
  const [verb = '', ...rest] = words;
  const end = rest.indexOf('--');
  const options = end < 0 ? rest : rest.slice(0, end);
  const server = options.indexOf('--server');
  if (server >= 0) options[server + 1] = world.server(Number(options[server + 1]));
  const place = ['link', 'fault'].includes(verb) ? ['--api', world.api] : ['--balancer', world.balancer];
  const args = [verb, ...options, ...(server >= 0 ? [] : place), ...(end < 0 ? [] : rest.slice(end))];
  const { stdout } = await runToEnd('synod', args, 60_000, { cwd: world.folder, env: world.env });
  return linesOf(stdout);
}

/** Whether `lines` are those of the example, whatever their numbers and widths; `…` stands for any lines. */
export function looksLike(printed: readonly string[], lines: readonly string[]): boolean {
  const gap = printed.indexOf('…');
  if (gap < 0) return printed.length === lines.length && printed.every((line, i) => isAlike(line, lines[i] ?? ''));
  const before = printed.slice(0, gap);
  const after = printed.slice(gap + 1);
  return (
    lines.length >= before.length + after.length &&
    looksLike(before, lines.slice(0, before.length)) &&
    looksLike(after, after.length === 0 ? [] : lines.slice(-after.length))
  );
}

function isAlike(a: string, b: string): boolean {
  const plain = (line: string): string =>
    line
      .trim()
      .replace(/\s+/g, ' ')
      .replace(/\b[0-9a-f]{16}\b/g, 'HASH')
      .replace(/\d+(\.\d+)?/g, '#');
  return plain(a) === plain(b);
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** As much of a shell as the examples need: words, and quotes of both kinds. */
function splitWords(command: string): string[] {
  return [...command.matchAll(/(?:'([^']*)'|"([^"]*)"|([^\s'"]+))/g)].map(([, single, double, bare]) => {
    return single ?? double ?? bare ?? '';
  });
}

/** As much of curl: -s, -X METHOD, -d DATA and an address. */
async function curl(words: readonly string[], api: string): Promise<string> {
  let method: string | undefined;
  let body: string | undefined;
  let url = '';
  for (let i = 0; i < words.length; i++) {
    if (words[i] === '-X') method = words[++i];
    else if (words[i] === '-d') body = words[++i];
    else if (words[i] !== '-s') url = words[i] ?? '';
  }
  const address = url.replace('localhost:8474', api.replace('localhost', '127.0.0.1'));
  const response = await fetch(`http://${address}`, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    ...(body === undefined ? {} : { body }),
  });
  return await response.text();
}
