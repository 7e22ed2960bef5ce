/** The HTML report: well-formed, complete in itself, readable aloud, and safe against what stands in a file. */
import fc from 'fast-check';
import t from 'tap';
import { resultHtml } from '../../../src/bench/show/html.js';
import { linearScale, logScale, percentileScale } from '../../../src/bench/show/scale.js';
import { pathThrough } from '../../../src/bench/show/svg.js';
import { openFigures, sampleResult } from '../sample-result.js';
import { parseMarkup } from '../well-formed.js';

const shapes = {
  'one run': [sampleResult()],
  'an open loop': [sampleResult({ mode: 'open', open: openFigures })],
  'two runs': [sampleResult(), sampleResult({ host: 'other' })],
  'eight runs': Array.from({ length: 8 }, () => sampleResult()),
  'a run without an answer': [sampleResult({ ok: 0, opsPerSec: 0, series: [], curve: [], p50Us: null, faults: [] })],
  'an interrupted run': [sampleResult({ interrupted: true, seconds: 0.3 })],
};
for (const [what, results] of Object.entries(shapes)) {
  t.test(`${what} is well-formed and needs nothing else`, async (t) => {
    const html = resultHtml(
      results,
      results.map((_, place) => `run-${place}.json`),
    );
    const { wrong, names } = parseMarkup(html);
    t.equal(wrong, '');
    t.equal(names.filter((name) => name === 'svg').length, 3);
    t.equal(names.filter((name) => name === 'desc').length, 3, 'each chart says what it shows');
    t.notMatch(html.replaceAll('http://www.w3.org/2000/svg', ''), /https?:|<script|url\(|@import|src=/);
    t.notMatch(html, /NaN|Infinity|undefined/);
    const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    t.equal(new Set(ids).size, ids.length, 'no id stands twice');
    t.match(html, /prefers-color-scheme:dark/);
  });
}

t.test('units stand at the axes, faults and checks in the page', async (t) => {
  const html = resultHtml([sampleResult()], ['this run']);
  for (const words of [
    'latency, ms',
    'messages/s',
    'time since the window opened, s',
    '99.9 %',
    '300ms kill leader 100ms',
  ]) {
    t.ok(html.includes(words), words);
  }
  t.match(html, /class="bad">slo p99&#60;=5ms: MISSED/);
});

t.test('markup in a result stays text', async (t) => {
  const evil = '<script>alert(1)</script>"\'&';
  const html = resultHtml([sampleResult({ host: evil, commit: evil }), sampleResult()], [evil, evil]);
  t.equal(parseMarkup(html).wrong, '');
  t.notMatch(html, /<script/);
});

t.test('scales keep their ends, and never fall', async (t) => {
  const value = fc.double({ min: 0.001, max: 1e7, noNaN: true });
  fc.assert(
    fc.property(value, value, (a, b) => {
      const [least, most] = a < b ? [a, b] : [b, a];
      const scales = [
        linearScale(most, 0, 100, String),
        logScale(least, most, 0, 100, String),
        percentileScale(Math.ceil(most), 0, 100),
      ];
      return scales.every(({ at, ticks }) => {
        const places = ticks.map((tick) => at(tick.value));
        return (
          at(least) <= at(most) &&
          places.every((place, index) => place >= -1e-6 && place <= 100.000001 && place >= (places[index - 1] ?? 0)) &&
          ticks.length >= 2 &&
          ticks.length <= 12
        );
      });
    }),
  );
  t.pass('property held');
});

t.test('a line with gaps', async (t) => {
  t.equal(pathThrough([undefined, [1, 2], [3, 4], undefined, [5.04, 6.06]]), 'M1 2h.1L3 4h.1M5 6.1h.1');
  t.equal(pathThrough([]), '');
});
