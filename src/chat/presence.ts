/** Who is where: the only writer of what sessions, names and rooms know of each other. */
import { assert } from '../base/index.js';
import type { Name, Room, Session } from './model.js';

/** A session begins, or is read from a checkpoint. */
export function begin(session: Session, attached: boolean): void {
  session.name.away.add(session);
  setAttached(session, attached);
}

/** Notes that a client of the session is connected, or is not any more. */
export function setAttached(session: Session, attached: boolean): void {
  if (session.attached === attached) return;
  session.attached = attached;
  const { name } = session;
  name.attachedSessions += attached ? 1 : -1;
  assert(name.attachedSessions >= 0, 'fewer attached sessions than none');
  if (attached) name.away.delete(session);
  else name.away.add(session);
}

/** The session is over: its name forgets it. It has left its rooms. */
export function end(session: Session): void {
  assert(session.rooms.size === 0, 'a session leaves its rooms before it ends');
  setAttached(session, false);
  session.name.away.delete(session);
}

/** The session joins a room it is not in. True if its name was not there yet, so that a join is to be shown. */
export function enter(session: Session, room: Room): boolean {
  assert(!session.rooms.has(room), 'a session joins a room once');
  session.rooms.add(room);
  session.name.present.add(session);
  return arrive(session.name, room);
}

/** The session leaves a room it is in. True if its name is gone with it, so that a leave is to be shown. */
export function exit(session: Session, room: Room): boolean {
  assert(session.rooms.delete(room), 'a session leaves a room it is in');
  if (session.rooms.size === 0) session.name.present.delete(session);
  return depart(session.name, room);
}

/** The session speaks under another name from now on, in every room it is in. */
export function rename(session: Session, name: Name): void {
  const old = session.name;
  const attached = session.attached;
  setAttached(session, false);
  for (const room of session.rooms) {
    depart(old, room);
    arrive(name, room);
  }
  old.present.delete(session);
  old.away.delete(session);
  session.name = name;
  name.away.add(session);
  if (session.rooms.size > 0) name.present.add(session);
  setAttached(session, attached);
}

function arrive(name: Name, room: Room): boolean {
  const before = room.people.get(name) ?? 0;
  room.people.set(name, before + 1);
  return before === 0;
}

function depart(name: Name, room: Room): boolean {
  const before = room.people.get(name) ?? 0;
  assert(before > 0, 'only who is present departs');
  if (before > 1) room.people.set(name, before - 1);
  else room.people.delete(name);
  return before === 1;
}
