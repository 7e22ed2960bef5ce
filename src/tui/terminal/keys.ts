/** What a person does at the terminal, and the names of the keys that it sends as control characters and sequences. */
import type { TerminalInput } from '../model/input.js';

const controls: Readonly<Record<number, string>> = {
  0: 'C-Space',
  9: 'Tab',
  13: 'Enter',
  27: 'Esc',
  28: 'C-\\',
  29: 'C-]',
  30: 'C-^',
  31: 'C-_',
  127: 'Backspace',
};

/** The key of a C0 control character or DEL. */
export function controlKey(code: number): string {
  return controls[code] ?? `C-${String.fromCharCode(code + 0x60)}`;
}

/** The key together with Alt, which terminals send as an ESC before it. */
export function withMeta(name: string): string {
  return name.startsWith('C-') ? `C-M-${name.slice(2)}` : `M-${name}`;
}

/** Final letters of `ESC [ … letter` and `ESC O letter`. */
const letters: Readonly<Record<string, string>> = {
  A: 'Up',
  B: 'Down',
  C: 'Right',
  D: 'Left',
  F: 'End',
  H: 'Home',
  P: 'F1',
  Q: 'F2',
  R: 'F3',
  S: 'F4',
};

/** rxvt's arrows: with Shift after `ESC [`, with Ctrl after `ESC O`. */
const lowerArrows: Readonly<Record<string, string>> = { a: 'Up', b: 'Down', c: 'Right', d: 'Left' };

/** Numbers of `ESC [ number ~`. */
const numbers: Readonly<Record<string, string>> = {
  1: 'Home',
  2: 'Insert',
  3: 'Delete',
  4: 'End',
  5: 'PageUp',
  6: 'PageDown',
  7: 'Home',
  8: 'End',
  11: 'F1',
  12: 'F2',
  13: 'F3',
  14: 'F4',
  15: 'F5',
  17: 'F6',
  18: 'F7',
  19: 'F8',
  20: 'F9',
  21: 'F10',
  23: 'F11',
  24: 'F12',
};

/** What rxvt puts in place of the tilde. */
const rxvtModifiers: Readonly<Record<string, string>> = { '~': '', $: 'S-', '^': 'C-', '@': 'C-S-' };

/** The key of `ESC [ parameters final`, undefined for a sequence that is none. */
export function csiKey(parameters: string, final: string): string | undefined {
  if (parameters === '[') return /[A-E]/.test(final) ? `F${final.charCodeAt(0) - 0x40}` : undefined;
  if (parameters === '' && final === 'Z') return 'S-Tab';
  const arrow = lowerArrows[final];
  if (parameters === '' && arrow !== undefined) return `S-${arrow}`;
  const match = /^(\d*)(?:;(\d{1,3}))?$/.exec(parameters);
  if (match === null) return undefined;
  const [, number = '', modifiers = '1'] = match;
  const rxvt = rxvtModifiers[final];
  if (rxvt !== undefined) return named(`${modifiersOf(modifiers)}${rxvt}`, numbers[number]);
  // A first number other than 1 is a report, as of the cursor's position, which also ends in R.
  return number === '' || number === '1' ? named(modifiersOf(modifiers), letters[final]) : undefined;
}

/** The key of `ESC O parameters final`; some terminals put the modifiers between. */
export function ss3Key(parameters: string, final: string): string | undefined {
  const arrow = lowerArrows[final];
  if (arrow !== undefined) return `C-${arrow}`;
  const modifiers = /^(?:1;)?(\d{0,3})$/.exec(parameters)?.[1];
  return modifiers === undefined ? undefined : named(modifiersOf(modifiers), letters[final]);
}

function named(modifiers: string, name: string | undefined): string | undefined {
  return name === undefined ? undefined : modifiers + name;
}

/** xterm's modifiers: 1 + Shift 1, Alt 2, Ctrl 4, Meta 8. */
function modifiersOf(number: string): string {
  const bits = Math.max(0, Number(number) - 1);
  return `${bits & 4 ? 'C-' : ''}${bits & 10 ? 'M-' : ''}${bits & 1 ? 'S-' : ''}`;
}

/** What a mouse report means: wheel and first button; releases, motion and other buttons mean nothing. */
export function mouseInput(button: number, column: number, row: number): TerminalInput | undefined {
  const [left, motion, wheel] = [(button & 3) === 0, (button & 32) !== 0, (button & 64) !== 0];
  if (motion || button >= 128 || row < 1 || column < 1) return undefined;
  if (wheel) return (button & 2) === 0 ? { kind: 'wheel', up: left } : undefined;
  return left ? { kind: 'click', row: row - 1, column: column - 1 } : undefined;
}
