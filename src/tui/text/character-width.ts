/** How many columns one code point takes on a terminal, whatever stands around it. */

/**
 * East Asian Wide and Fullwidth (UAX #11, Unicode 15.1) as first and last code points, in order; unassigned ones
 * between two wide ones are let in. Wide emoji are missing here: `emojiShown` knows them.
 */
const wideRanges: readonly (readonly [first: number, last: number])[] = [
  [0x1100, 0x115f], // Hangul leading consonants
  [0x2329, 0x232a], // angle brackets
  [0x2e80, 0x303e], // radicals, CJK punctuation
  [0x3041, 0x3247], // Kana, Bopomofo, Hangul compatibility, enclosed CJK
  [0x3250, 0x4dbf], // enclosed CJK, ideographs A
  [0x4e00, 0xa4c6], // ideographs, Yi
  [0xa960, 0xa97c], // more Hangul leading consonants
  [0xac00, 0xd7a3], // Hangul syllables
  [0xf900, 0xfaff], // compatibility ideographs
  [0xfe10, 0xfe19], // vertical forms
  [0xfe30, 0xfe6b], // compatibility and small forms
  [0xff01, 0xff60], // fullwidth forms
  [0xffe0, 0xffe6], // fullwidth signs
  [0x16fe0, 0x18d08], // Tangut, Khitan
  [0x1aff0, 0x1b2fb], // more Kana, Nushu
  [0x1f200, 0x1f265], // enclosed ideographs
  [0x20000, 0x3fffd], // ideographs B and on
];

/** Shown as an emoji without being asked to, hence wide; a regional indicator is half a flag, so it takes 1. */
const emojiShown = /^(?!\p{Regional_Indicator})\p{Emoji_Presentation}/u;

/**
 * Marks, formats (joiners, the soft hyphen aside) and controls, and the Hangul vowels and finals, which are drawn into
 * the syllable that their consonant began.
 */
const takesNothing = /^(?!\u00ad)[\p{M}\p{Cf}\p{Cc}\u1160-\u11ff\ud7b0-\ud7ff]/u;

/** Columns of a text that is one code point. */
export function columnsOfCharacter(character: string): 0 | 1 | 2 {
  const code = character.codePointAt(0) ?? 0;
  if (code >= 0x20 && code < 0x7f) return 1;
  if (takesNothing.test(character)) return 0;
  return isInWideRange(code) || emojiShown.test(character) ? 2 : 1;
}

function isInWideRange(code: number): boolean {
  let low = 0;
  let high = wideRanges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const [first, last] = wideRanges[middle] as (typeof wideRanges)[number];
    if (code < first) high = middle;
    else if (code > last) low = middle + 1;
    else return true;
  }
  return false;
}
