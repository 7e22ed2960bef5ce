/** From delivered groups to the events that people see, in order, each with its number. */
import type { EventGroup, SessionId } from '../wire/index.js';
import type { Emitter } from './emitter.js';
import type { ClientEvents, MessageEvent } from './events.js';
import type { OwnLines } from './own-lines.js';

/**
 * Emits what is new in `group` (its events from `skip` on). Used for live deliveries; pages of history are given to the
 * caller as they are, and `groupEvents` shows them the same way.
 */
export function emitGroup(
  emitter: Emitter<ClientEvents>,
  room: string,
  group: EventGroup,
  skip: number,
  own: OwnLines,
  session: SessionId | undefined,
): void {
  const wantsMessages = emitter.wants('message');
  const wantsGroups = emitter.wants('group');
  const ids = wantsMessages || wantsGroups ? own.delivered(group, skip, session) : undefined;
  if (wantsGroups) emitter.emitOnly('group', { event: 'group', room, group, skip, ids });
  if (!wantsMessages && !emitter.wants('room')) return;
  for (const { index, event } of groupEvents(room, group)) {
    if (index < skip) continue;
    if (event.event === 'room') {
      emitter.emit('room', event);
      continue;
    }
    const id = ids?.get(index);
    emitter.emit('message', id === undefined ? event : { ...event, id });
  }
}

/** The events of a group as people see them; `index` is the place within the group. */
export function* groupEvents(
  room: string,
  group: EventGroup,
): IterableIterator<{ readonly index: number; readonly event: MessageEvent | ClientEvents['room'] }> {
  const time = new Date(group.wallMs).toISOString();
  const { slot } = group;
  let n = group.firstN;
  let index = 0;
  for (const { kind, from, text } of group.events) {
    if (kind === 'post') yield { index, event: { event: 'message', room, n, slot, from, text, time } };
    else if (kind === 'action')
      yield { index, event: { event: 'message', room, n, slot, from, text, time, action: true } };
    else yield { index, event: { event: 'room', room, kind, from, text, slot } };
    if (kind === 'post' || kind === 'action') n++;
    index++;
  }
}
