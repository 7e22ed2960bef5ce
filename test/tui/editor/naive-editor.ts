/** The editor once more, as two lists of graphemes: slow, obvious, and written without looking at the real one. */
import type { EditCommand } from '../../../src/tui/editor/index.js';

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

function split(text: string): string[] {
  return [...segmenter.segment(text)].map(({ segment }) => segment);
}

function isWordPart(grapheme: string | undefined): boolean {
  return grapheme !== undefined && /\p{L}|\p{N}/u.test(grapheme);
}

function isInk(grapheme: string | undefined): boolean {
  return grapheme !== undefined && grapheme.trim() === grapheme;
}

/** Up and down are left to examples: they depend on columns. */
export type NaiveCommand = Exclude<EditCommand, 'up' | 'down'>;

export class NaiveEditor {
  before: string[] = [];
  after: string[] = [];
  killed = '';
  #wasKill = false;
  #wasTyping = false;
  #past: { before: string[]; after: string[] }[] = [];

  get text(): string {
    return [...this.before, ...this.after].join('');
  }

  get cursor(): number {
    return this.before.join('').length;
  }

  /** `text` is safe to print already. */
  insert(text: string): void {
    const typing = /^[\p{L}\p{N}\p{M}]+$/u.test(text);
    this.#step(() => this.before.push(text), typing && this.#wasTyping);
    this.#wasTyping = typing;
  }

  edit(command: NaiveCommand): void {
    if (command.startsWith('kill')) {
      this.#kill(command);
      return;
    }
    if (command === 'undo') {
      const last = this.#past.pop();
      if (last === undefined) return;
      this.before = last.before;
      this.after = last.after;
    } else if (command === 'newline') this.#step(() => this.before.push('\n'));
    else if (command === 'yank') this.#step(() => this.before.push(this.killed));
    else if (command === 'backspace') this.#step(() => this.before.pop());
    else if (command === 'delete') this.#step(() => this.after.shift());
    else if (command === 'transpose') this.#step(() => this.#transpose());
    else this.#move(command);
    this.#wasKill = false;
    this.#wasTyping = false;
  }

  #move(command: NaiveCommand): void {
    if (command === 'left') this.#back();
    if (command === 'right') this.#on();
    if (command === 'home') while (this.before.length > 0 && this.before.at(-1) !== '\n') this.#back();
    if (command === 'end') while (this.after.length > 0 && this.after[0] !== '\n') this.#on();
    if (command === 'wordLeft') {
      while (this.before.length > 0 && !isWordPart(this.before.at(-1))) this.#back();
      while (isWordPart(this.before.at(-1))) this.#back();
    }
    if (command === 'wordRight') {
      while (this.after.length > 0 && !isWordPart(this.after[0])) this.#on();
      while (isWordPart(this.after[0])) this.#on();
    }
  }

  #back(): void {
    this.after.unshift(...this.before.splice(-1));
  }

  #on(): void {
    this.before.push(...this.after.splice(0, 1));
  }

  #transpose(): void {
    if (this.before.length === 0 || this.before.at(-1) === '\n') return;
    const atEnd = this.after.length === 0 || this.after[0] === '\n';
    const two = atEnd ? this.before.splice(-2) : [...this.before.splice(-1), ...this.after.splice(0, 1)];
    if (two.length < 2 || two[0] === '\n') this.before.push(...two);
    else this.before.push(two[1] as string, two[0] as string);
  }

  #kill(command: NaiveCommand): void {
    const taken: string[] = [];
    const goesOn = this.#wasKill;
    const back = (): unknown => taken.unshift(this.before.pop() as string);
    const on = (): unknown => taken.push(this.after.shift() as string);
    this.#step(() => {
      if (command === 'killToStart') while (this.before.length > 0 && this.before.at(-1) !== '\n') back();
      if (command === 'killToEnd') {
        while (this.after.length > 0 && this.after[0] !== '\n') on();
        if (taken.length === 0 && this.after.length > 0) on();
      }
      if (command === 'killWordBack') {
        while (this.before.length > 0 && !isInk(this.before.at(-1))) back();
        while (isInk(this.before.at(-1))) back();
      }
      if (command === 'killWordForward') {
        while (this.after.length > 0 && !isWordPart(this.after[0])) on();
        while (isWordPart(this.after[0])) on();
      }
    });
    if (taken.length === 0) return;
    const text = taken.join('');
    const backwards = command === 'killToStart' || command === 'killWordBack';
    if (!goesOn) this.killed = text;
    else this.killed = backwards ? text + this.killed : this.killed + text;
    this.#wasKill = true;
    this.#wasTyping = false;
  }

  /** Does a change, remembers what was before it, and puts together what has become one grapheme. */
  #step(change: () => unknown, goesOn = false): void {
    const past = { before: [...this.before], after: [...this.after] };
    const text = this.text;
    change();
    this.#regroup();
    if (this.text === text) return;
    this.#wasKill = false;
    if (!goesOn) this.#past.push(past);
  }

  #regroup(): void {
    const { cursor } = this;
    this.after = split(this.text);
    this.before = [];
    while (this.cursor < cursor) this.#on();
  }
}
