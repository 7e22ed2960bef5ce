/** Places in a text: UTF-16 indexes at grapheme boundaries, found by walking from such a place. */
import { clusterAt } from '../text/index.js';

/** The place one grapheme before `at`; 0 at the start. */
export function placeBefore(text: string, at: number): number {
  return at <= 0 ? 0 : clusterAt(text, at - 1).start;
}

/** The place one grapheme behind `at`; the length at the end. */
export function placeAfter(text: string, at: number): number {
  return at >= text.length ? text.length : clusterAt(text, at).end;
}

/** The first place at or behind any index. */
export function placeFrom(text: string, index: number): number {
  if (index <= 0 || index >= text.length) return index <= 0 ? 0 : text.length;
  const { start, end } = clusterAt(text, index);
  return start === index ? index : end;
}

/** Where the line with `at` in it starts. */
export function lineStart(text: string, at: number): number {
  return at === 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1;
}

/** Where the line with `at` in it ends: at its '\n', or at the end of the text. */
export function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end;
}

/** What a grapheme is asked while walking. */
export type Kind = (grapheme: string) => boolean;

export const isSpace: Kind = (grapheme) => /^\s/u.test(grapheme);
export const isWordPart: Kind = (grapheme) => /[\p{L}\p{N}]/u.test(grapheme);
export const not =
  (kind: Kind): Kind =>
  (grapheme) =>
    !kind(grapheme);

/** Walks back from `at` over all graphemes of the kind. */
export function skipBack(text: string, at: number, kind: Kind): number {
  let place = at;
  while (place > 0) {
    const before = placeBefore(text, place);
    if (!kind(text.slice(before, place))) break;
    place = before;
  }
  return place;
}

/** Walks on from `at` over all graphemes of the kind. */
export function skipOn(text: string, at: number, kind: Kind): number {
  let place = at;
  while (place < text.length) {
    const after = placeAfter(text, place);
    if (!kind(text.slice(place, after))) break;
    place = after;
  }
  return place;
}
