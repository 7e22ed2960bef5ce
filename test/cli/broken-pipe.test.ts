/** Programs whose reader goes away, as in `… | head -1`: they end with 0 and without a word. */
import { spawn } from 'node:child_process';
import t from 'tap';
import { within } from '../support/until.js';

for (const file of ['dist/src/cli/main.js', 'dist/test/sim/main.js']) {
  t.test(`${file}: nobody reads what it prints`, async (t) => {
    const child = spawn(process.execPath, [file, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    t.equal(await within('its end', 20_000, ended), 0);
    t.equal(said, '');
  });
}
