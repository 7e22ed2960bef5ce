/** What Tab makes of the word before the cursor: people, the last speaker first; #rooms; /commands with their usage. */
import { type Editor, replaceRange } from '../editor/index.js';
import { commandsAt, type Surface } from './commands.js';
import type { Completion } from './model.js';
import type { Room } from './room.js';

export interface CompletionSource {
  readonly room: Room;
  readonly rooms: readonly Room[];
  readonly surface: Surface;
  /** The user, who need not be completed. */
  readonly name: string;
}

/** Undefined when nothing begins like what was typed. */
export function complete({ text, cursor }: Editor, source: CompletionSource): Completion | undefined {
  const start = wordStart(text, cursor);
  const typed = text.slice(start, cursor).toLowerCase();
  const { candidates, hints } = candidatesFor(typed, start === 0, source);
  if (candidates.length === 0) return undefined;
  return { candidates, hints, index: 0, start, end: cursor };
}

/** The text with the present candidate in place of what was there. */
export function applyCompletion(editor: Editor, completion: Completion): Editor {
  const candidate = completion.candidates[completion.index] as string;
  const changed = replaceRange(editor, completion.start, completion.end, candidate);
  completion.end = completion.start + candidate.length;
  return changed;
}

function wordStart(text: string, cursor: number): number {
  let start = cursor;
  while (start > 0 && !/\s/.test(text[start - 1] as string)) start--;
  return start;
}

function candidatesFor(
  typed: string,
  isFirst: boolean,
  { room, rooms, surface, name }: CompletionSource,
): { candidates: string[]; hints: string[] } {
  if (isFirst && typed.startsWith('/')) {
    const found = commandsAt(surface).filter((command) => `/${command.name}`.startsWith(typed));
    return {
      candidates: found.map((command) => `/${command.name} `),
      hints: found.map((command) => `${command.usage}: ${command.help}`),
    };
  }
  if (typed.startsWith('#')) {
    const found = rooms.filter((other) => other.name.toLowerCase().startsWith(typed)).map((other) => `${other.name} `);
    return { candidates: found, hints: found.map(() => '') };
  }
  const at = typed.startsWith('@') ? '@' : '';
  const wanted = typed.slice(at.length);
  const people = ranked(room).filter((one) => one !== name && one.toLowerCase().startsWith(wanted));
  const suffix = isFirst && at === '' ? ': ' : ' ';
  return { candidates: people.map((one) => `${at}${one}${suffix}`), hints: people.map(() => '') };
}

/** Those who spoke last come first, then the others by name; who has left is not offered. */
function ranked({ speakers, people }: Room): string[] {
  const spoken = [...speakers].sort(([, one], [, other]) => other - one);
  const recent = spoken.map(([name]) => name).filter((name) => people.has(name));
  const silent = [...people].filter((name) => !speakers.has(name)).sort();
  return [...recent, ...silent];
}
