/** A terminal on which lines are shown and replaced; what was there before comes back at the end, however it comes. */

/** As much of stdout as is needed. */
export interface Terminal {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

/** The other screen, without a cursor; and back. */
const enter = '\x1b[?1049h\x1b[?25l';
const leave = '\x1b[?25h\x1b[?1049l';
const usualColumns = 80;
const usualRows = 24;

export class LiveScreen {
  readonly #terminal: Terminal;
  #isOpen = true;
  readonly #atExit = (): void => this.close();

  /** Takes the terminal at once. */
  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    process.once('exit', this.#atExit);
    terminal.write(enter);
  }

  /** Shows these lines and nothing else, as far as they fit. */
  show(lines: readonly string[]): void {
    const { columns = usualColumns, rows = usualRows } = this.#terminal;
    const shown = lines.slice(0, rows - 1).map((line) => `${line.slice(0, columns)}\x1b[K\r\n`);
    this.#terminal.write(`\x1b[H${shown.join('')}\x1b[J`);
  }

  /** Gives the terminal back; a second call does nothing. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.off('exit', this.#atExit);
    this.#terminal.write(leave);
  }
}
