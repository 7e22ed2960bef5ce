/** A report as one HTML file that needs nothing else: no script, no font, no picture from anywhere. */
import { type ComparedRow, caveats, compare } from '../plan/compare.js';
import { countText, durationUsText, secondsText } from '../plan/numbers.js';
import type { BenchResult } from '../plan/result.js';
import { loopText, scheduleText, setupRows } from '../plan/setup.js';
import { chartSvg } from './chart.js';
import { latencyChart, percentileChart, throughputChart } from './charts.js';
import { element, escaped, textElement } from './svg.js';

/** A report on one run, or on several of one loop side by side; `names` stand in the legend. */
export function resultHtml(results: readonly BenchResult[], names: readonly string[]): string {
  const [first] = results;
  if (first === undefined) return '';
  const isAlone = results.length === 1;
  const title = isAlone
    ? `synod bench: ${countText(first.opsPerSec)} messages/s`
    : `synod bench: ${results.length} runs`;
  const titles = results.map((_, place) => String.fromCharCode(65 + place));
  const shown = isAlone ? names : titles;
  const body = element(
    'main',
    {},
    textElement('h1', {}, title),
    ...(isAlone ? [textElement('p', { class: 'loop' }, loopText(first))] : []),
    ...(first.interrupted && isAlone
      ? [textElement('p', { class: 'bad' }, 'Interrupted: what was measured until then.')]
      : []),
    isAlone ? summary(first) : comparison(results, names, titles),
    ...[latencyChart(results, shown), throughputChart(results, shown), percentileChart(results, shown)].map(figure),
    ...results.map((result, place) => faultTable(result, isAlone ? '' : (titles[place] as string))),
    ...results.map((result, place) => setupTable(result, isAlone ? '' : `${titles[place]}: ${names[place]}`)),
  );
  const head = element(
    'head',
    {},
    element('meta', { charset: 'utf-8' }),
    element('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    textElement('title', {}, title),
    `<style>${style}</style>`,
  );
  return `<!DOCTYPE html>\n${element('html', { lang: 'en' }, head, element('body', {}, body))}\n`;
}

function summary(result: BenchResult): string {
  const { history, slo, silence, open } = result;
  const rows = compare([result]).map(({ name, texts }) => row(name, texts));
  const checks = [
    `history ${history.state}: ${countText(history.acknowledged)} acknowledged, ${countText(history.unknown)} unknown, the rooms hold ${history.posts === null ? 'nobody knows how many' : countText(history.posts)}`,
    `longest silence ${durationUsText(silence.ms * 1_000)}, from ${secondsText(silence.atMs)} on`,
    ...(open === null ? [] : [scheduleText(result)]),
    ...slo.map(({ objective, met }) => `slo ${objective}: ${met ? 'met' : 'MISSED'}`),
  ];
  const isBad = (text: string): boolean =>
    /incomplete|excess|MISSED/.test(text) || (open !== null && open.unsent > 0 && text.includes('never sent'));
  return [
    element('table', {}, element('tbody', {}, ...rows)),
    element('ul', {}, ...checks.map((text) => textElement('li', isBad(text) ? { class: 'bad' } : {}, text))),
  ].join('');
}

function comparison(results: readonly BenchResult[], names: readonly string[], titles: readonly string[]): string {
  const head = titles.flatMap((title, place) => (place === 0 ? [title] : [title, `${title}/A`]));
  const cells = ({ texts, ratios }: ComparedRow): string[] =>
    texts.flatMap((text, place) => {
      const ratio = ratios[place] ?? null;
      return place === 0 ? [text] : [text, ratio === null ? '-' : `${ratio.toFixed(2)}×`];
    });
  const runs = results.map((result, place) => `${titles[place]} is ${names[place]}: ${loopText(result)}`);
  return [
    element('ul', {}, ...runs.map((text) => textElement('li', {}, text))),
    element(
      'table',
      {},
      element('thead', {}, row('', head, 'th')),
      element('tbody', {}, ...compare(results).map((compared) => row(compared.name, cells(compared)))),
    ),
    element(
      'ul',
      {},
      ...caveats(results, titles).map((text) => textElement('li', { class: 'bad' }, `not like for like: ${text}`)),
      '',
    ),
  ].join('');
}

function figure(chart: Parameters<typeof chartSvg>[0]): string {
  return element('figure', {}, textElement('figcaption', {}, chart.title), chartSvg(chart));
}

function faultTable({ faults }: BenchResult, of: string): string {
  if (faults.length === 0) return '';
  const at = (ms: number | null): string => (ms === null ? '-' : secondsText(ms));
  const rows = faults.map(({ text, fromMs, untilMs, detail }, place) => {
    return row(`${of}${place + 1}`, [at(fromMs), at(untilMs), text, detail]);
  });
  return [
    textElement('h2', {}, `Faults${of === '' ? '' : ` of ${of}`}`),
    element(
      'table',
      {},
      element('thead', {}, row('', ['from', 'until', 'fault', 'what'], 'th')),
      element('tbody', {}, ...rows),
    ),
  ].join('');
}

function setupTable(result: BenchResult, of: string): string {
  const rows = setupRows(result).map(([name, value]) => {
    return element('tr', {}, textElement('th', { scope: 'row' }, name), textElement('td', { class: 'words' }, value));
  });
  return [
    textElement('h2', {}, of === '' ? 'How it was measured' : `How ${of} was measured`),
    element('table', {}, element('tbody', {}, ...rows)),
  ].join('');
}

function row(name: string, cells: readonly string[], kind: 'td' | 'th' = 'td'): string {
  const scope: Readonly<Record<string, string>> = kind === 'th' ? { scope: 'col' } : {};
  const first = kind === 'th' ? element('td', {}, escaped(name)) : textElement('th', { scope: 'row' }, name);
  return element('tr', {}, first, ...cells.map((cell) => textElement(kind, scope, cell)));
}

/** Colours that are told apart by people who see red and green alike; dashes for print. */
const style = `
:root{color-scheme:light dark;--back:#fff;--ink:#1b1f24;--faint:#5b6570;--grid:#e3e6ea;--bad:#b3261e;--fault:#d9822b33;
--c0:#0b6bcb;--c1:#c2410c;--c2:#5b6570;--c3:#7c3aed;--c4:#0f7b6c;--c5:#9d174d;--c6:#8a6d00;--c7:#334155}
@media(prefers-color-scheme:dark){:root{--back:#14171b;--ink:#e6e9ed;--faint:#9aa5b1;--grid:#2b3138;--bad:#ff8a80;
--fault:#ffb74d2e;--c0:#6cb6ff;--c1:#ff9d66;--c2:#9aa5b1;--c3:#b794f6;--c4:#4fd1c5;--c5:#f687b3;--c6:#e9c46a;
--c7:#cbd5e1}}
body{margin:0;background:var(--back);color:var(--ink);font:15px/1.45 system-ui,sans-serif}
main{max-width:980px;margin:0 auto;padding:16px}
h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.1rem;margin:1.5rem 0 .5rem}
.loop{color:var(--faint);margin:0 0 1rem}.bad{color:var(--bad);font-weight:600}
table{border-collapse:collapse}th,td{padding:3px 12px 3px 0;text-align:right;font-variant-numeric:tabular-nums}
th[scope=row]{text-align:left;font-weight:600;vertical-align:top}
tr+tr>*{border-top:1px solid var(--grid)}td.words{text-align:left}
figure{margin:1.5rem 0 0}figcaption{font-weight:600}svg{display:block;width:100%;height:auto}
svg text{font:12px system-ui,sans-serif;fill:var(--ink)}svg .tick{fill:var(--faint)}
.grid{stroke:var(--grid)}.axis{fill:none;stroke:var(--faint)}
.line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round;stroke:var(--c0)}
.p50,.run0{stroke:var(--c0)}.p99,.run1{stroke:var(--c1)}.max{stroke:var(--c2);stroke-width:1.1}.run2{stroke:var(--c2)}
.run3{stroke:var(--c3)}.run4{stroke:var(--c4)}.run5{stroke:var(--c5)}.run6{stroke:var(--c6)}.run7{stroke:var(--c7)}
.run1{stroke-dasharray:7 3}.run2{stroke-dasharray:2 4}.run3{stroke-dasharray:9 3 2 3}
.fault rect{fill:var(--fault)}.fault text{fill:var(--faint)}
`.trim();
