/** `synod completion`: prints the completion script of a shell. */
import { exitCodes } from '../base/index.js';
import type { Call } from './command.js';
import { bashCompletion } from './completion/bash.js';
import { fishCompletion } from './completion/fish.js';
import { zshCompletion } from './completion/zsh.js';
import { UsageError } from './go-flags.js';

const scripts: Readonly<Record<string, () => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export async function completion({ positionals, output }: Call): Promise<number> {
  const shell = positionals[0] ?? '';
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (script === undefined) throw new UsageError(`which shell? One of ${Object.keys(scripts).join(', ')}`);
  output.line(script().trimEnd());
  return exitCodes.ok;
}
