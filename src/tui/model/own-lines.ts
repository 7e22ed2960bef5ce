/** The user's own lines: submitted, told about while they are on their way, come back, taken back. */
import { limits, sanitise } from '../../base/index.js';
import type { StateEvent } from '../../client/index.js';
import { setText } from '../editor/index.js';
import { type Model, roomOf } from './model.js';
import { isOnItsWay, type Life, type OwnLine } from './own-line.js';
import type { Room } from './room.js';
import { scrollToEnd } from './scroll.js';
import { flash, loadNewest, type Step } from './step.js';

const commitsKept = 100;
const livesKept = 500;

/** Undefined when the servers would take a message of this length. */
export function tooLongText(text: string): string | undefined {
  const bytes = new TextEncoder().encode(text).length;
  if (bytes <= limits.messageBytesMax) return undefined;
  const size = `${bytes.toLocaleString('en')} bytes; the limit is ${limits.messageBytesMax.toLocaleString('en')}`;
  return `Message is ${size}. Nothing was sent; your text is still in the input line.`;
}

/** A line of the user's: shown at once, with its state, and kept until it comes back. */
export function submit(step: Step, room: Room, what: 'post' | 'action', text: string): void {
  const { model, effects } = step;
  const key = ++model.lastKey;
  const own: OwnLine = {
    key,
    room: room.name,
    from: model.name,
    what,
    text,
    typedMs: model.nowMs,
    sentMs: undefined,
    wallMs: model.wallMs,
    id: undefined,
    state: 'queued',
    sinceMs: model.nowMs,
    reason: '',
    n: 0,
    isGivenUp: false,
    isCancelled: false,
  };
  room.own.push(own);
  model.byKey.set(key, own);
  room.markedN = 0;
  loadNewest(step, room);
  scrollToEnd(room);
  effects.push({ kind: 'submit', key, what, room: room.name, text });
}

/** The library has a line of ours now. */
export function onSubmitted({ model }: Step, key: number, id: number): void {
  const own = model.byKey.get(key);
  if (own === undefined) return;
  model.byKey.delete(key);
  own.id = id;
  model.byId.set(id, own);
}

/** What became of a line so far. */
export function onState(step: Step, event: StateEvent): void {
  const { model } = step;
  const own = model.byId.get(event.id);
  if (own === undefined) {
    // A command's: it is worth a word only when it is refused.
    if (event.state === 'failed') flash(step, event.reason ?? 'The servers refused that', true);
    return;
  }
  if (own.state !== event.state) own.sinceMs = model.nowMs;
  own.state = event.state;
  own.reason = sanitise(event.reason ?? '');
  if (event.state === 'failed' && own.isCancelled) return takeOut(model, own);
  if (event.state === 'unconfirmed') own.isGivenUp = event.reason !== undefined;
  if (event.state === 'sending') {
    own.sentMs ??= model.nowMs;
    // Too late to take it back.
    own.isCancelled = false;
  }
  if (event.state === 'committed') onCommitted(step, own, event);
}

function onCommitted({ model }: Step, own: OwnLine, { n }: StateEvent): void {
  const { standing } = model.connection;
  const ballot = standing === undefined ? '' : `${standing.ballot.round}.${standing.ballot.server}`;
  const life: Life = { ballot, commitMs: model.nowMs - own.typedMs };
  // What a line waited for a connection says nothing about how fast the servers are.
  model.commitMs.push(model.nowMs - (own.sentMs ?? own.typedMs));
  if (model.commitMs.length > commitsKept) model.commitMs.shift();
  const room = roomOf(model, own.room);
  own.n = n ?? 0;
  if (n !== undefined) room?.lives.set(n, life);
  if (room !== undefined && room.lives.size > livesKept) room.lives.delete(Math.min(...room.lives.keys()));
  // The delivery may come before its acknowledgement, or behind it.
  if (room === undefined || !room.own.includes(own) || (own.n > 0 && own.n <= room.headN)) takeOut(model, own);
}

/** Its place in the room is over; so is its id, unless an answer is still to come. */
function takeOut(model: Model, own: OwnLine): void {
  const room = roomOf(model, own.room);
  if (room !== undefined) room.own = room.own.filter((other) => other !== own);
  if (own.id !== undefined && !isOnItsWay(own)) model.byId.delete(own.id);
}

/** An own line is in the room, as everybody sees it: what was shown in its stead goes. */
export function comeBack({ model }: Step, id: number): void {
  const own = model.byId.get(id);
  if (own !== undefined) takeOut(model, own);
}

/** The same for a line whose delivery the library no longer knows as ours; its acknowledgement told its number. */
export function comeBackByNumber({ model }: Step, room: Room, n: number): void {
  const own = room.own.find((line) => line.state === 'committed' && line.n > 0 && line.n === n);
  if (own !== undefined) takeOut(model, own);
}

/** Lines that were to come back from a cluster that is gone. */
export function forgetCommitted(model: Model): void {
  for (const { own } of model.rooms) for (const line of own) if (line.state === 'committed') takeOut(model, line);
}

/** What of the user's is not in the log yet; '' for nothing. */
export function waitingText({ rooms }: Model): string {
  const count = rooms.reduce((sum, { unsent }) => sum + unsent, 0);
  if (count === 0) return '';
  return count === 1 ? 'One of your messages waits still' : `${count} of your messages wait still`;
}

/** Sends again what has failed, takes the last of it back into the input line, or forgets it. */
export function failed(step: Step, what: 'retry' | 'edit' | 'drop'): void {
  const { model } = step;
  const { room } = model;
  // What was given up may be in the log: to send it once more is for the user to decide, line by line.
  const over = room.own.filter((own) => own.state === 'failed' || (own.isGivenUp && what !== 'retry'));
  const last = over.at(-1);
  if (last === undefined) return flash(step, 'Nothing here has failed.', true);
  const taken = what === 'edit' ? [last] : over;
  for (const own of taken) takeOut(model, own);
  if (what === 'retry') for (const own of taken) submit(step, room, own.what, own.text);
  if (what === 'edit') {
    room.editor = setText(room.editor, last.what === 'action' ? `/me ${last.text}` : last.text.replace(/^\//, '//'));
  }
}

/** Takes the last queued line back, if it is not too late. */
export function cancel(step: Step): void {
  const own = step.model.room.own.findLast(({ state, id }) => state === 'queued' && id !== undefined);
  if (own?.id === undefined)
    return flash(step, 'Nothing of yours is queued here; what a server has can not be taken back.', true);
  own.isCancelled = true;
  step.effects.push({ kind: 'cancel', id: own.id });
}
