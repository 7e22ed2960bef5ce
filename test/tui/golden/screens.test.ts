/**
 * Every scene at four sizes, compared with the screen that was recorded, and painted: the terminal shows what the view
 * says. `SYNOD_RECORD=1 node dist/test/tui/golden/screens.test.js` records again; commit only changes that you
 * understand.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { Desk } from '../support/desk.js';
import { painted } from '../support/painted.js';
import { play, scenes } from './scenes.js';

const folder = path.join(process.cwd(), 'test/tui/golden');
const record = process.env.SYNOD_RECORD === '1';
const sizes = [
  [120, 40],
  [80, 24],
  [50, 12],
  [20, 4],
] as const;
/** The size at which the styles are recorded, too. */
const styledColumns = 80;

/** What is recorded: the screen, the cursor (`-`: hidden), and at one size the styles. */
function recorded(desk: Desk): string {
  const { cursor } = desk.frame();
  const place = cursor === undefined ? '-' : `${cursor.row},${cursor.column}`;
  const styles = desk.model.columns === styledColumns ? ['', ...desk.styled()] : [];
  return [...desk.text(), `cursor ${place}`, ...styles, ''].join('\n');
}

for (const scene of scenes) {
  t.test(scene.name, async (t) => {
    for (const [columns, rows] of sizes) {
      const size = `${columns}x${rows}`;
      const desk = play(scene, columns, rows);
      const text = recorded(desk);
      const file = path.join(folder, `${scene.name}-${size}.txt`);
      if (record) writeFileSync(file, text);
      else t.same(text.split('\n'), readFileSync(file, 'utf8').split('\n'), size);

      const frame = desk.frame();
      const shown = await painted(frame, columns, rows);
      t.equal(desk.rows().length, rows, `${size} has all rows`);
      t.same(shown.text, desk.text(), `${size} painted`);
      t.same(shown.cursor, frame.cursor, `${size} cursor`);
    }
  });
}

t.test('no recording is left over', async (t) => {
  const known = new Set(scenes.flatMap(({ name }) => sizes.map(([columns, rows]) => `${name}-${columns}x${rows}.txt`)));
  t.equal(known.size, scenes.length * sizes.length, 'no two scenes share a name');
  t.same(
    readdirSync(folder).filter((file) => file.endsWith('.txt') && !known.has(file)),
    [],
  );
  t.ok(existsSync(path.join(folder, 'chat-80x24.txt')));
});
