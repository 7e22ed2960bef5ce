/** The table of `synod top`: what the servers say of themselves, and rates of two looks at their figures. Pure. */
import { type Column, quantileOf, renderTable, sanitise } from '../base/index.js';
import type { Figures } from '../daemon/index.js';
import type { ServerRow } from '../wire/index.js';
import type { FiguresAnswer } from './figures.js';
import { roleText, type StatusView, summaryLine } from './status-view.js';

/** Figures by server, as one look found them. */
export type FiguresById = ReadonlyMap<number, FiguresAnswer>;

/** A row; null where there is nothing to tell: the server is down, has no figures, or this is the first look. */
export interface TopRow {
  readonly server: ServerRow;
  readonly messagesPerSecond: number | null;
  readonly commitP50Ms: number | null;
  readonly commitP99Ms: number | null;
  readonly syncP99Ms: number | null;
  readonly queuedBytes: number | null;
  readonly residentBytes: number | null;
  /** Of one processor, 0 to 1 and more. */
  readonly processor: number | null;
  readonly note: string;
}

export function topRows(view: StatusView, now: FiguresById, before: FiguresById): TopRow[] {
  return view.servers.map((server) => {
    const figures = now.get(server.id);
    if (server.state === 'down' || figures === undefined) return rowOf(server, undefined, undefined, server.note);
    if ('error' in figures) {
      return rowOf(server, undefined, undefined, server.note === '' ? figures.error : server.note);
    }
    const earlier = before.get(server.id);
    // Another process has begun to count anew.
    const isSame = earlier !== undefined && !('error' in earlier) && earlier.atMs < figures.atMs;
    return rowOf(server, figures, isSame ? earlier : undefined, server.note);
  });
}

function rowOf(server: ServerRow, now: Figures | undefined, before: Figures | undefined, note: string): TopRow {
  const seconds = now === undefined || before === undefined ? 0 : (now.atMs - before.atMs) / 1_000;
  const rate = (of: (figures: Figures) => number): number | null =>
    now === undefined || before === undefined ? null : Math.max(0, of(now) - of(before)) / seconds;
  const quantileMs = (of: 'commitSeconds' | 'syncSeconds', share: number): number | null => {
    if (now === undefined || before === undefined) return null;
    const counts = now[of].counts.map((count, at) => Math.max(0, count - (before[of].counts[at] ?? 0)));
    const found = quantileOf(now[of].bounds, counts, share);
    return Number.isNaN(found) ? null : found * 1_000;
  };
  return {
    server,
    messagesPerSecond: rate(({ messages }) => messages),
    commitP50Ms: quantileMs('commitSeconds', 0.5),
    commitP99Ms: quantileMs('commitSeconds', 0.99),
    syncP99Ms: quantileMs('syncSeconds', 0.99),
    queuedBytes: now?.queuedBytes ?? null,
    residentBytes: now?.residentBytes ?? null,
    processor: rate(({ cpuSeconds }) => cpuSeconds),
    note,
  };
}

const columns: readonly Column<TopRow>[] = [
  { title: 'ID', cell: ({ server }) => (server.id === 0 ? '?' : `s${server.id}`) },
  { title: 'ROLE', cell: ({ server }) => (server.state === 'down' ? 'DOWN' : roleText(server)) },
  { title: 'BALLOT', cell: ({ server }) => server.ballot ?? '-' },
  {
    title: 'MSG/S',
    right: true,
    cell: (row) => orDash(row.messagesPerSecond, (rate) => rate.toFixed(rate < 10 ? 1 : 0)),
  },
  { title: 'P50', right: true, cell: (row) => orDash(row.commitP50Ms, msText) },
  { title: 'P99', right: true, cell: (row) => orDash(row.commitP99Ms, msText) },
  { title: 'FSYNC P99', right: true, cell: (row) => orDash(row.syncP99Ms, msText) },
  { title: 'LAG', right: true, cell: ({ server }) => String(server.lag ?? '-') },
  { title: 'CLIENTS', right: true, cell: ({ server }) => String(server.clients ?? '-') },
  { title: 'QUEUE', right: true, cell: (row) => orDash(row.queuedBytes, bytesText) },
  { title: 'RSS', right: true, cell: (row) => orDash(row.residentBytes, bytesText) },
  { title: 'CPU', right: true, cell: (row) => orDash(row.processor, (share) => `${Math.round(share * 100)}%`) },
  { title: 'NOTE', cell: (row) => sanitise(row.note) },
];

/** The table and the line below it. */
export function topLines(view: StatusView, rows: readonly TopRow[]): string[] {
  return [...renderTable(columns, rows), summaryLine(view)];
}

function orDash(value: number | null, text: (value: number) => string): string {
  return value === null ? '-' : text(value);
}

function msText(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : ms.toFixed(0)}ms`;
}

/** `0`, `512B`, `1.5K`, `82M`. */
export function bytesText(bytes: number): string {
  if (bytes < 1_024) return bytes === 0 ? '0' : `${bytes}B`;
  const units = ['K', 'M', 'G', 'T'];
  let value = bytes / 1_024;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_024;
    unit++;
  }
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)}${units[unit]}`;
}
