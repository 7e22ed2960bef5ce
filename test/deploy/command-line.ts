/** The command lines in `deploy/`: each option in them exists, and its value can be read. */
import type { Test } from 'tap';
import { commands } from '../../src/cli/command-table.js';
import { optionsOf, parse } from '../../src/cli/parse.js';

/** Words as a unit or a container hands them to `synod`. */
export function checkCommandLine(t: Test, words: readonly string[], where: string): void {
  const [name = '', ...args] = words;
  const spec = commands.find((command) => command.name === name);
  if (spec === undefined) {
    t.fail(`${where}: no command ${name}`);
    return;
  }
  const known = optionsOf(spec).map((option) => option.name);
  for (const arg of args) {
    const option = /^--([^=]+)/.exec(arg)?.[1];
    if (option !== undefined) t.ok(known.includes(option), `${where}: ${name} takes --${option}`);
  }
  t.doesNotThrow(() => parse(spec, args), `${where}: ${words.join(' ')}`);
}
