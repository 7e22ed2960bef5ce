/** What F1 shows. */
import { wrap } from '../text/index.js';
import { commandRows } from './commands.js';
import { keyHelp } from './keys.js';
import { type Model, surfaceOf } from './model.js';

const helpKeyColumns = 22;
const helpBesideColumns = 72;

/** What F1 shows, keys and then commands, on so wide a screen. */
export function helpLines(model: Model): string[] {
  const entry = (head: string, help: string, width: number): string[] => {
    if (model.columns >= helpBesideColumns) return [`  ${head.padEnd(width)} ${help}`];
    const below = wrap(help, Math.max(8, model.columns - 4)).map((line) => `    ${line}`);
    return [`  ${head}`, ...below];
  };
  const keys = keyHelp().flatMap(({ group, rows }) => [
    group,
    ...rows.flatMap(([key, help]) => entry(key, help, helpKeyColumns)),
    '',
  ]);
  const listed = commandRows(surfaceOf(model));
  const width = Math.max(...listed.map(([usage]) => usage.length));
  return [...keys, 'Commands', ...listed.flatMap(([usage, help]) => entry(usage, help, width))];
}
