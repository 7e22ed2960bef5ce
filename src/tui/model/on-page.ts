/** Answers that the update asked for: pages of history, a place that was looked for, how the servers are. */
import type { Asked } from '../../client/index.js';
import type { Page, Status } from '../../wire/index.js';
import type { PagePurpose } from './effect.js';
import type { FaultAnswer } from './faults.js';
import type { Input } from './input.js';
import { roomOf } from './model.js';
import { linesOf } from './on-client.js';
import { scrollTo, scrollToEnd } from './scroll.js';
import { statusTexts } from './status-texts.js';
import { flash, loadNewer, pageEvents, pageOf, type Step, say } from './step.js';

export function onPage(step: Step, name: string, purpose: PagePurpose, asked: Asked<Page>): void {
  const { model } = step;
  const room = roomOf(model, name);
  if (room === undefined) return;
  room.isLoading = false;
  if (!asked.ok) return flash(step, `History does not load: ${asked.text}`, true);
  const { code, groups, headEvent } = asked.answer;
  if (code !== 'ok') return flash(step, `History does not load: ${code}. Join the room first`, true);
  const lines = groups.flatMap((group) => linesOf(step, group, 0));
  const reaches = (lines.at(-1)?.event ?? 0) >= Math.max(headEvent, room.headEvent);
  switch (purpose.kind) {
    case 'older': {
      const first = room.lines.firstEvent ?? Number.POSITIVE_INFINITY;
      const older = lines.filter(({ event }) => event < first);
      room.lines.prepend(older);
      room.lines.isComplete = older.length === 0 || older[0]?.event === 1;
      return;
    }
    case 'newer': {
      const last = room.lines.lastEvent ?? 0;
      room.lines.extend(
        lines.filter(({ event }) => event > last),
        reaches || lines.length === 0,
      );
      return;
    }
    case 'newest':
      // Events that came while the page was on its way lie behind it: the window goes on from there.
      room.lines.replace(lines, reaches || lines.length === 0, lines[0]?.event === 1 || lines.length === 0);
      scrollToEnd(room);
      loadNewer(step, room);
      return;
    case 'around': {
      room.lines.replace(lines, reaches, lines[0]?.event === 1);
      const found = room.lines.post(purpose.n);
      if (found === undefined) return flash(step, `There is no message ${purpose.n} in ${name}.`, true);
      room.markedN = purpose.n;
      const { layout, height } = pageOf(step);
      if (room === model.room) scrollTo(room, found.event, height, layout);
      return;
    }
  }
}

/** A jump: at once if the message is here, else with a window of history around it. */
export function jumpTo(step: Step, n: number): void {
  const { model, effects } = step;
  const { room } = model;
  const here = room.lines.post(n);
  room.markedN = n;
  if (here !== undefined) {
    const { layout, height } = pageOf(step);
    scrollTo(room, here.event, height, layout);
    return;
  }
  if (room.isLoading) return;
  room.isLoading = true;
  const query = {
    room: room.name,
    direction: 'from',
    by: 'post',
    event: Math.max(1, n - (pageEvents >> 1)),
    limit: pageEvents,
  } as const;
  effects.push({ kind: 'history', query, purpose: { kind: 'around', n } });
}

export function onFound(step: Step, { room, n, text }: Input & { kind: 'found' }): void {
  if (n === undefined) return flash(step, text, true);
  if (room === step.model.room.name) jumpTo(step, n);
}

export function onStatus(step: Step, asked: Asked<Status>): void {
  say(step, ...(asked.ok ? statusTexts(asked.answer) : [`No status: ${asked.text}`]));
}

export function onFaults(step: Step, answer: FaultAnswer, isAsked: boolean): void {
  const { model } = step;
  if (answer.ok) {
    model.faults = answer.state;
    model.faultTrouble = '';
    if (isAsked && answer.text !== '') flash(step, answer.text);
    return;
  }
  model.faultTrouble = answer.text;
  if (isAsked) flash(step, answer.text, true);
}
