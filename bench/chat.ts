/** `npm run bench -- chat`: the full-screen chat in a real pseudo-terminal, by what is in the cells of its screen. */
import { commit } from './chat-commit.js';
import { flood } from './chat-flood.js';
import { history } from './chat-history.js';
import { Stand } from './chat-stand.js';
import { start } from './chat-start.js';
import { columns, rows } from './chat-terminal.js';
import { runParts } from './parts.js';

export function main(args: readonly string[]): Promise<number> {
  return runParts(
    {
      defaults: { starts: 20, lines: 100, floods: 10, messages: 10_000, history: 1_000_000, pages: 50 },
      parts: { start, commit, flood, history },
      start: () => Stand.start(),
      about: () => [`a terminal of ${columns}x${rows} by util-linux's script; cluster, chat and load on this machine`],
    },
    args,
  );
}
