/** A real terminal for a test: a tmux of its own with a shell in it, typed into and read as rows. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { bareEnvironment } from './bare-environment.js';
import { until } from './until.js';

const run = promisify(execFile);

/** Screens kept for `hasShown` and for failure messages; only those that differ from the one before. */
const screensKept = 2_000;
const startDeadlineMs = 10_000;
/** What the shell prints when it waits for a command. */
export const shellPrompt = 'shell$';

/** For a test's `skip`: false where there is a tmux that can stay in the foreground (3.2). */
export const noTmux: string | false = isInstalled() ? false : 'tmux is not installed';

function isInstalled(): boolean {
  const { stdout } = spawnSync('tmux', ['-V'], { encoding: 'utf8' });
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(stdout ?? '') ?? [];
  return Number(major) * 100 + Number(minor) >= 302;
}

export interface TmuxOptions {
  readonly columns: number;
  readonly rows: number;
  /** On top of this process's; undefined takes a variable away. `TERM` is tmux's own. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** What programs leave switched on or off behind them. */
export interface TerminalModes {
  readonly isAlternate: boolean;
  readonly isCursorShown: boolean;
  readonly wraps: boolean;
  readonly wantsMouse: boolean;
}

const open = new Set<Tmux>();

/** A test that crashes must not leave a terminal behind. */
process.on('exit', () => {
  for (const tmux of open) tmux.end();
});

export class Tmux {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'synod-tmux-'));
  readonly #environment: NodeJS.ProcessEnv;
  readonly #server: ChildProcess;
  /** Distinct screens, the oldest first: what was seen, for what must never have been. */
  readonly #screens: string[] = [];

  private constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = environment;
    // In the foreground: a child of this process and in its group, so that it goes with the test however that ends.
    // No configuration: the user's own must not change what a test sees.
    this.#server = spawn('tmux', ['-D', '-u', '-f', '/dev/null', '-S', this.#socket], {
      env: environment,
      stdio: 'ignore',
    });
    open.add(this);
  }

  /** Resolves when the shell waits for a command. */
  static async start({ columns, rows, environment }: TmuxOptions): Promise<Tmux> {
    const tmux = new Tmux({
      ...bareEnvironment,
      // What the machine's own terminal and its language are must not change what a test sees.
      TMUX: undefined,
      COLORFGBG: undefined,
      NO_COLOR: undefined,
      LC_ALL: 'C.UTF-8',
      PS1: `${shellPrompt} `,
      HISTFILE: undefined,
      ...environment,
    });
    try {
      const shell = ['bash', '--noprofile', '--norc', '-i'];
      const size = ['-x', String(columns), '-y', String(rows)];
      const begin = async (): Promise<boolean> => {
        await tmux.#tell('new-session', '-d', ...size, ...shell);
        return true;
      };
      await until('tmux', startDeadlineMs, begin);
      await tmux.waitForRow("the shell's prompt", (row) => row === shellPrompt, startDeadlineMs);
    } catch (error) {
      tmux.end();
      throw error;
    }
    return tmux;
  }

  /** Types characters as they are. */
  async type(text: string): Promise<void> {
    await this.#tell('send-keys', '-l', '--', text);
  }

  /** Presses keys by tmux's names for them: `Enter`, `C-c`, `F1`, `M-a`. */
  async press(...keys: readonly string[]): Promise<void> {
    await this.#tell('send-keys', '--', ...keys);
  }

  /** Types a line and presses Enter. */
  async say(line: string): Promise<void> {
    await this.type(line);
    await this.press('Enter');
  }

  /** As a terminal pastes: marked as such if the program asked for that (bracketed paste), with CR for newlines. */
  async paste(text: string): Promise<void> {
    await this.#tell('set-buffer', '--', text);
    await this.#tell('paste-buffer', '-p');
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tell('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** The screen's rows, without the space at their ends. */
  async rows(): Promise<string[]> {
    const text = await this.#tell('capture-pane', '-p');
    const rows = text
      .replace(/\n$/, '')
      .split('\n')
      .map((row) => row.trimEnd());
    const screen = rows.join('\n');
    if (this.#screens.at(-1) !== screen) this.#screens.push(screen);
    if (this.#screens.length > screensKept) this.#screens.shift();
    return rows;
  }

  /** Waits until `test` holds for the rows of the screen, and returns what it made of them. */
  async waitFor<T>(what: string, test: (rows: readonly string[]) => T, deadlineMs: number): Promise<NonNullable<T>> {
    return await until(
      `${what} on the screen`,
      deadlineMs,
      async () => test(await this.rows()),
      () => this.describe(),
    );
  }

  /** Waits for a row that matches, and returns it. */
  async waitForRow(what: string, test: (row: string) => boolean, deadlineMs: number): Promise<string> {
    return await this.waitFor(what, (rows) => rows.find(test), deadlineMs);
  }

  /** Whether any screen that was looked at had such a row. */
  hasShown(pattern: RegExp): boolean {
    return this.#screens.some((screen) => screen.split('\n').some((row) => pattern.test(row)));
  }

  async modes(): Promise<TerminalModes> {
    const format = '#{alternate_on} #{cursor_flag} #{wrap_flag} #{mouse_any_flag}';
    const flags = (await this.#tell('display-message', '-p', format)).trim().split(' ');
    const [isAlternate, isCursorShown, wraps, wantsMouse] = flags.map((flag) => flag === '1');
    return {
      isAlternate: isAlternate === true,
      isCursorShown: isCursorShown === true,
      wraps: wraps === true,
      wantsMouse: wantsMouse === true,
    };
  }

  /** The terminal device, which other programs can write to. */
  async device(): Promise<string> {
    return (await this.#tell('display-message', '-p', '#{pane_tty}')).trim();
  }

  /** Closes the window, as a user does: what runs in it is hung up. May be called again. */
  end(): void {
    open.delete(this);
    this.#server.kill('SIGTERM');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The last screen, for a failure message: without its empty rows. */
  describe(): string {
    const rows = (this.#screens.at(-1) ?? '').split('\n').filter((row) => row !== '');
    return ['--- the screen', ...rows.map((row) => `  |${row}`), '---'].join('\n');
  }

  get #socket(): string {
    return path.join(this.#folder, 'tmux');
  }

  /** `-N`: a server that is not there is an error, never a new one in the background. */
  async #tell(...command: readonly string[]): Promise<string> {
    const options = { encoding: 'utf8', env: this.#environment } as const;
    const { stdout } = await run('tmux', ['-N', '-u', '-S', this.#socket, ...command], options);
    return stdout;
  }
}
