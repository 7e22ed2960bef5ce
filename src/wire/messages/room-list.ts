/** Which rooms there are: asked page by page, by programs that follow all of them. */
import { assert, limits } from '../../base/index.js';
import { readList, writeList } from '../fields.js';
import { defineMessage } from '../message-spec.js';
import type { Reader } from '../reader.js';

/** Client → server: which rooms are open to all, in the order of their names, from behind `after` on? */
export interface ListRooms {
  readonly type: 'listRooms';
  readonly request: number;
  /** The last name of the page before; "": from the beginning. */
  readonly after: string;
}

export const listRoomsSpec = defineMessage<ListRooms>({
  type: 'listRooms',
  code: 88,
  from: ['client'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
    w.string(m.after);
  },
  read: (r) => ({ type: 'listRooms', request: r.u53(), after: r.string() }),
});

/** A room and the number of its last message, 0 before the first. */
export interface ListedRoom {
  readonly room: string;
  readonly headN: number;
}

/** Server → client: the page, as far as this server has applied the log. */
export interface RoomList {
  readonly type: 'roomList';
  readonly request: number;
  readonly more: boolean;
  readonly rooms: readonly ListedRoom[];
}

/** A room's length and its head. */
const LISTED_ROOM_BYTES_MIN = 10;

function readListedRoom(r: Reader): ListedRoom {
  return { room: r.string(), headN: r.u53() };
}

export const roomListSpec = defineMessage<RoomList>({
  type: 'roomList',
  code: 89,
  from: ['server'],
  to: ['client'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    assert(m.rooms.length <= limits.listedRoomsMax, `${m.rooms.length} rooms`);
    w.u53(m.request);
    w.bool(m.more);
    writeList(w, m.rooms, (item, { room, headN }) => {
      item.string(room);
      item.u53(headN);
    });
  },
  read: (r) => ({
    type: 'roomList',
    request: r.u53(),
    more: r.bool(),
    rooms: readList(r, LISTED_ROOM_BYTES_MIN, readListedRoom),
  }),
});
