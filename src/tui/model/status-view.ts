/** The status row: where we are connected, how fast commits are, how fresh that is, what waits, what is broken. */
import { clipWith, columnsOf } from '../text/index.js';
import type { Row, Span } from './frame.js';
import { age, type Look, plain, shortMs, signs } from './look.js';
import type { Model } from './model.js';
import { isOnItsWay } from './own-line.js';

/** A part is cut only if so much of it is seen. */
const leastCut = 6;
/** Silence above it makes the figures old. */
const staleMs = 3_000;

export function statusRow(model: Model, look: Look, isTiny: boolean): Row {
  const said = saidSpan(model, look);
  // Faults are never forgotten, whatever else is said.
  if (said !== undefined) return joined([...faultsSpan(model, look), said], undefined, model.columns, look);
  const spans = parts(model, look, isTiny);
  if (isTiny) return joined(spans, undefined, model.columns, look);
  const help: Span = { text: `F1 help${model.hasFaults ? ' F3 links' : ''}`, style: look.theme.quiet };
  // What waits and what is broken matters more than where help is.
  const isPlain = waitingWords(model) === '' && faultsSpan(model, look).length === 0;
  return isPlain ? joined(spans, help, model.columns, look) : joined([...spans, help], undefined, model.columns, look);
}

/** What is to be said at the moment instead of how things stand. */
function saidSpan({ flash, completion, search }: Model, { theme }: Look): Span | undefined {
  if (flash !== undefined) return { text: flash.text, style: flash.isTrouble ? theme.trouble : theme.pending };
  if (completion !== undefined) return { text: completionText(completion), style: theme.quiet };
  if (search === undefined) return undefined;
  if (search.isMissing) return { text: 'not found above', style: theme.trouble };
  const text = search.query === '' ? 'type what to look for' : 'found; C-r older, Enter stays, Esc leaves';
  return { text, style: theme.quiet };
}

function faultsSpan({ faults }: Model, { theme }: Look): Span[] {
  const count = faults === undefined ? 0 : faults.rules.length + faults.toxics.length;
  return count === 0 ? [] : [{ text: ` FAULTS ${count} `, style: theme.alarm }];
}

function completionText({ candidates, hints, index }: NonNullable<Model['completion']>): string {
  const hint = hints[index];
  const count = candidates.length === 1 ? '' : ` (${index + 1} of ${candidates.length}, Tab goes on)`;
  if (hint !== undefined && hint !== '') return `${hint}${count}`;
  return candidates.map((candidate, at) => (at === index ? `[${candidate.trim()}]` : candidate.trim())).join(' ');
}

/** The most important first: what does not fit is left out at the end. */
function parts(model: Model, look: Look, isTiny: boolean): Span[] {
  const { theme } = look;
  const { connection, nowMs, commitMs, room, faults } = model;
  const { server, retryAtMs, contactAgeMs } = connection;
  const spans = faultsSpan(model, look);
  const waiting = waitingWords(model);
  if (waiting !== '') spans.push({ text: waiting, style: theme.pending });
  if (server !== undefined) spans.push({ text: `ONLINE s${server.id}`, style: theme.good });
  else {
    const retry = retryAtMs === undefined ? 'connecting' : `retry in ${age(retryAtMs - nowMs + 999)}`;
    spans.push({ text: `OFFLINE ${retry}`, style: theme.trouble });
  }
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
  if (faults?.rules.length === 0 && faults.toxics.length === 0) spans.push({ text: 'faults 0' });
  if (model.faultTrouble !== '') spans.push({ text: 'fault proxy silent', style: theme.trouble });
  if (room.lines.length > 0 && !room.lines.isLive) spans.push({ text: 'reading history', style: theme.quiet });
  return spans;
}

/** What is not in the log yet: not sent, or sent and not answered, and for how long the oldest has waited. */
function waitingWords({ rooms, nowMs }: Model): string {
  const waiting = rooms.flatMap(({ own }) => own.filter(isOnItsWay));
  if (waiting.length === 0) return '';
  const unsent = waiting.filter(({ state }) => state === 'queued').length;
  const sending = waiting.length - unsent;
  const waitedMs = nowMs - Math.min(...waiting.map(({ typedMs }) => typedMs));
  const words = [unsent > 0 ? `${unsent} unsent` : '', sending > 0 ? `${sending} sending` : ''];
  return `${words.filter((word) => word !== '').join(', ')}${waitedMs < 1_000 ? '' : ` ${age(waitedMs)}`}`;
}

/** As many as fit, from the first on, and `last` behind them, which is never left out. */
function joined(spans: readonly Span[], last: Span | undefined, columns: number, { theme, isAscii }: Look): Row {
  const { dot, ellipsis } = signs(isAscii);
  const between = ` ${dot} `;
  const row: Span[] = [{ text: ' ' }];
  let left = columns - 1 - (last === undefined ? 0 : columnsOf(between) + columnsOf(last.text));
  const put = (span: Span): void => {
    if (row.length > 1) row.push({ text: between, style: theme.quiet });
    row.push(span);
  };
  for (const span of spans) {
    const space = left - (row.length > 1 ? columnsOf(between) : 0);
    const width = columnsOf(span.text);
    const isCut = width > space && last === undefined && space >= leastCut;
    if (width > space && !isCut) break;
    put(isCut ? { ...span, text: clipWith(span.text, space, ellipsis) } : span);
    left = space - width;
    if (isCut) break;
  }
  if (last !== undefined && left >= 0) put(last);
  else if (last !== undefined && row.length === 1) put({ ...last, text: clipWith(last.text, columns - 1, ellipsis) });
  return row;
}
