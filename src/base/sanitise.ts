/** Makes other people's text safe to print: control characters and reordering marks become visible, never obeyed. */

/**
 * C0, DEL, C1, the bidirectional controls, and the separators that some
 * terminals take for a new line, and lone surrogates.
 */
const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\p{Cs}]/gu;

/**
 * The text with every unsafe character replaced: a tab by a space, a C0 control by its picture (U+2400 and on), the
 * rest by U+FFFD. The result holds no newline, so one event stays one line.
 */
export function sanitise(text: string): string {
  return text.replace(unsafe, (character) => {
    const code = character.charCodeAt(0);
    if (code === 9) return ' ';
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? '\u2421' : '\ufffd';
  });
}
