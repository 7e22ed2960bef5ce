/** One chart as SVG: axes with units, lines with a legend, bands for faults, and a title that is read aloud. */
import type { Scale } from './scale.js';
import { element, pathThrough, textElement } from './svg.js';

export interface Line {
  readonly name: string;
  /** CSS class that gives its colour and dashes. */
  readonly look: string;
  /** Values, not places; undefined for a gap. */
  readonly points: readonly (readonly [x: number, y: number] | undefined)[];
}

/** A stretch of the x axis; a moment when both ends are one. */
export interface Band {
  readonly from: number;
  readonly to: number;
  readonly mark: string;
  readonly title: string;
}

export interface Chart {
  /** Unique in the document. */
  readonly id: string;
  readonly title: string;
  /** What is to be seen, for who does not see it. */
  readonly about: string;
  readonly x: (from: number, to: number) => Scale;
  readonly y: (from: number, to: number) => Scale;
  readonly xName: string;
  readonly yName: string;
  readonly lines: readonly Line[];
  readonly bands: readonly Band[];
}

const width = 960;
const height = 330;
const left = 72;
const right = width - 34;
const top = 34;
const bottom = height - 46;
const legendStep = 128;
/** A moment is drawn as wide as this. */
const bandWidthMin = 2;

export function chartSvg(chart: Chart): string {
  const x = chart.x(left, right);
  const y = chart.y(bottom, top);
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${width} ${height}`,
      role: 'img',
      'aria-labelledby': `${chart.id}-title ${chart.id}-about`,
    },
    textElement('title', { id: `${chart.id}-title` }, chart.title),
    textElement('desc', { id: `${chart.id}-about` }, chart.about),
    ...chart.bands.map((band) => bandMarkup(band, x)),
    ...x.ticks.flatMap(({ value, text }) => {
      const at = x.at(value);
      return [
        element('line', { class: 'grid', x1: at, x2: at, y1: top, y2: bottom }),
        textElement('text', { class: 'tick', x: at, y: bottom + 16, 'text-anchor': 'middle' }, text),
      ];
    }),
    ...y.ticks.flatMap(({ value, text }) => {
      const at = y.at(value);
      return [
        element('line', { class: 'grid', x1: left, x2: right, y1: at, y2: at }),
        textElement('text', { class: 'tick', x: left - 6, y: at + 4, 'text-anchor': 'end' }, text),
      ];
    }),
    element('path', { class: 'axis', d: `M${left} ${top}V${bottom}H${right}` }),
    textElement('text', { class: 'name', x: (left + right) / 2, y: height - 8, 'text-anchor': 'middle' }, chart.xName),
    textElement(
      'text',
      { class: 'name', transform: `translate(14 ${(top + bottom) / 2}) rotate(-90)`, 'text-anchor': 'middle' },
      chart.yName,
    ),
    ...chart.lines.map(({ look, points }) => {
      const places = points.map((point) =>
        point === undefined ? undefined : ([x.at(point[0]), y.at(point[1])] as const),
      );
      return element('path', { class: `line ${look}`, d: pathThrough(places) });
    }),
    ...chart.lines.flatMap(({ name, look }, place) => {
      const at = left + place * legendStep;
      return [
        element('path', { class: `line ${look}`, d: `M${at} 14h22` }),
        textElement('text', { class: 'legend', x: at + 28, y: 18 }, name),
      ];
    }),
  );
}

function bandMarkup({ from, to, mark, title }: Band, x: Scale): string {
  const start = x.at(from);
  const wide = Math.max(bandWidthMin, x.at(to) - start);
  return element(
    'g',
    { class: 'fault' },
    textElement('title', {}, title),
    element('rect', { x: start, y: top, width: wide, height: bottom - top }),
    textElement('text', { x: start + 3, y: top + 12 }, mark),
  );
}
