/** Widths of a terminal that agrees with the chat's own, for @xterm/headless, which by itself knows Unicode 6 only. */
import type { IUnicodeVersionProvider } from '@xterm/headless';
import { graphemes } from '../../../src/tui/text/index.js';

/** Names the versions as `Terminal.unicode.activeVersion` does. */
export const modern = 'graphemes';

const nothing = 0;
const regional = 1;
const joiner = 2;

/** Code points of one grapheme share a cell; the state remembers what the last one asks of the next. */
export const graphemeUnicode: IUnicodeVersionProvider & {
  charProperties(codePoint: number, preceding: number): number;
} = {
  version: modern,
  wcwidth,
  charProperties(codePoint: number, preceding: number): number {
    const [state, width] = [preceding >> 3, (preceding >> 1) & 3];
    const text = String.fromCodePoint(codePoint);
    const isRegional = /\p{Regional_Indicator}/u.test(text);
    const extends_ = /[\p{Mn}\p{Me}\p{Emoji_Modifier}\u200d]/u.test(text);
    const joins = preceding !== 0 && (extends_ || state === joiner || (state === regional && isRegional));
    const next = codePoint === 0x200d ? joiner : isRegional && !joins ? regional : nothing;
    const emoji = codePoint === 0xfe0f || isRegional ? 2 : 0;
    const own = joins ? Math.max(width, emoji, state === joiner ? wcwidth(codePoint) : 0) : wcwidth(codePoint);
    return (next << 3) | (own << 1) | (joins ? 1 : 0);
  },
};

function wcwidth(codePoint: number): 0 | 1 | 2 {
  const [first] = graphemes(String.fromCodePoint(codePoint));
  return first?.columns ?? 0;
}
