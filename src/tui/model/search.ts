/** Searching back through the lines that are loaded. */

import { sanitise } from '../../base/index.js';
import { clusters } from '../text/index.js';
import type { Key } from './input.js';
import { toEnd, toTop } from './moving.js';
import type { Room } from './room.js';
import { scrollTo } from './scroll.js';
import { flash, pageOf, type Step } from './step.js';

/** Nobody looks for more. */
const queryCharsMax = 200;

export function beginSearch(step: Step, query = ''): void {
  changeQuery(step, query);
}

/** Another query: from the newest line again. */
export function changeQuery(step: Step, typed: string): void {
  const query = sanitise(typed).slice(0, queryCharsMax);
  step.model.search = { query, event: 0, isMissing: false };
  if (query === '') step.model.room.markedN = 0;
  else findOlder(step);
}

/** The next line above the one that was found, or the newest that holds the query. */
export function findOlder(step: Step): void {
  const { model } = step;
  const { search, room } = model;
  if (search === undefined || search.query === '') return;
  const found = findBefore(room, search.query, search.event === 0 ? Number.POSITIVE_INFINITY : search.event);
  search.isMissing = found === undefined;
  if (found === undefined) {
    // What is older may hold it: it is loaded, and the next C-r looks there. The newest lines may go for it.
    toTop(step);
    if (room.loading !== undefined) flash(step, 'Not in what is loaded; loading older lines, C-r again looks there');
    return;
  }
  search.event = found.event;
  room.markedN = found.n;
  const { layout, height } = pageOf(step);
  scrollTo(room, found.event, height, layout);
}

function findBefore({ lines }: Room, query: string, event: number): { event: number; n: number } | undefined {
  const wanted = query.toLowerCase();
  for (let index = lines.length - 1; index >= 0; index--) {
    const line = lines.at(index);
    if (line === undefined || line.n === 0 || line.event >= event) continue;
    if (line.text.toLowerCase().includes(wanted) || line.from.toLowerCase() === wanted) return line;
  }
  return undefined;
}

/** True: the key was for the search. */
export function onSearchKey(step: Step, key: Key): boolean {
  const { model } = step;
  const { search } = model;
  if (search === undefined) return false;
  if (key.name === 'text') changeQuery(step, search.query + (key.text ?? ''));
  else if (key.name === 'Backspace' || key.name === 'C-h') changeQuery(step, withoutLast(search.query));
  else if (key.name === 'C-r' || key.name === 'Up') findOlder(step);
  else if (key.name === 'C-u') changeQuery(step, '');
  else if (key.name === 'Esc' || key.name === 'Enter' || key.name === 'C-c' || key.name === 'C-g') {
    model.search = undefined;
    // Enter stays where it was found.
    if (key.name !== 'Enter') toEnd(step);
  } else if (['PageUp', 'PageDown', 'C-l', 'C-z'].includes(key.name)) return false;
  // Everything else would do something to what is hidden.
  return true;
}

function withoutLast(query: string): string {
  return [...clusters(query)].slice(0, -1).join('');
}
