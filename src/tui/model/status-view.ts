/** The status row: where we are connected, how fast commits are, how fresh that is, what waits, what is broken. */
import { clipWith, columnsOf, pad } from '../text/index.js';
import type { Row, Span } from './frame.js';
import { age, type Look, plain, shortMs, signs } from './look.js';
import type { Model } from './model.js';

/** Silence above it makes the figures old. */
const staleMs = 3_000;

export function statusRow(model: Model, look: Look, isTiny: boolean): Row {
  const { theme, isAscii } = look;
  const { columns, flash, completion, search } = model;
  const { ellipsis } = signs(isAscii);
  if (flash !== undefined) {
    return [
      {
        text: pad(clipWith(` ${flash.text}`, columns, ellipsis), columns),
        style: flash.isTrouble ? theme.trouble : theme.pending,
      },
    ];
  }
  if (completion !== undefined && completion.candidates.length > 0) {
    return [{ text: pad(clipWith(` ${completionText(completion)}`, columns, ellipsis), columns), style: theme.quiet }];
  }
  if (search !== undefined) {
    const text =
      search.query === ''
        ? 'type what to look for'
        : search.isMissing
          ? 'not found above'
          : 'found; C-r older, Enter stays, Esc leaves';
    return [
      {
        text: pad(clipWith(` ${text}`, columns, ellipsis), columns),
        style: search.isMissing ? theme.trouble : theme.quiet,
      },
    ];
  }
  return joined(parts(model, look, isTiny), columns, look);
}

function completionText({ candidates, hints, index }: NonNullable<Model['completion']>): string {
  const hint = hints[index];
  if (hint !== undefined && hint !== '') return hint;
  return candidates.map((candidate, at) => (at === index ? `[${candidate.trim()}]` : candidate.trim())).join(' ');
}

/** The most important first: what does not fit is left out at the end. */
function parts(model: Model, { theme }: Look, isTiny: boolean): Span[] {
  const { connection, nowMs, commitMs, room, faults, hasFaults, rooms } = model;
  const { server, retryAtMs, contactAgeMs } = connection;
  const spans: Span[] = [];
  if (faults !== undefined && faults.rules.length + faults.toxics.length > 0) {
    spans.push({ text: ` FAULTS ${faults.rules.length + faults.toxics.length} `, style: theme.alarm });
  }
  if (server !== undefined) spans.push({ text: `ONLINE s${server.id}`, style: theme.good });
  else {
    const retry = retryAtMs === undefined ? 'connecting' : `retry in ${age(retryAtMs - nowMs + 999)}`;
    spans.push({ text: `OFFLINE ${retry}`, style: theme.trouble });
  }
  const unsent = rooms.reduce((sum, { unsent: count }) => sum + count, 0);
  if (unsent > 0) spans.push({ text: `${unsent} unsent${oldest(model)}`, style: theme.pending });
  if (isTiny) return spans;
  if (commitMs.length > 0) {
    const sorted = commitMs.toSorted((a, b) => a - b);
    const at = (share: number): string => shortMs(sorted[Math.ceil(share * sorted.length) - 1] as number);
    const isStale = server === undefined || (contactAgeMs ?? 0) > staleMs;
    spans.push({
      text: `commit p50 ${at(0.5)} p99 ${at(0.99)}${isStale ? ' (stale)' : ''}`,
      style: isStale ? theme.quiet : plain,
    });
  }
  if (contactAgeMs !== undefined) {
    const isOld = contactAgeMs > staleMs;
    // By the second: a screen on which nothing happens is left alone.
    spans.push({
      text: `contact ${contactAgeMs < 1_500 ? '1s' : age(contactAgeMs)} ago`,
      style: isOld ? theme.trouble : plain,
    });
  }
  if (hasFaults && faults !== undefined && faults.rules.length + faults.toxics.length === 0)
    spans.push({ text: 'faults 0' });
  if (model.faultTrouble !== '') spans.push({ text: 'fault proxy silent', style: theme.trouble });
  if (room.lines.length > 0 && !room.lines.isLive) spans.push({ text: 'reading history', style: theme.quiet });
  spans.push({ text: `F1 help${hasFaults ? ' F3 links' : ''}`, style: theme.quiet });
  return spans;
}

/** How long the oldest of them waits. */
function oldest({ rooms, nowMs }: Model): string {
  let sinceMs = nowMs;
  for (const { own } of rooms) {
    for (const line of own)
      if (line.state !== 'committed' && line.state !== 'failed') sinceMs = Math.min(sinceMs, line.typedMs);
  }
  return nowMs - sinceMs < 1_000 ? '' : ` ${age(nowMs - sinceMs)}`;
}

function joined(spans: readonly Span[], columns: number, { theme, isAscii }: Look): Row {
  const { dot, ellipsis } = signs(isAscii);
  const row: Span[] = [{ text: ' ' }];
  let used = 1;
  for (const span of spans) {
    const between = used === 1 ? '' : ` ${dot} `;
    const width = columnsOf(between) + columnsOf(span.text);
    if (used + width > columns) {
      if (used === 1) row.push({ ...span, text: clipWith(span.text, columns - 1, ellipsis) });
      break;
    }
    row.push({ text: between, style: theme.quiet }, span);
    used += width;
  }
  return row;
}
