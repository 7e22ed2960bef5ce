/**
 * The user's secret: one random token in the configuration directory; whoever has it may use the names claimed with it.
 */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { assert, configDirectory, ExitError, equalBytes, exitCodes, toHex } from '../base/index.js';

const TOKEN_BYTES = 32;
const FILE = 'identity';

/**
 * The 32 secret bytes of this user, made on first use. The file appears whole or not at all, and two clients that start
 * at once end up with the same token. Throws an ExitError (exit code 3) that says what to do when it is unreadable.
 */
export function loadIdentity(directory = configDirectory()): Uint8Array {
  const path = join(directory, FILE);
  return readToken(path) ?? createToken(directory, path);
}

/** False: nobody has ever used one here, so that {@link loadIdentity} would make one. */
export function hasIdentity(directory = configDirectory()): boolean {
  return existsSync(join(directory, FILE));
}

/**
 * Makes `token` this user's own, for instance one that an operator handed out for a name. The one that was there is
 * kept beside it. Returns the paths of both; `before` is undefined if there was none. Throws an ExitError (exit code
 * 3).
 */
export function importIdentity(
  token: Uint8Array,
  directory = configDirectory(),
): { readonly path: string; readonly before: string | undefined } {
  assert(token.length === TOKEN_BYTES, 'a token has 32 bytes');
  const path = join(directory, FILE);
  const known = hasIdentity(directory) ? readToken(path) : undefined;
  let before: string | undefined;
  try {
    if (known !== undefined && !equalBytes(known, token)) {
      before = freePath(`${path}.before`);
      renameSync(path, before);
    }
  } catch (error) {
    throw unreadable(path, error);
  }
  if (known === undefined || before !== undefined) writeToken(directory, path, token);
  return { path, before };
}

/** 64 hexadecimal digits as a token, undefined for anything else. */
export function parseToken(text: string): Uint8Array | undefined {
  return /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : undefined;
}

function freePath(path: string): string {
  for (let number = 1; ; number++) if (!existsSync(`${path}-${number}`)) return `${path}-${number}`;
}

function readToken(path: string): Uint8Array | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
    // Somebody's umask or a copied home directory may have opened it: a secret is for its owner.
    if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unreadable(path, error);
  }
  const token = parseToken(text);
  if (token === undefined) {
    throw new ExitError(
      exitCodes.refused,
      'BAD_IDENTITY',
      `${path} holds no identity (64 hexadecimal digits). Restore it, or remove it to start as a new user.`,
    );
  }
  return token;
}

function createToken(directory: string, path: string): Uint8Array {
  writeToken(directory, path, randomBytes(TOKEN_BYTES));
  const token = readToken(path);
  if (token === undefined) throw unreadable(path, new Error('it vanished'));
  return token;
}

/** The file appears whole or not at all; one that is there stays. */
function writeToken(directory: string, path: string, token: Uint8Array): void {
  const temporary = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const file = openSync(temporary, 'wx', 0o600);
    try {
      writeSync(file, `${toHex(token)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    try {
      // Unlike rename, link refuses to replace: of two clients that start at once, the first one's token stays.
      linkSync(temporary, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      unlinkSync(temporary);
    }
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): ExitError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const text = `The identity ${path} cannot be used (${why}). Make it readable, or set XDG_CONFIG_HOME to another directory.`;
  return new ExitError(exitCodes.refused, 'BAD_IDENTITY', text, { cause });
}
