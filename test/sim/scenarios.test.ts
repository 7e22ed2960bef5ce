/** Every script in `scenarios/` ends as it says: a planted bug shows in it, a bug that was fixed does not. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { judgeScript, readScript } from './script.js';

t.setTimeout(120_000);

const folder = join(process.cwd(), 'test/sim/scenarios');
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

t.ok(files.length > 0, `${files.length} scripts`);

for (const file of files) {
  const script = readScript(join(folder, file));
  t.test(`${file}: ${script.about}`, async (t) => t.equal(await judgeScript(script), undefined));
}
