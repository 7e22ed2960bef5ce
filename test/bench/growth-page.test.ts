/** The page of growth curves: whole in itself, with a verdict for each curve. */
import t from 'tap';
import { type Curve, growthPage, growthText } from '../../bench/growth-page.js';

const flat: Curve = {
  title: 'memory <of> a server',
  unit: 'MB',
  along: 'messages',
  points: [1, 2, 3].map((x) => ({ x: x * 1e6, y: 120 })),
  limit: 300,
};
const rising: Curve = { ...flat, title: 'time & more', points: [1, 2, 3].map((x) => ({ x: x * 1e6, y: x })) };

t.test('each curve is drawn and judged', async (t) => {
  const page = growthPage('growth', ['commit <abc>'], [flat, rising]);
  t.equal(page.match(/<svg /g)?.length, 2);
  t.equal(page.match(/<circle /g)?.length, 6);
  t.match(page, '<b>flat</b>');
  t.match(page, '<b>linear</b>');
  t.match(page, 'memory &lt;of&gt; a server');
  t.match(page, 'time &amp; more');
  t.match(page, 'commit &lt;abc&gt;');
  t.match(page, '>2 M<', 'the lengths stand at the axis');
  t.equal(page.match(/class="limit"/g)?.length, 2);
});

t.test('nothing is fetched from elsewhere, and nothing is drawn outside', async (t) => {
  const page = growthPage('growth', [], [flat, rising]);
  t.notMatch(page, /<script|<link|<img|url\(|@import/);
  t.same(
    [...page.matchAll(/https?:\/\/[^"]+/g)].map(([url]) => url).filter((url) => url !== 'http://www.w3.org/2000/svg'),
    [],
  );
  t.notMatch(page, 'NaN');
  const ys = [...page.matchAll(/ cy="([^"]+)"/g)].map(([, y]) => Number(y));
  t.ok(ys.every((y) => y >= 0 && y <= 240));
});

t.test('zeros are drawn, too', async (t) => {
  const page = growthPage(
    'growth',
    [],
    [{ title: 'none', unit: 's', along: 'n', points: [1, 2, 3].map((x) => ({ x, y: 0 })) }],
  );
  t.notMatch(page, /NaN|Infinity/);
});

t.test('the verdict as text', async (t) => {
  t.match(growthText(flat), /^memory <of> a server: flat \(0 % of the mean/);
  t.match(growthText(rising), /^time & more: linear \(100 % of the mean/);
});
