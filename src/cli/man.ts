/** `synod man`: prints a manual page. */
import { exitCodes, nearest } from '../base/index.js';
import type { Call } from './command.js';
import { UsageError } from './go-flags.js';
import { manPages, pageName } from './man-page.js';

export async function man({ positionals, output }: Call): Promise<number> {
  const asked = positionals.join(' ');
  const pages = manPages();
  const name = pageName(asked);
  const page = pages.find((candidate) => candidate.name === name);
  if (page === undefined) {
    const guess = nearest(
      name,
      pages.map((candidate) => candidate.name),
    );
    const meant = guess === undefined ? '' : ` - did you mean ${guess.replace(/^synod-/, '')} ?`;
    throw new UsageError(`no page for '${asked}'${meant}`);
  }
  output.line(page.text.trimEnd());
  return exitCodes.ok;
}
