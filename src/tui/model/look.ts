/** How things look: colours of a theme, signs of a terminal, times where the reader is. */
import type { Colour, Span, Style } from './frame.js';
import type { ThemeName } from './model.js';
import { type OwnLine, stateSigns } from './own-line.js';

/** A moment as people where the reader is would say it. */
export interface LocalTime {
  /** `Mon 23 Nov 2026`. */
  readonly day: string;
  /** `08:12`. */
  readonly time: string;
}

/** The terminal's own look. */
export const plain: Style = {};

export interface Theme {
  readonly bar: Style;
  readonly quiet: Style;
  readonly strong: Style;
  readonly mention: Style;
  readonly found: Style;
  readonly good: Style;
  readonly pending: Style;
  readonly trouble: Style;
  readonly alarm: Style;
  readonly own: Style;
  /** Of people: the same name always has the same one. */
  readonly names: readonly Style[];
}

/** What the view needs besides the model. */
export interface Look {
  readonly theme: Theme;
  readonly isAscii: boolean;
  readonly local: (wallMs: number) => LocalTime;
}

const colours = (...all: Colour[]): Style[] => all.map((fg) => ({ fg }));

const shared = {
  bar: { inverse: true },
  strong: { bold: true },
  found: { inverse: true },
  own: { bold: true },
} as const;

/** All stand on the terminal's own background; the light one avoids what is pale there. */
export const themes: Readonly<Record<ThemeName, Theme>> = {
  dark: {
    ...shared,
    quiet: { fg: 'brightBlack' },
    mention: { fg: 'brightYellow', bold: true },
    good: { fg: 'brightGreen' },
    pending: { fg: 'brightYellow' },
    trouble: { fg: 'brightRed', bold: true },
    alarm: { fg: 'brightWhite', bg: 'red', bold: true },
    names: colours('brightCyan', 'brightGreen', 'brightMagenta', 'brightBlue', 'yellow', 'cyan', 'green', 'magenta'),
  },
  light: {
    ...shared,
    quiet: { fg: 'brightBlack' },
    mention: { fg: 'magenta', bold: true },
    good: { fg: 'green' },
    pending: { fg: 'blue' },
    trouble: { fg: 'red', bold: true },
    alarm: { fg: 'brightWhite', bg: 'red', bold: true },
    names: colours('blue', 'magenta', 'red', 'green', 'black', 'brightBlue', 'brightRed', 'brightMagenta'),
  },
  mono: {
    ...shared,
    quiet: plain,
    mention: { bold: true, underline: true },
    good: plain,
    pending: { bold: true },
    trouble: { bold: true },
    alarm: { inverse: true, bold: true },
    names: [plain],
  },
};

/** By the name alone, so that people look the same in every room and every day. */
export function nameStyle(theme: Theme, name: string): Style {
  let hash = 0;
  for (const character of name.toLowerCase()) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return theme.names[hash % theme.names.length] ?? plain;
}

/** The sign of an own line's state, never by colour alone. */
export function stateSpan({ theme, isAscii }: Look, { state }: Pick<OwnLine, 'state'>): Span {
  const { glyph, ascii } = stateSigns[state];
  const style =
    state === 'committed' ? theme.good : state === 'failed' || state === 'unconfirmed' ? theme.trouble : theme.pending;
  return { text: isAscii ? ascii : glyph, style };
}

/** Drawing signs, or what stands for them in ASCII. */
export function signs(isAscii: boolean): { bar: string; rule: string; dot: string; ellipsis: string; more: string } {
  return isAscii
    ? { bar: '|', rule: '-', dot: '-', ellipsis: '~', more: 'v' }
    : { bar: '│', rule: '─', dot: '·', ellipsis: '…', more: '↓' };
}

/** Words of our own for a terminal of ASCII. */
export function asciiWords(text: string, isAscii: boolean): string {
  return isAscii ? text.replace(/[…±·]/g, (sign) => (sign === '…' ? '~' : sign === '±' ? '~' : '-')) : text;
}

/** `3s`, `2m`, `1h`: how long something has lasted. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds}s`;
  return seconds < 3_600 ? `${Math.floor(seconds / 60)}m` : `${Math.floor(seconds / 3_600)}h`;
}

/** A time to commit: `0.8ms`, `31ms`, `1.2s`. */
export function shortMs(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)}ms`;
  return ms < 1_000 ? `${Math.round(ms)}ms` : `${(ms / 1_000).toFixed(1)}s`;
}
