/** The command lines in `deploy/`: each option in them exists, and its value can be read. */
import type { Test } from 'tap';
import { commands } from '../../src/cli/command-table.js';
import { optionsOf, parse } from '../../src/cli/parse.js';

/** Options of this release that are merged after these files: to be deleted then. */
const comesWithMerge: Readonly<Record<string, readonly string[]>> = { balancer: ['http'], server: ['http'] };

/** Words as a unit or a container hands them to `synod`. */
export function checkCommandLine(t: Test, words: readonly string[], where: string): void {
  const [name = '', ...args] = words;
  const spec = commands.find((command) => command.name === name);
  if (spec === undefined) {
    t.fail(`${where}: no command ${name}`);
    return;
  }
  const known = [...optionsOf(spec).map((option) => option.name), ...(comesWithMerge[name] ?? [])];
  for (const arg of args) {
    const option = /^--([^=]+)/.exec(arg)?.[1];
    if (option !== undefined) t.ok(known.includes(option), `${where}: ${name} takes --${option}`);
  }
  t.doesNotThrow(() => parse(spec, withoutComing(name, args)), `${where}: ${words.join(' ')}`);
}

/** The same without options that are not there yet. */
export function withoutComing(name: string, args: readonly string[]): string[] {
  const coming = comesWithMerge[name] ?? [];
  const kept: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    const option = /^--([^=]+)(=)?/.exec(arg);
    if (option === null || !coming.includes(option[1] ?? '')) kept.push(arg);
    else if (option[2] === undefined) i += 1;
  }
  return kept;
}
