/** A page that shows how figures grow with the length of a history: a plot each, and whether it is flat. Pure. */
import { type Growth, growthOf, type Point } from './fit.js';

/** One figure at several lengths. */
export interface Curve {
  readonly title: string;
  readonly unit: string;
  /** What x counts. */
  readonly along: string;
  readonly points: readonly Point[];
  /** What was asked for, if anything: no y above it. */
  readonly limit?: number;
}

const width = 460;
const height = 240;
/** Room for the axes' numbers. */
const [left, right, top, bottom] = [64, 16, 16, 36];

/** A curve and what its points say, as one line of text. */
export function growthText(curve: Curve): string {
  const growth = growthOf(curve.points);
  const { rise, line } = growth;
  const percent = (100 * rise).toFixed(0);
  return `${curve.title}: ${growth.shape} (${percent} % of the mean from the first to the last; the line explains ${(100 * line.explained).toFixed(0)} %)`;
}

/** The whole page: one file without scripts, styles or images from elsewhere. */
export function growthPage(title: string, about: readonly string[], curves: readonly Curve[]): string {
  return [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title>`,
    '<style>',
    'body{font:14px/1.5 system-ui,sans-serif;margin:2em;max-width:1000px;color:#222;background:#fff}',
    'figure{display:inline-block;margin:0 1em 1em 0}figcaption{max-width:460px}',
    '.axis{stroke:#888}.grid{stroke:#e4e4e4}.line{stroke:#1f5fa8;stroke-width:2;fill:none}',
    '.fit{stroke:#b5532a;stroke-dasharray:5 4}.limit{stroke:#a33;stroke-width:1.5}.dot{fill:#1f5fa8}',
    'text{font:11px system-ui,sans-serif;fill:#444}',
    '</style></head><body>',
    `<h1>${escaped(title)}</h1>`,
    ...about.map((line) => `<p>${escaped(line)}</p>`),
    ...curves.map(figure),
    '<p>Dashed: the straight line with the least squares. Red: what was asked for.</p>',
    '</body></html>',
    '',
  ].join('\n');
}

function figure(curve: Curve): string {
  const growth = growthOf(curve.points);
  return [
    '<figure>',
    plot(curve, growth),
    `<figcaption><b>${escaped(curve.title)}</b>, ${escaped(curve.unit)}: <b>${growth.shape}</b>. ${escaped(growthText(curve))}</figcaption>`,
    '</figure>',
  ].join('');
}

function plot({ title, unit, along, points, limit }: Curve, { line }: Growth): string {
  const xMax = Math.max(...points.map(({ x }) => x));
  const yMax = Math.max(...points.map(({ y }) => y), limit ?? 0) * 1.05 || 1;
  const px = (x: number): string => (left + ((width - left - right) * x) / xMax).toFixed(1);
  const py = (y: number): string => (top + (height - top - bottom) * (1 - y / yMax)).toFixed(1);
  const across = (y: number, name: string): string =>
    `<line class="${name}" x1="${left}" y1="${py(y)}" x2="${width - right}" y2="${py(y)}"/>`;
  const [first, last] = [points[0]?.x ?? 0, xMax];
  const fitted = (x: number): number => line.at0 + line.slope * x;
  const marks = [0, 0.25, 0.5, 0.75, 1].map((share) => share * yMax);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">`,
    ...marks.flatMap((y) => [
      across(y, y === 0 ? 'axis' : 'grid'),
      `<text x="${left - 6}" y="${Number(py(y)) + 4}" text-anchor="end">${numberText(y)}</text>`,
    ]),
    `<line class="axis" x1="${left}" y1="${top}" x2="${left}" y2="${height - bottom}"/>`,
    ...points.map(
      ({ x }) => `<text x="${px(x)}" y="${height - bottom + 15}" text-anchor="middle">${numberText(x)}</text>`,
    ),
    `<text x="${width - right}" y="${height - 5}" text-anchor="end">${escaped(along)}</text>`,
    `<text x="${left + 4}" y="${top + 2}">${escaped(unit)}</text>`,
    ...(limit === undefined ? [] : [across(limit, 'limit')]),
    `<line class="fit" x1="${px(first)}" y1="${py(fitted(first))}" x2="${px(last)}" y2="${py(fitted(last))}"/>`,
    `<polyline class="line" points="${points.map(({ x, y }) => `${px(x)},${py(y)}`).join(' ')}"/>`,
    ...points.map(({ x, y }) => `<circle class="dot" cx="${px(x)}" cy="${py(y)}" r="3.5"/>`),
    '</svg>',
  ].join('');
}

/** Short enough for an axis. */
function numberText(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toFixed(2))} M`;
  if (value >= 1e4) return `${Number((value / 1e3).toFixed(1))} k`;
  return `${Number(value.toPrecision(3))}`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
