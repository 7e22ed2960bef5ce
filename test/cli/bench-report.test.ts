/** `synod bench report` on files: one, several, and those that are none. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { openFigures, sampleResult } from '../bench/sample-result.js';
import { parseMarkup } from '../bench/well-formed.js';
import { run } from './program.js';

const files = {
  'a.json': JSON.stringify(sampleResult()),
  'b.json': JSON.stringify(sampleResult({ opsPerSec: 6_000 })),
  'open.json': JSON.stringify(sampleResult({ mode: 'open', open: openFigures })),
  'foreign.json': '{"rows": []}',
  'torn.json': '{"mode":"closed",',
};

t.test('one as it was printed, several side by side, both as HTML', async (t) => {
  const home = t.testdir(files);
  const one = await run('synod', ['bench', 'report', 'a.json', '--html', 'a.html'], home);
  t.equal(one.code, 0, one.err);
  t.match(one.out, /^load +closed loop: 16 clients × 256 in flight/);
  const two = await run('synod', ['bench', 'report', 'a.json', 'b.json', '--html', 'ab.html'], home);
  t.equal(two.code, 0, two.err);
  t.match(two.out, /^messages\/s +3,000 +6,000 +2\.00×$/m);
  for (const name of ['a.html', 'ab.html']) {
    t.equal(parseMarkup(readFileSync(path.join(home, name), 'utf8')).wrong, '', name);
  }
  const json = await run('synod', ['bench', 'report', 'a.json', 'b.json', '--json'], home);
  const { figures } = JSON.parse(json.out) as { figures: { name: string; ratios: number[] }[] };
  t.same(figures[0], { name: 'messages/s', values: [3_000, 6_000], ratios: [1, 2] });
});

t.test('open and closed never stand in one table', async (t) => {
  const { code, out, err } = await run('synod', ['bench', 'report', 'a.json', 'open.json'], t.testdir(files));
  t.equal(code, 2);
  t.equal(out, '');
  t.match(err, /never stand in one table \(a\.json is closed, open\.json is open\): report them apart/);
});

t.test('what is no result: 3, and what to give', async (t) => {
  const home = t.testdir(files);
  for (const [name, says] of [
    ['foreign.json', /foreign\.json: it is JSON, but not what synod bench writes\. Give a file/],
    ['torn.json', /torn\.json: it is no JSON/],
    ['.', /EISDIR/],
  ] as const) {
    const { code, err } = await run('synod', ['bench', 'report', name], home);
    t.equal(code, 3, name);
    t.match(err, says);
  }
});
