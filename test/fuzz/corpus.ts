/** The corpus: inputs worth reading again, one file each under `corpus/TARGET/`. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { sha256, toHex } from '../../src/base/index.js';

/** In the source tree, whatever runs. */
export const corpusFolder = 'test/fuzz/corpus';

export function loadCorpus(target: string, folder = corpusFolder): Buffer[] {
  const own = path.join(folder, target);
  if (!existsSync(own)) return [];
  return readdirSync(own)
    .sort()
    .map((name) => readFileSync(path.join(own, name)));
}

/** Files are named by what they hold, so that the same input is kept once. Returns the file. */
export function saveInput(target: string, input: Buffer, folder = corpusFolder): string {
  const own = path.join(folder, target);
  mkdirSync(own, { recursive: true });
  const file = path.join(own, toHex(sha256(input)).slice(0, 16));
  writeFileSync(file, input);
  return file;
}
