/** The version of this package, read once from its package.json. */
import { existsSync, readFileSync } from 'node:fs';

/** e.g. `0.1.0`. */
export const version: string = readVersion();

/** Compiled files lie at dist/src/cli, so the package is three folders up; a plain build tree has it two up. */
function readVersion(): string {
  for (const up of ['../../../package.json', '../../package.json']) {
    const file = new URL(up, import.meta.url);
    if (!existsSync(file)) continue;
    const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as { name?: string; version?: string };
    if (name === 'synod' && version !== undefined) return version;
  }
  return 'unknown';
}
