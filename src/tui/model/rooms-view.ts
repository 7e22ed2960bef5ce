/** The list of rooms: what is unread in each, who is mentioned, what waits to be sent. */
import { clipWith, columnsOf } from '../text/index.js';
import type { Row } from './frame.js';
import { sideColumns } from './geometry.js';
import { type Look, plain, signs } from './look.js';
import type { Model } from './model.js';
import { type Room, roomTitle } from './room.js';

/** `@n`: mentions; else the number of unread posts; `!` for what is not sent. */
export function roomBadge({ unread, mentions, unsent }: Room): string {
  const count = mentions > 0 ? `@${mentions}` : unread > 0 ? `${unread > 999 ? '999+' : unread}` : '';
  return unsent > 0 ? `${count}!` : count;
}

/** The list scrolls so that the present room is in it. */
export function firstRoomShown({ rooms, room }: Model, height: number): number {
  return Math.max(0, Math.min(rooms.indexOf(room) - height + 2, rooms.length - height + 1));
}

export function roomsRows(model: Model, { theme, isAscii }: Look, height: number): Row[] {
  const { rooms, room, name } = model;
  const first = firstRoomShown(model, height);
  const shown = rooms.slice(first, first + height - 1).map((one): Row => {
    const badge = roomBadge(one);
    const space = sideColumns - (badge === '' ? 0 : columnsOf(badge) + 1);
    const title = clipWith(roomTitle(one, name), space, signs(isAscii).ellipsis);
    const style =
      one === room
        ? theme.bar
        : one.mentions > 0 || (one.isDirect && one.unread > 0)
          ? theme.mention
          : one.unread > 0
            ? theme.strong
            : plain;
    return [
      { text: `${title}${' '.repeat(Math.max(0, sideColumns - columnsOf(title) - columnsOf(badge)))}${badge}`, style },
    ];
  });
  const rows: Row[] = [[{ text: 'ROOMS'.padEnd(sideColumns), style: theme.strong }], ...shown];
  while (rows.length < height) rows.push([{ text: ' '.repeat(sideColumns) }]);
  return rows;
}
