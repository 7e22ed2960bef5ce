/** Texts that break naive measuring, cutting and editing. */
import fc from 'fast-check';

const pieces: readonly string[] = [
  'a',
  'word',
  '0',
  ' ',
  '   ',
  '\n',
  '漢',
  'かな',
  '한글',
  '\u1112\u1161\u11ab', // a syllable of three jamo
  'Ａ', // fullwidth
  'ｶﾞ', // halfwidth with a mark that takes a column
  'e\u0301',
  '\u0301', // a mark without a base
  '\u200d', // a joiner without anything to join
  '\ufe0f',
  '\u200b', // no column, and never part of another grapheme
  '👨‍👩‍👧‍👦',
  '👍🏽',
  '🏽',
  '🇩🇪',
  '🇩', // half a flag
  '1️⃣',
  '❤️',
  '❤️‍🔥',
  'مرحبا',
  'שלום',
  'क्षि',
  'กำ',
  '\ud83d', // halves of an emoji
  '\ude00',
  '\u0007',
  `z${'\u0300\u0301\u0302\u0323'.repeat(5)}`,
];

/** Arbitrary strings, among them mixtures of the pieces above. */
export const nasty: fc.Arbitrary<string> = fc.oneof(
  fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map((parts) => parts.join('')),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'binary-ascii', maxLength: 60 }),
);
