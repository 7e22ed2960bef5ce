/** The window of a room's lines: what only the user sees stands where it was said, once, whatever window is held. */
import t from 'tap';
import { type Line, Lines } from '../../../src/tui/model/lines.js';

const post = (event: number): Line => {
  const text = `${event}`;
  return { event, n: event, slot: event, wallMs: 0, kind: 'post', from: 'ann', text, isOwn: false, isMention: false };
};
const posts = (first: number, last: number): Line[] =>
  Array.from({ length: last - first + 1 }, (_, at) => post(first + at));
const local = (text: string): Omit<Line, 'event'> => {
  return { n: 0, slot: 0, wallMs: 0, kind: 'local', from: '', text, isOwn: false, isMention: false };
};
const texts = (lines: Lines): string =>
  Array.from({ length: lines.length }, (_, index) => lines.at(index)?.text).join(' ');

function filled(): Lines {
  const lines = new Lines();
  lines.say(local('first'), 0);
  for (const line of posts(1, 5)) lines.append(line);
  lines.say(local('after'), 5);
  return lines;
}

t.test('what was said before anything was known stands before it', async (t) => {
  t.equal(texts(filled()), 'first 1 2 3 4 5 after');
});

t.test('another window, and back', async (t) => {
  const lines = filled();
  for (const line of posts(6, 9)) lines.append(line);
  lines.replace(posts(3, 5), false, false);
  t.equal(texts(lines), '3 4 5 after');
  lines.extend(posts(6, 9), true);
  t.equal(texts(lines), '3 4 5 after 6 7 8 9', 'once');
  lines.prepend(posts(1, 2));
  t.equal(texts(lines), 'first 1 2 3 4 5 after 6 7 8 9');
});

t.test('what is said while older lines are read is there at the end', async (t) => {
  const lines = filled();
  lines.detach();
  lines.say(local('meanwhile'), 8);
  t.equal(texts(lines), 'first 1 2 3 4 5 after');
  lines.extend(posts(6, 8), true);
  t.equal(texts(lines), 'first 1 2 3 4 5 after 6 7 8 meanwhile');
  lines.replace([], true, true);
  t.equal(texts(lines), 'first after meanwhile', 'even when the room is empty');
});
