/** What of a cluster's state another cluster begins with, when it is made of a snapshot (docs/decisions/0019). */
import { assert, readU32 } from '../base/index.js';
import { end, exit } from './presence.js';
import type { World } from './world.js';

/**
 * Rooms, names, decisions and the log clock go on. Nobody has a session, since their clients, servers and attachments
 * are those of the other cluster; who the members are, the seal says. The hash goes on with the cluster's id: a server
 * that came to this slot by applying the other cluster's log differs from this one from here on.
 */
export function beginAnew(world: World, clusterId: Uint8Array): void {
  assert(world.applied > 0, 'a cluster begins with the state of a slot');
  for (const session of world.sessions.sorted()) {
    for (const room of [...session.rooms]) exit(session, room);
    end(session);
    world.sessions.remove(session);
  }
  world.members = [];
  world.origin = world.applied;
  world.hash.mix53(world.origin);
  for (let at = 0; at < clusterId.length; at += 4) world.hash.mix(readU32(clusterId, at));
}
