/** The version of this package, read once from its package.json, and where the package lies. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const found = findPackage();

/** e.g. `0.1.0`. */
export const version: string = found?.version ?? 'unknown';

/** Where the package lies; where this file does, if that cannot be told. */
export const packageFolder: string = fileURLToPath(new URL('.', found?.file ?? import.meta.url));

/** Compiled files lie at dist/src/cli, so the package is three folders up; a plain build tree has it two up. */
function findPackage(): { readonly version: string; readonly file: URL } | undefined {
  for (const up of ['../../../package.json', '../../package.json']) {
    const file = new URL(up, import.meta.url);
    if (!existsSync(file)) continue;
    const { name, version: at } = JSON.parse(readFileSync(file, 'utf8')) as { name?: string; version?: string };
    if (name === 'synod' && at !== undefined) return { version: at, file };
  }
  return undefined;
}
