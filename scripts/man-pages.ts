/** Writes the manual pages to dist/man, from where the package gives them to npm (package.json, `man`). */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { manPages } from '../src/cli/man-page.js';

const folder = 'dist/man';
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const { name, text } of manPages()) writeFileSync(path.join(folder, `${name}.1`), text);
