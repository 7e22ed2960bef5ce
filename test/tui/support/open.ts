/** A terminal opened on the headless one, with everything it reported. */
import type { TerminalInput } from '../../../src/tui/model/input.js';
import { openTerminal, type Terminal } from '../../../src/tui/terminal/index.js';
import { type Headless, type HeadlessOptions, headless } from './headless.js';

export interface Opened {
  readonly screen: Headless;
  readonly terminal: Terminal;
  readonly inputs: TerminalInput[];
  readonly counts: { resizes: number; ends: number };
}

export function open(options: HeadlessOptions & { readonly environment?: NodeJS.ProcessEnv }): Opened {
  const screen = headless(options);
  const inputs: TerminalInput[] = [];
  const counts = { resizes: 0, ends: 0 };
  const terminal = openTerminal({
    input: screen.input,
    output: screen.output,
    environment: options.environment ?? { TERM: 'xterm-256color' },
    listener: {
      onInput: (input) => void inputs.push(input),
      onResize: () => void counts.resizes++,
      onEnd: () => void counts.ends++,
    },
  });
  return { screen, terminal, inputs, counts };
}

/** Inputs in short: names of keys, typed text in quotes, the rest by its kind. */
export function brief(inputs: readonly TerminalInput[]): string[] {
  return inputs.map((input) => {
    if (input.kind === 'key') return input.key.text === undefined ? input.key.name : `'${input.key.text}'`;
    if (input.kind === 'paste') return `paste '${input.text}'`;
    return input.kind === 'wheel' ? `wheel ${input.up ? 'up' : 'down'}` : `click ${input.row},${input.column}`;
  });
}
