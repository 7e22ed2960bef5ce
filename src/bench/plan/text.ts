/** Reports as text: one run, or several side by side. */
import { renderTable, sanitise } from '../../base/index.js';
import { type ComparedRow, caveats, compare } from './compare.js';
import { countText, durationUsText, msText, secondsText } from './numbers.js';
import type { BenchResult } from './result.js';
import { cpuUsPerMessage, loopText, scheduleText, setupRows } from './setup.js';

/** The lines of a report on one run. */
export function resultLines(result: BenchResult): string[] {
  const { opsPerSec, ok, failed, unknown, silence, deliveries } = result;
  const rows = setupRows(result);
  const width = Math.max(...rows.map(([name]) => name.length));
  const cpu = cpuUsPerMessage(result);
  return [
    ...(result.interrupted ? ['INTERRUPTED: what was measured until then', ''] : []),
    ...rows.map(([name, value]) => `${name.padEnd(width)}  ${sanitise(value)}`),
    '',
    `${countText(opsPerSec)} messages/s   ok ${countText(ok)}   failed ${countText(failed)}   unknown ${countText(unknown)}`,
    ...(cpu === null ? [] : [`${cpu.toFixed(1)} µs of processor time a message, all processes together`]),
    ...(deliveries === null ? [] : [deliveriesText(deliveries)]),
    '',
    ...latencyLines(result),
    ...(result.open === null ? [] : [scheduleText(result)]),
    ...unsentLines(result),
    `longest silence ${durationUsText(silence.ms * 1_000)}, from ${secondsText(silence.atMs)} on`,
    ...faultLines(result),
    '',
    historyText(result),
    ...result.slo.map(({ objective, measured, met }) => {
      return `slo ${objective}: ${met ? 'met' : `MISSED${measured === null ? ', there is no such figure' : `, measured ${sloText(objective, measured)}`}`}`;
    }),
  ];
}

function deliveriesText({ total, perSec, missing }: NonNullable<BenchResult['deliveries']>): string {
  const lost = missing === 0 ? 'none missing' : `${countText(missing)} MISSING when the drain was over`;
  return `${countText(perSec)} deliveries/s   ${countText(total)} in all, ${lost}`;
}

function latencyLines(result: BenchResult): string[] {
  const columns = [
    ['p50', result.p50Us],
    ['p90', result.p90Us],
    ['p99', result.p99Us],
    ['p99.9', result.p999Us],
    ['p99.99', result.p9999Us],
    ['max', result.maxUs],
    ['mean', result.meanUs],
  ] as const;
  const cells = columns.map(([title, us]) => ({ title, right: true, cell: () => msText(us) }));
  return renderTable([{ title: 'latency', cell: () => 'ms' }, ...cells], [result]);
}

function unsentLines({ open }: BenchResult): string[] {
  if (open === null || open.unsent === 0) return [];
  return [
    `${countText(open.unsent)} messages were NEVER SENT: the cluster does not sustain ${countText(open.rate)}/s; the percentiles leave them out`,
  ];
}

function faultLines({ faults }: BenchResult): string[] {
  if (faults.length === 0) return [];
  const at = (ms: number | null): string => (ms === null ? '-' : secondsText(ms));
  return [
    '',
    ...renderTable(
      [
        { title: 'FROM', right: true, cell: ({ fromMs }) => at(fromMs) },
        { title: 'UNTIL', right: true, cell: ({ untilMs }) => at(untilMs) },
        { title: 'FAULT', cell: ({ text }) => sanitise(text) },
        { title: 'WHAT', cell: ({ detail }) => sanitise(detail) },
      ],
      faults,
    ),
  ];
}

function historyText({ history: { state, acknowledged, unknown, posts } }: BenchResult): string {
  if (state === 'unchecked') return 'history: unchecked, no fresh read was answered';
  const held = `${countText(acknowledged)} acknowledged, ${countText(unknown)} unknown, the rooms hold ${countText(posts ?? 0)}`;
  return `history: ${state === 'complete' ? 'complete' : state.toUpperCase()} (${held})`;
}

function sloText(objective: string, measured: number): string {
  return /^(ops|ok|failed|unknown|unsent)/.test(objective) ? countText(measured) : `${msText(measured)} ms`;
}

/** The lines of a comparison; the runs must be of one loop. */
export function comparisonLines(results: readonly BenchResult[], names: readonly string[]): string[] {
  const title = (place: number): string => String.fromCharCode(65 + place);
  const rows = compare(results);
  const runs = results.flatMap((_, place) => [
    { title: title(place), right: true, cell: (row: ComparedRow) => row.texts[place] as string },
    ...(place === 0
      ? []
      : [
          { title: `${title(place)}/A`, right: true, cell: (row: ComparedRow) => ratioText(row.ratios[place] ?? null) },
        ]),
  ]);
  const warnings = caveats(
    results,
    results.map((_, place) => title(place)),
  );
  return [
    ...results.map((result, place) => {
      return sanitise(
        `${title(place)}  ${names[place]}: ${loopText(result)}; ${result.seconds} s, commit ${result.commit}, ${result.startedAt}`,
      );
    }),
    '',
    ...renderTable([{ title: 'figure', cell: (row: ComparedRow) => row.name }, ...runs], rows),
    ...(warnings.length === 0 ? [] : ['', ...warnings.map((text) => sanitise(`not like for like: ${text}`))]),
  ];
}

function ratioText(ratio: number | null): string {
  return ratio === null ? '-' : `${ratio.toFixed(2)}×`;
}

/** How a run goes, once a second. */
export interface Progress {
  readonly phase: 'warm-up' | 'run';
  readonly elapsedMs: number;
  readonly ofMs: number;
  /** Within the last second. */
  readonly perSecond: number;
  readonly p99Us: number | null;
  /** Since the window opened. */
  readonly failed: number;
  readonly unknown: number;
}

/** One line for the person who waits. */
export function progressText({ phase, elapsedMs, ofMs, perSecond, p99Us, failed, unknown }: Progress): string {
  const at = `${(elapsedMs / 1_000).toFixed(0).padStart(4)}/${ofMs / 1_000} s`;
  const rate = `${countText(perSecond).padStart(9)} messages/s`;
  if (phase === 'warm-up') return `${at}  ${rate}  (warm-up)`;
  return `${at}  ${rate}  p99 ${msText(p99Us)} ms  failed ${countText(failed)}  unknown ${countText(unknown)}`;
}
