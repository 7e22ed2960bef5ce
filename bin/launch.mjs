/** What every launcher in this folder does: hand the command line to the compiled program, or say that it isn't built. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export async function launch(program) {
  const main = new URL('../dist/src/cli/main.js', import.meta.url);
  if (!existsSync(main)) {
    console.error(`${program}: not built yet (${fileURLToPath(main)} is missing). Run: npm ci   (or: npm run build)`);
    process.exit(1);
  }
  const { run } = await import(main.href);
  await run(program, process.argv.slice(2));
}
