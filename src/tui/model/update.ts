/**
 * The chat's one way to change: an input and the moment it came, and what is wanted done outside. Pure: the same inputs
 * give the same model and the same effects, with no clock, terminal or socket.
 */

import { bannerOf } from './banner.js';
import type { Effect } from './effect.js';
import type { Input, Moment } from './input.js';
import type { Look } from './look.js';
import type { Model } from './model.js';
import { onClient, onSession } from './on-client.js';
import { onClick, onKey, onWheel } from './on-key.js';
import { onFaults, onFound, onPage, onStatus } from './on-page.js';
import { onPaste } from './on-paste.js';
import { onSubmitted } from './own-lines.js';
import { type Step, say } from './step.js';

/** A small screen shows a changed status for so long. */
const statusShownMs = 3_000;

/** Changes the model, and returns what is to be done. `look` is needed to know how far a page scrolls. */
export function update(model: Model, input: Input, { nowMs, wallMs }: Moment, look: Look): Effect[] {
  model.nowMs = nowMs;
  model.wallMs = wallMs;
  const step: Step = { model, look, effects: [] };
  take(step, input);
  // Not for each of ten thousand lines a second.
  if (input.kind !== 'client' || input.event.event !== 'group') noticeStatus(model);
  return step.effects;
}

function take(step: Step, input: Input): void {
  const { model } = step;
  switch (input.kind) {
    case 'key':
      return onKey(step, input.key);
    case 'paste':
      return onPaste(step, input.text);
    case 'wheel':
      return onWheel(step, input.up);
    case 'click':
      return onClick(step, input.row, input.column);
    case 'resize':
      model.columns = input.columns;
      model.rows = input.rows;
      return;
    case 'client':
      return onClient(step, input.event);
    case 'session':
      return onSession(step, input.name, input.state);
    case 'submitted':
      return onSubmitted(step, input.key, input.id);
    case 'page':
      return onPage(step, input);
    case 'found':
      return onFound(step, input);
    case 'status':
      return onStatus(step, input.asked);
    case 'faults':
      return onFaults(step, input.answer, input.isAsked);
    case 'note':
      return say(step, input.text);
    case 'tick':
      return onTick(model, input);
  }
}

function onTick(model: Model, { standing, contactAgeMs }: Input & { kind: 'tick' }): void {
  const { connection } = model;
  connection.standing = standing;
  connection.contactAgeMs = contactAgeMs;
  if (model.flash !== undefined && model.nowMs >= model.flash.untilMs) model.flash = undefined;
}

/** What makes a small screen show its status for a while. */
function noticeStatus(model: Model): void {
  const { connection, faults, room } = model;
  const seen = [
    connection.server?.id ?? 0,
    bannerOf(model)?.isAlarm ?? false,
    faults?.rules.length ?? 0,
    room.unsent,
    room.name,
    model.flash?.text ?? '',
    model.completion?.index ?? -1,
    model.search?.query ?? '',
  ].join(' ');
  if (seen === model.statusSeen) return;
  model.statusSeen = seen;
  model.statusUntilMs = model.nowMs + statusShownMs;
}
