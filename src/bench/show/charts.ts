/** The charts of a report: latency and throughput over time, and the percentile curve, of one run or several. */
import { countText, msText } from '../plan/numbers.js';
import type { BenchResult } from '../plan/result.js';
import type { SeriesBin } from '../plan/series.js';
import type { Band, Chart, Line } from './chart.js';
import { linearScale, logScale, percentileScale, type Scale } from './scale.js';

/** Names of the runs, as long as the legend has room for. */
const nameCharsMax = 14;

/** Latency of acknowledgements by when they arrived. */
export function latencyChart(results: readonly BenchResult[], names: readonly string[]): Chart {
  const isAlone = results.length === 1;
  const line = (result: BenchResult, name: string, look: string, of: (bin: SeriesBin) => number | null): Line => ({
    name,
    look,
    points: result.series.map((bin) => {
      const us = of(bin);
      return us === null ? undefined : ([(bin.atMs + result.binMs / 2) / 1_000, toMs(us)] as const);
    }),
  });
  const lines = results.flatMap((result, place) => {
    const name = shortName(names[place] ?? '');
    if (!isAlone) return [line(result, `${name} p99`, `run${place}`, (bin) => bin.p99Us)];
    return [
      line(result, 'p50', 'p50', (bin) => bin.p50Us),
      line(result, 'p99', 'p99', (bin) => bin.p99Us),
      line(result, 'max', 'max', (bin) => bin.maxUs),
    ];
  });
  return {
    id: 'latency',
    title: isAlone ? 'Latency over time' : 'Latency over time: p99 of each run',
    about: `${isAlone ? 'p50, p99 and maximum' : 'p99'} of what was acknowledged in each ${results.map(({ binMs }) => `${binMs} ms`).join(' or ')}, on a logarithmic scale.`,
    x: timeScale(results),
    y: latencyScale(lines),
    xName: 'time since the window opened, s',
    yName: 'latency, ms',
    lines,
    bands: bandsOf(results),
  };
}

/** Acknowledgements per second; only bins that lie whole within the window. */
export function throughputChart(results: readonly BenchResult[], names: readonly string[]): Chart {
  const lines = results.map((result, place) => ({
    name: results.length === 1 ? 'acknowledged' : shortName(names[place] ?? ''),
    look: results.length === 1 ? 'p50' : `run${place}`,
    points: result.series
      .filter(({ atMs }) => atMs + result.binMs <= result.seconds * 1_000 + 1)
      .map(({ atMs, ok }) => [(atMs + result.binMs / 2) / 1_000, (ok * 1_000) / result.binMs] as const),
  }));
  const most = Math.max(...lines.flatMap(({ points }) => points.map(([, perSecond]) => perSecond)), 1);
  return {
    id: 'throughput',
    title: 'Throughput over time',
    about: 'Messages acknowledged per second.',
    x: timeScale(results),
    y: (from, to) => linearScale(most, from, to, countText),
    xName: 'time since the window opened, s',
    yName: 'messages/s',
    lines,
    bands: bandsOf(results),
  };
}

/** Which latency so many per cent do not exceed. */
export function percentileChart(results: readonly BenchResult[], names: readonly string[]): Chart {
  const lines = results.map((result, place) => ({
    name: results.length === 1 ? 'latency' : shortName(names[place] ?? ''),
    look: results.length === 1 ? 'p99' : `run${place}`,
    points: result.curve.map(({ percentile, us }) => [percentile, toMs(us)] as const),
  }));
  const count = Math.max(...results.map(({ ok }) => ok));
  return {
    id: 'percentiles',
    title: 'Latency by percentile',
    about:
      'The latency that so many per cent of all messages did not exceed; each nine takes as much room as the one before.',
    x: (from, to) => percentileScale(count, from, to),
    y: latencyScale(lines),
    xName: 'percentile, the right edge is the maximum',
    yName: 'latency, ms',
    lines,
    bands: [],
  };
}

function timeScale(results: readonly BenchResult[]): Chart['x'] {
  const ends = results.map(({ seconds, series, binMs }) => {
    const last = series.findLast(({ ok }) => ok > 0);
    return Math.max(seconds, last === undefined ? 0 : (last.atMs + binMs) / 1_000);
  });
  return (from, to) => linearScale(Math.max(...ends), from, to, (value) => String(Number(value.toFixed(6))), true);
}

function latencyScale(lines: readonly Line[]): (from: number, to: number) => Scale {
  const values = lines.flatMap(({ points }) => points.flatMap((point) => (point === undefined ? [] : [point[1]])));
  const least = values.length === 0 ? 0.1 : Math.min(...values);
  const most = values.length === 0 ? 1 : Math.max(...values);
  return (from, to) =>
    logScale(least, most, from, to, (ms) =>
      ms < 1 ? String(Number(ms.toPrecision(1))) : msText(ms * 1_000).replace(/\.0+$/, ''),
    );
}

/** A logarithm needs a value above 0: what is faster than a microsecond counts as one. */
function toMs(us: number): number {
  return Math.max(us, 1) / 1_000;
}

function bandsOf(results: readonly BenchResult[]): Band[] {
  return results.flatMap(({ faults, seconds }, run) =>
    faults.flatMap(({ text, fromMs, untilMs, detail }, place) => {
      if (fromMs === null) return [];
      const mark = `${results.length === 1 ? '' : String.fromCharCode(65 + run)}${place + 1}`;
      return [
        { from: fromMs / 1_000, to: untilMs === null ? seconds : untilMs / 1_000, mark, title: `${text}: ${detail}` },
      ];
    }),
  );
}

function shortName(name: string): string {
  const last = name.split('/').at(-1) ?? '';
  return last.length <= nameCharsMax ? last : `${last.slice(0, nameCharsMax - 1)}…`;
}
