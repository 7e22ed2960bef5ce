/** How this program is called again: by the person at the terminal, and by itself for its daemons. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** `synod` when it is installed, `bin/synod` in a checkout, else the way it was started now. */
export function ownCommand(started = process.argv[1] ?? '', folder = process.cwd()): string {
  const relative = path.relative(folder, started);
  const isBelow = relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
  if (path.basename(started) === 'main.js') return `node ${isBelow ? relative : started}`;
  return isBelow && path.basename(started) === 'synod' ? relative : 'synod';
}

/** The command line that starts this very program, whatever the person's own looks like. */
export function ownProgram(): readonly string[] {
  return [process.execPath, fileURLToPath(new URL('./main.js', import.meta.url))];
}
