/** Answers that the update asked for: pages of history, a place that was looked for, how the servers are. */
import type { Asked } from '../../client/index.js';
import type { Kept, Status } from '../../wire/index.js';
import type { FaultAnswer } from './faults.js';
import type { Input } from './input.js';
import type { Line } from './lines.js';
import { roomOf } from './model.js';
import { linesOf } from './on-delivery.js';
import type { Loading, Room } from './room.js';
import { scrollTo, scrollToEnd } from './scroll.js';
import { statusTexts } from './status-texts.js';
import { flash, loadAround, loadNewest, loadOlder, pageOf, type Step, say } from './step.js';

export function onPage(step: Step, { room: name, ticket, purpose, asked }: Input & { kind: 'page' }): void {
  const { model } = step;
  const room = roomOf(model, name);
  const { loading } = room ?? {};
  // The room was left, or something else was asked for since.
  if (room === undefined || loading?.ticket !== ticket) return;
  room.loading = undefined;
  if (!asked.ok) return flash(step, `History does not load: ${asked.text}`, true);
  const { code, groups, headEvent, headN } = asked.answer;
  if (code !== 'ok') return flash(step, `History does not load: ${code}. Join the room first`, true);
  const page = groups.flatMap((group) => linesOf(step, group, 0));
  room.headN = Math.max(room.headN, headN);
  const reaches = (page.at(-1)?.event ?? 0) >= Math.max(headEvent, room.headEvent);
  switch (purpose.kind) {
    case 'older':
      takeOlder(step, room, page, loading.boundary, asked.kept);
      if (purpose.shown !== undefined) showIfHere(step, room, purpose.shown);
      return;
    case 'newer':
      // What lies between was dropped, or loaded otherwise: the page joins on to nothing.
      if ((room.lines.lastEvent ?? 0) + 1 !== loading.boundary) return;
      // A server that lags has nothing yet of what was seen on another one.
      return room.lines.extend(page, reaches || (page.length === 0 && loading.boundary > room.headEvent));
    case 'newest':
      return takeNewest(step, room, page, headEvent, loading, asked.kept);
    case 'around':
      return takeAround(step, room, page, reaches, purpose.n);
  }
}

function takeOlder(step: Step, room: Room, page: readonly Line[], boundary: number, kept: Kept | undefined): void {
  if (room.lines.firstEvent !== boundary) return;
  const older = page.filter(({ event }) => event < boundary);
  // Whoever sees the newest has come back meanwhile: they must not go for what is old.
  if (room.anchor === undefined && room.lines.isTooMuch(older)) return;
  room.lines.prepend(older);
  room.lines.isComplete = older.length === 0 || older[0]?.event === (kept?.firstEvent ?? 1);
  if (!room.lines.isComplete) return;
  const gone = kept?.byRetention === true ? kept.firstN - 1 : 0;
  if (gone > 0)
    flash(
      step,
      `${gone} older ${gone === 1 ? 'message' : 'messages'} of ${room.name} ${gone === 1 ? 'was' : 'were'} deleted by its retention.`,
    );
  else if (older.length === 0 && boundary > 1)
    flash(step, `What was said in ${room.name} before this is no longer kept.`);
}

function takeNewest(
  step: Step,
  room: Room,
  page: readonly Line[],
  head: number,
  { arrived }: Loading,
  kept: Kept | undefined,
): void {
  // A server that lags has nothing yet of what is here; one that does not keeps nothing of this room any more.
  if (page.length === 0 && room.headEvent > head) return;
  const last = page.at(-1)?.event ?? head;
  const behind = arrived.filter(({ event }) => event > last);
  const isJoined = (behind[0]?.event ?? last + 1) === last + 1 && (behind.at(-1)?.event ?? last) >= room.headEvent;
  room.lines.replace(
    isJoined ? [...page, ...behind] : page,
    isJoined,
    page.length === 0 || page[0]?.event === (kept?.firstEvent ?? 1),
  );
  scrollToEnd(room);
  // More came meanwhile than was kept: once more.
  loadNewest(step, room);
}

function takeAround(step: Step, room: Room, page: readonly Line[], reaches: boolean, n: number): void {
  // The user has gone to another room meanwhile.
  if (room !== step.model.room) return;
  const found = page.find((line) => line.n === n);
  if (found === undefined) {
    room.markedN = 0;
    const oldest = page.find((line) => line.n > n)?.n;
    if (oldest !== undefined) {
      return flash(step, `Message ${n} of ${room.name} is no longer kept; the oldest one is ${oldest}.`, true);
    }
    return flash(step, `There is no message ${n} in ${room.name}; the last one is ${room.headN}.`, true);
  }
  room.lines.replace(page, reaches, found.event === 1);
  showPost(step, room, found.event, n);
  // What stands above it.
  loadOlder(step, room, n);
}

function showPost(step: Step, room: Room, event: number, n: number): void {
  room.markedN = n;
  const { layout, height } = pageOf(step);
  scrollTo(room, event, height, layout);
}

/** Unless the user has gone elsewhere meanwhile. */
function showIfHere(step: Step, room: Room, n: number): void {
  const line = room.lines.post(n);
  const isStill = room === step.model.room && room.anchor !== undefined && room.markedN === n;
  if (line !== undefined && isStill) showPost(step, room, line.event, n);
}

/** A jump: at once if the message is here, else with a window of history that begins with it. */
export function jumpTo(step: Step, n: number): void {
  const { room } = step.model;
  const here = room.lines.post(n);
  if (here !== undefined) return showPost(step, room, here.event, n);
  loadAround(step, room, n);
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
