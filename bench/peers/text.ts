/** The report as people read it: tables of rows, goals as lines. */
import { numberText, table } from '../report.js';
import type { PeerGoal } from './goals.js';
import type { AppendRow, FanOutRow, MemoryRow } from './summary.js';
import type { Skipped } from './systems.js';

/** Above this, by other programs, a figure is not worth comparing (bench/README.md, Method). */
const foreignCoresMax = 0.1;

/** Durable with durable, not durable with not durable; load by load. */
export function appendsText(rows: readonly AppendRow[]): string {
  const titles = [
    ['Durable: acknowledged when a majority has it on disk', true],
    ['Not durable: acknowledged before it is on disk', false],
  ] as const;
  return titles
    .map(([title, durable]) =>
      appendTable(
        title,
        rows.filter((row) => row.durable === durable),
      ),
    )
    .join('');
}

function appendTable(title: string, rows: readonly AppendRow[]): string {
  if (rows.length === 0) return '';
  const head = [
    'clients x in flight',
    'system',
    'appends/s',
    'p50 ms',
    'p99 ms',
    'synod ÷ it, appends/s',
    'synod ÷ it, p50',
    'failed',
    'unknown',
    'foreign cores',
  ];
  const loads = [...new Set(rows.map(({ load }) => load))];
  const lines = loads
    .flatMap((load) => rows.filter((row) => row.load === load))
    .map((row) => [
      row.load,
      row.peer,
      Math.round(row.perSecond).toLocaleString('en'),
      row.p50Ms.toFixed(3),
      row.p99Ms.toFixed(2),
      numberText(row.timesPerSecond),
      numberText(row.timesP50),
      `${row.failed}`,
      `${row.unknown}`,
      row.foreignCores.toFixed(2),
    ]);
  return [title, '', ...table(head, lines), '', ''].join('\n');
}

export function fanOutText(rows: readonly FanOutRow[]): string {
  if (rows.length === 0) return '';
  const head = ['subscribers', 'into', 'system', 'durable', 'deliveries/s', 'synod ÷ it', 'wrong', 'foreign cores'];
  const keys = [...new Set(rows.map(({ subscribers, kind }) => `${subscribers} ${kind}`))];
  const lines = keys
    .flatMap((key) => rows.filter(({ subscribers, kind }) => `${subscribers} ${kind}` === key))
    .map((row) => [
      `${row.subscribers}`,
      row.kind,
      row.peer,
      row.durable ? 'yes' : 'no',
      Math.round(row.deliveriesPerSecond).toLocaleString('en'),
      numberText(row.times),
      `${row.wrong}`,
      row.foreignCores.toFixed(2),
    ]);
  return ['Fan-out: one publisher, all subscribers on one server', '', ...table(head, lines), '', ''].join('\n');
}

export function memoryText(rows: readonly MemoryRow[]): string {
  if (rows.length === 0) return '';
  const each = rows.map(({ peer, residentMiB }) => `${peer} ${residentMiB.toFixed(0)}`);
  return `Largest process of each system at the end, MiB resident: ${each.join(', ')}\n\n`;
}

export function goalText({ what, limit, isLeast, measured, against, verdict }: PeerGoal): string {
  const found = measured === undefined ? '' : ` ${numberText(measured)}${against === '' ? '' : ` (${against})`},`;
  return `goal ${what} ${isLeast ? '≥' : '≤'} ${limit.toLocaleString('en')}:${found} ${verdict}`;
}

export function skippedText({ names, what, install }: Skipped): string {
  return `skipped ${names.join(', ')}: ${what} is not installed; ${install}`;
}

/** A warning if other programs took part, else nothing. */
export function foreignText(rows: readonly { readonly foreignCores: number }[]): string {
  const most = Math.max(0, ...rows.map(({ foreignCores }) => foreignCores));
  if (most <= foreignCoresMax) return '';
  return `Other programs used up to ${most.toFixed(2)} cores: compare nothing above ${foreignCoresMax}, run it again on a quiet machine\n`;
}
