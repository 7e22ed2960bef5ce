/** How the person at the terminal can call this program again, for the commands that we suggest. */
import path from 'node:path';

/** `synod` when it is installed, `bin/synod` in a checkout, else the way it was started now. */
export function ownCommand(started = process.argv[1] ?? '', folder = process.cwd()): string {
  const relative = path.relative(folder, started);
  const isBelow = relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
  if (path.basename(started) === 'main.js') return `node ${isBelow ? relative : started}`;
  return isBelow && path.basename(started) === 'synod' ? relative : 'synod';
}
