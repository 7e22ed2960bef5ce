/** The configuration file: where it is looked for, and its text, bounded and in UTF-8. */
import { closeSync, openSync, statSync } from 'node:fs';
import path from 'node:path';
import { configDirectory, isUtf8, readAtMost } from '../../base/index.js';
import { ConfigError } from './error.js';

/** A hundred times what a person writes; what is longer is some other file. */
export const configBytesMax = 256 * 1024;

/** What a machine's administrator sets for everybody. */
const systemFile = '/etc/synod.toml';

export interface ConfigFile {
  /** As it was named. */
  readonly name: string;
  readonly text: string;
}

/** The places that are looked at, in this order, when neither --config nor SYNOD_CONFIG names a file. */
export function usualFiles(environment: NodeJS.ProcessEnv): readonly string[] {
  return [path.join(configDirectory(environment), 'config.toml'), systemFile];
}

/**
 * The file named by `--config`, else by SYNOD_CONFIG, else the first of the usual places that exists; undefined if none
 * does. Another one than /etc/synod.toml for `places` is a test's.
 *
 * @throws ConfigError for a file that was named and is not there, or that cannot be read.
 */
export function findConfig(
  flag: string | undefined,
  environment: NodeJS.ProcessEnv,
  places = usualFiles(environment),
): ConfigFile | undefined {
  const named = flag ?? (environment.SYNOD_CONFIG || undefined);
  if (named !== undefined) {
    const by = flag === undefined ? 'SYNOD_CONFIG' : '--config';
    return { name: named, text: readText(named) ?? refuse(`${by} ${named}: there is no such file; name one that is`) };
  }
  for (const name of places.filter(isVisible)) {
    const text = readText(name);
    if (text !== undefined) return { name, text };
  }
  return undefined;
}

/**
 * False where the folder may not even be looked into, as /home under systemd's ProtectHome, or where the path leads
 * nowhere: nothing is meant for us.
 */
function isVisible(name: string): boolean {
  try {
    return statSync(name, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (['EACCES', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'].includes(code ?? '')) return false;
    throw error;
  }
}

/** Undefined: there is no such file. */
function readText(name: string): string | undefined {
  const bytes = readBytes(name);
  if (bytes === undefined) return undefined;
  if (bytes.length > configBytesMax) {
    return refuse(`${name}: it is longer than ${configBytesMax / 1024} KiB; is it a configuration file?`);
  }
  if (!isUtf8(bytes)) return refuse(`${name}: it is no text in UTF-8; convert it, e.g. with iconv -t UTF-8`);
  return bytes.toString('utf8');
}

/** At most one byte more than is taken: a device or a pipe has no length that could be asked for. */
function readBytes(name: string): Buffer | undefined {
  try {
    const file = openSync(name, 'r');
    try {
      return readAtMost(file, configBytesMax + 1);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'EISDIR') return refuse(`${name}: it is a directory; name the file in it`);
    return refuse(`${name}: it cannot be read (${code ?? String(error)}); make it readable, or name another file`);
  }
}

function refuse(problem: string): never {
  throw new ConfigError([problem]);
}
