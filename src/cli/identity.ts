/** The user's identity: one random token in the configuration folder, readable by its owner only (CONTRACT.md, Output). */
import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { ExitError, exitCodes } from '../base/index.js';

const tokenBytes = 32;

/** The folder of the user's own settings. */
export function configFolder(environment: NodeJS.ProcessEnv): string {
  const base = environment.XDG_CONFIG_HOME;
  return path.join(base !== undefined && path.isAbsolute(base) ? base : path.join(homedir(), '.config'), 'synod');
}

/**
 * Reads the token, making it on first use. Two programs that start at once end up with the same one.
 *
 * @throws ExitError (3) when it can be neither read nor made.
 */
export function loadToken(folder: string): Uint8Array {
  const file = path.join(folder, 'token');
  try {
    return readToken(file) ?? createToken(folder, file);
  } catch (error) {
    if (error instanceof ExitError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const text = `can't keep your identity in ${folder} (${reason}). Make it writable, or set XDG_CONFIG_HOME.`;
    throw new ExitError(exitCodes.refused, 'IDENTITY', text, { cause: error });
  }
}

function readToken(file: string): Uint8Array | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (!/^[0-9a-f]{64}$/.test(text)) {
    const advice = 'Restore it from a copy; or delete it to become somebody new, who can no longer use your names.';
    throw new ExitError(exitCodes.refused, 'IDENTITY', `${file} holds no token. ${advice}`);
  }
  // A copied or unpacked file may have become readable for others: the token is all that protects the user's names.
  if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
  return Buffer.from(text, 'hex');
}

function createToken(folder: string, file: string): Uint8Array {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, `${randomBytes(tokenBytes).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    // A link, unlike a rename, fails if somebody else was first, and never shows half a file.
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft);
  }
  const token = readToken(file);
  if (token === undefined) throw new Error(`${file} vanished`);
  return token;
}
