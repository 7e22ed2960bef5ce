/** Text as a reader counts it: user-perceived characters, each with the columns it takes on a terminal. */
import { columnsOfCharacter } from './character-width.js';

/** One user-perceived character, never cut in two on the screen. */
export type Grapheme = { readonly text: string; readonly columns: 0 | 1 | 2 };

/** More marks than this on one character would tower over other rows. */
const marksMax = 8;

/** UTF-16 units given to the segmenter at a time: each of its steps costs time proportional to all it was given. */
const pieceUnits = 256;

// A fixed language, so that the machine's settings change nothing; clusters are the same in all of them.
const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** ASCII, Latin letters and signs, lines of boxes: each a character of its own, whatever stands beside it. */
const plain = /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u2500-\u257f]*$/;
const mark = /^\p{M}/u;
/** An emoji that is asked for by variation selector 16, as in keycaps and ❤️. */
const emojiAskedFor = /\p{Emoji}\ufe0f/u;

const asciiGraphemes: readonly Grapheme[] = Array.from({ length: 0x7f - 0x20 }, (_, index) => ({
  text: String.fromCharCode(0x20 + index),
  columns: 1,
}));

/** Whether every UTF-16 unit of the text is a grapheme of 1 column. */
export function isPlain(text: string): boolean {
  return plain.test(text);
}

/** The cluster that holds the UTF-16 unit `at` of the text, from `start` to before `end`; `at` is below its length. */
export function clusterAt(text: string, at: number): { start: number; end: number } {
  const found = segmenter.segment(text).containing(at);
  if (found === undefined) throw new RangeError(`no character at ${at} of ${text.length}`);
  return { start: found.index, end: found.index + found.segment.length };
}

/** The extended grapheme clusters of the text (UAX #29) as they stand: for places in a text, not for painting. */
export function* clusters(text: string): Generator<string, void, undefined> {
  if (isPlain(text)) {
    yield* text;
    return;
  }
  let start = 0;
  let length = pieceUnits;
  while (start < text.length) {
    const piece = text.slice(start, wholeCharacters(text, start + length));
    const isLast = start + piece.length === text.length;
    let held: string | undefined;
    for (const { segment } of segmenter.segment(piece)) {
      if (held !== undefined) {
        yield held;
        start += held.length;
      }
      held = segment;
    }
    if (isLast) {
      yield held as string;
      return;
    }
    // The last one may go on behind the piece: begin with it again, in a longer piece if it alone filled this one.
    length = held === piece ? 2 * length : pieceUnits;
  }
}

/** `end`, or one more if it would cut a surrogate pair in two. */
function wholeCharacters(text: string, end: number): number {
  const cutsPair = (text.codePointAt(end - 1) ?? 0) > 0xffff;
  return cutsPair ? end + 1 : end;
}

/**
 * The graphemes in order. Put together they are the text again, except that a character's 9th mark and what follows it
 * in the same character are left out. Controls take no column: sanitise the text first.
 */
export function* graphemes(text: string): Generator<Grapheme, void, undefined> {
  for (const cluster of clusters(text)) yield graphemeOf(cluster);
}

/** One cluster as it is painted. */
export function graphemeOf(cluster: string): Grapheme {
  if (cluster.length === 1) {
    return asciiGraphemes[cluster.charCodeAt(0) - 0x20] ?? { text: cluster, columns: columnsOfCharacter(cluster) };
  }
  let columns = 0;
  let marks = 0;
  let end = 0;
  for (const character of cluster) {
    if (mark.test(character) && ++marks > marksMax) break;
    columns += columnsOfCharacter(character);
    end += character.length;
  }
  const text = cluster.slice(0, end);
  // A sum, since letters may share a cluster (the Indic conjuncts, Thai vowels) and terminals give each its column; but
  // emoji joined to one picture take no more than one of them.
  return { text, columns: columns >= 2 || emojiAskedFor.test(text) ? 2 : (columns as 0 | 1) };
}
