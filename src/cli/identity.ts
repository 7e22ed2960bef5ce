/** `synod identity import`: makes a token that an operator handed out this user's own. */
import { readFileSync } from 'node:fs';
import { ExitError, exitCodes } from '../base/index.js';
import { configDirectory, importIdentity, parseToken } from '../client/index.js';
import type { Call } from './command.js';

/** A token and some space around it; more is something else. */
const bytesMax = 256;

export async function identityImport(call: Call): Promise<number> {
  const [file] = call.positionals;
  const text = file === undefined ? await readInput(call) : readFile(file);
  const token = parseToken(text.trim());
  if (token === undefined) {
    const where = file ?? 'the input';
    throw new ExitError(
      exitCodes.refused,
      'BAD_TOKEN',
      `${where} holds no token (64 hexadecimal digits); give the line that synod name recover printed`,
    );
  }
  const { path, before } = importIdentity(token, configDirectory(call.environment));
  call.output.line(`${path} holds the token now`);
  if (before !== undefined) call.output.line(`the one before is kept in ${before}`);
  return exitCodes.ok;
}

async function readInput({ stdin, output, program }: Call): Promise<string> {
  if (stdin.isTTY) output.note(`${program}: paste the token and press Enter, then Ctrl-D`);
  let text = '';
  for await (const chunk of stdin) {
    text += String(chunk);
    if (text.length > bytesMax) break;
  }
  return text;
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ExitError(exitCodes.refused, 'BAD_TOKEN', `${path} cannot be read (${why}); name a file with the token`);
  }
}
