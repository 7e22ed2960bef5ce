/** The command lines through which a server is profiled, and what they leave behind. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type CpuProfile, profileText, summarise } from './cpu-profile.js';

/** flame, doctor: clinic's pages. cpu: V8's own sampler, summed up as text. */
export const tools = ['flame', 'doctor', 'cpu'] as const;
export type Tool = (typeof tools)[number];

/**
 * Fetched by npx when it is asked for: it has hundreds of dependencies, and as a devDependency everybody who runs
 * `npm ci` would install them for a tool that is used now and then.
 */
const clinic = 'clinic@13.0.0';

/** A command in front of `node PROGRAM …`, and its surroundings; what it writes goes to `folder`. */
export interface Wrapping {
  readonly through: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export function wrappingOf(tool: Tool, folder: string): Wrapping {
  if (tool === 'cpu') {
    // The sampler's flags belong behind the name of the program that is to run with them: the first word here.
    const shell = 'node=$1; shift; exec "$node" --cpu-prof --cpu-prof-dir="$SYNOD_PROFILES" "$@"';
    return { through: ['sh', '-c', shell, 'sh'], env: { SYNOD_PROFILES: folder } };
  }
  return {
    through: ['npx', '--yes', clinic, tool, '--open=false', '--dest', folder, '--'],
    // Without a terminal and without this it asks a question that nobody answers, and ends with 0 and no page.
    env: { NO_INSIGHT: '1' },
  };
}

/** A started command and all below it, parents first. */
export function processesBelow(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(processesBelow)];
}

/** The server among these: profilers and npx carry the same words, and are above it. */
export function serverAmong(pids: readonly number[]): number {
  const server = pids.findLast((pid) => isServer(commandOf(pid)));
  if (server === undefined) throw new Error(`none of the processes ${pids.join(', ')} is a server`);
  return server;
}

/** Whether Node runs `synod server` here, or something that was told to. */
export function isServer(words: readonly string[]): boolean {
  const isLauncher = (word: string, at: number): boolean =>
    path.basename(word) === 'synod' && words[at + 1] === 'server';
  return path.basename(words[0] ?? '').startsWith('node') && words.some(isLauncher);
}

function commandOf(pid: number): string[] {
  return readProcess(`/proc/${pid}/cmdline`).split('\0');
}

function childrenOf(pid: number): number[] {
  return readProcess(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

function readProcess(file: string): string {
  // A process may end between being listed and being read.
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** What the tool wrote: text to print. Throws if there is nothing. */
export function resultText(tool: Tool, folder: string, top: number): string {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  if (tool !== 'cpu') {
    const pages = names.filter((name) => name.endsWith('.html'));
    if (pages.length === 0) throw new Error(`clinic wrote no page to ${folder}; run it again, or profile with: cpu`);
    return pages.map((name) => `open in a browser: ${path.relative('.', path.join(folder, name))}`).join('\n');
  }
  const profiles = names.filter((name) => name.endsWith('.cpuprofile'));
  if (profiles.length === 0) throw new Error(`no profile was written to ${folder}: the server did not end in order`);
  return profiles
    .map((name) => {
      const file = path.join(folder, name);
      const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
      return `${path.relative('.', file)}\n${profileText(summarise(profile), top)}`;
    })
    .join('\n\n');
}

/** V8's trace logs of runs before would be taken for part of this one. */
export function removeStaleTraces(folder: string): void {
  for (const name of readdirSync(folder)) if (/^node_trace\..*\.log$/.test(name)) rmSync(path.join(folder, name));
}
