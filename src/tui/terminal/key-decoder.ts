/** From the bytes of a terminal to keys, pastes and mouse reports: a state machine without timers. */
import { StringDecoder } from 'node:string_decoder';
import type { TerminalInput } from '../model/input.js';
import { controlKey, csiKey, mouseInput, ss3Key, withMeta } from './keys.js';

/** Of a longer paste only this much is kept, in UTF-16 units. */
export const pasteMax = 1024 * 1024;
const pasteEnd = '\x1b[201~';

/** How long an ESC may be the beginning of something before it is the Esc key: longer than a slow line's gap. */
const escapeMs = 50;
/** How long the rest of a sequence or of a paste may take before the terminal is taken to have forgotten it. */
const restMs = 1_000;
/** Parameters beyond this belong to nothing that is known here. */
const parametersMax = 32;

/** Where in a sequence the next character falls; `string` is an OSC, DCS or APC report, `x10` the old mouse report. */
type State = 'ground' | 'escape' | 'csi' | 'ss3' | 'string' | 'stringEscape' | 'x10' | 'paste';

const typed = /[^\x00-\x1f\x7f-\x9f]+/y;
const escapeCode = 0x1b;

/**
 * A sequence that means nothing here is swallowed whole, never taken for text. However the bytes are split over calls
 * of `decode`, the inputs are the same, except that typed text comes in other pieces.
 */
export class KeyDecoder {
  readonly #utf8 = new StringDecoder('utf8');
  #state: State = 'ground';
  /** ESC ESC: the sequence comes with Alt, or the first is a key of its own. */
  #meta = false;
  /** The character that made the ESC a sequence, which is a key when nothing follows it. */
  #introducer = '';
  /** Parameters of a sequence, or the text of a paste. */
  #collected = '';
  /** The end of what was pasted so far: the end marker may begin in it. */
  #tail = '';
  #inputs: TerminalInput[] = [];

  decode(bytes: Buffer): TerminalInput[] {
    const text = this.#utf8.write(bytes);
    for (let at = 0; at < text.length; ) at = this.#step(text, at);
    return this.#take();
  }

  /** How long to wait for more before `flush`, undefined when nothing is unfinished. */
  get waitMs(): number | undefined {
    if (this.#state === 'ground') return undefined;
    return this.#state === 'escape' || this.#isBare ? escapeMs : restMs;
  }

  /** Nothing more came: what is unfinished is what it looks like so far. */
  flush(): TerminalInput[] {
    if (this.#state === 'paste') this.#endPaste(this.#tail);
    else if (this.#state === 'escape') {
      if (this.#meta) this.#key('Esc');
      this.#key('Esc');
    } else if (this.#isBare) {
      if (this.#meta) this.#key('Esc');
      this.#key(`M-${this.#introducer}`);
    }
    this.#reset();
    return this.#take();
  }

  /** Whether only the introducer came: Alt with that character looks the same. */
  get #isBare(): boolean {
    const begun = this.#state === 'csi' || this.#state === 'ss3' || this.#state === 'string';
    return begun && this.#collected === '';
  }

  /** Consumes at least one character of `text` from `at`, or leaves the state; the index of the next one. */
  #step(text: string, at: number): number {
    if (this.#state === 'paste') return this.#pasteMore(text, at);
    if (this.#state === 'ground') return this.#ground(text, at);
    if (this.#state === 'escape') return this.#escape(text, at);
    const code = text.charCodeAt(at);
    if (this.#state === 'x10') return this.#x10(code, at);
    if (this.#state === 'string' || this.#state === 'stringEscape') return this.#string(code, at);
    return this.#sequence(text, code, at);
  }

  #ground(text: string, at: number): number {
    typed.lastIndex = at;
    const run = typed.exec(text)?.[0];
    if (run !== undefined) {
      this.#inputs.push({ kind: 'key', key: { name: 'text', text: run } });
      return at + run.length;
    }
    const code = text.charCodeAt(at);
    if (code === escapeCode) this.#state = 'escape';
    else if (code < 0x80) this.#key(controlKey(code));
    return at + 1;
  }

  #escape(text: string, at: number): number {
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    const next = at + character.length;
    const code = character.charCodeAt(0);
    if (code === escapeCode) {
      if (this.#meta) this.#key('Esc');
      this.#meta = true;
      return next;
    }
    const state = introduced(character);
    if (state !== undefined) {
      this.#state = state;
      this.#introducer = character;
      return next;
    }
    if (this.#meta) this.#key('Esc');
    if (code < 0x20 || code === 0x7f) this.#key(withMeta(controlKey(code)));
    else if (code < 0x7f || code > 0x9f) this.#key(withMeta(character === ' ' ? 'Space' : character));
    this.#reset();
    return next;
  }

  /** Within CSI or SS3: parameters and intermediates up to the final character. */
  #sequence(text: string, code: number, at: number): number {
    const character = text.charAt(at);
    const inCsi = this.#state === 'csi';
    // The Linux console's F1 to F5 have a second bracket; what ends rxvt's shifted keys is an intermediate elsewhere.
    const isBracket = inCsi && this.#collected === '' && character === '[';
    const isDollar = inCsi && character === '$' && /^\d+$/.test(this.#collected);
    if (isBracket || (code >= 0x20 && code <= 0x3f && !isDollar)) {
      this.#collect(character);
      return at + 1;
    }
    if (isDollar || (code >= 0x40 && code <= 0x7e)) {
      if (inCsi) this.#csi(character);
      else this.#named(ss3Key(this.#collected, character));
      return at + 1;
    }
    // Broken off: the character begins something else, so that no press of Enter is lost to line noise.
    this.#reset();
    return at;
  }

  #csi(final: string): void {
    const parameters = this.#collected;
    if (final === '~' && parameters === '200') {
      if (this.#meta) this.#key('Esc');
      this.#reset();
      this.#state = 'paste';
    } else if (final === 'M' && parameters === '') {
      this.#state = 'x10';
    } else if (parameters.startsWith('<')) {
      const [button, column, row] = parameters.slice(1).split(';').map(Number);
      this.#reset();
      if (final === 'M') this.#mouse(button, column, row);
    } else this.#named(csiKey(parameters, final));
  }

  #x10(code: number, at: number): number {
    this.#collected += String.fromCharCode(code);
    if (this.#collected.length === 3) {
      const [button, column, row] = [...this.#collected].map((character) => character.charCodeAt(0) - 32);
      this.#reset();
      this.#mouse(button, column, row);
    }
    return at + 1;
  }

  #mouse(button = Number.NaN, column = Number.NaN, row = Number.NaN): void {
    if (![button, column, row].every(Number.isSafeInteger)) return;
    const input = mouseInput(button, column, row);
    if (input !== undefined) this.#inputs.push(input);
  }

  /** Within a report: up to BEL, ST, or a cancel. */
  #string(code: number, at: number): number {
    if (this.#state === 'stringEscape') {
      this.#reset();
      if (code === 0x5c) return at + 1;
      this.#state = 'escape';
      return at;
    }
    if (code === escapeCode) this.#state = 'stringEscape';
    else if (code === 0x07 || code === 0x18 || code === 0x1a || code === 0x9c) this.#reset();
    else this.#collect('.');
    return at + 1;
  }

  #collect(character: string): void {
    if (this.#collected.length < parametersMax) this.#collected += character;
  }

  #pasteMore(text: string, at: number): number {
    const data = this.#tail + text.slice(at);
    const end = data.indexOf(pasteEnd);
    if (end < 0) {
      const kept = pasteEnd.length - 1;
      this.#keepPasted(data.slice(0, -kept));
      this.#tail = data.slice(-kept);
      return text.length;
    }
    this.#endPaste(data.slice(0, end));
    return text.length - (data.length - end - pasteEnd.length);
  }

  #keepPasted(text: string): void {
    this.#collected += text.slice(0, pasteMax - this.#collected.length);
  }

  #endPaste(rest: string): void {
    this.#keepPasted(rest);
    // Terminals send line ends as the Enter key. A surrogate at the end is half of what the limit cut off.
    const text = this.#collected.replace(/\r\n?/g, '\n').replace(/[^\n\t\P{Cc}]|[\ud800-\udbff]$/gu, '');
    if (text !== '') this.#inputs.push({ kind: 'paste', text });
    this.#reset();
  }

  /** The end of a sequence: a key, or nothing that is known here. */
  #named(name: string | undefined): void {
    if (this.#meta && name === undefined) this.#key('Esc');
    else if (name !== undefined) this.#key(this.#meta && !name.includes('M-') ? withMeta(name) : name);
    this.#reset();
  }

  #key(name: string): void {
    this.#inputs.push({ kind: 'key', key: { name } });
  }

  #reset(): void {
    this.#state = 'ground';
    this.#meta = false;
    this.#introducer = '';
    this.#collected = '';
    this.#tail = '';
  }

  #take(): TerminalInput[] {
    const inputs = this.#inputs;
    this.#inputs = [];
    return inputs;
  }
}

/** The kind of sequence that ESC and this character begin. */
function introduced(character: string): State | undefined {
  if (character === '[') return 'csi';
  if (character === 'O') return 'ss3';
  return character === ']' || character === 'P' || character === '_' ? 'string' : undefined;
}
