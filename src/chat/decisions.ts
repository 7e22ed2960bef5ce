/** Applies what operators decide: what a room keeps, who may bear a name, whom a name belongs to. */
import { isAllZero } from '../base/index.js';
import type { DecisionItem, OutcomeCode } from '../wire/index.js';
import { compareRooms, compareSessions, type Name, type Session } from './model.js';
import { Retention } from './retention.js';
import { canonicalRoom, foldName, isName } from './rules.js';
import { type DecisionOutcome, decisionOutcomes } from './types.js';
import type { World } from './world.js';

/**
 * One decision. Each that was judged counts, also one without effect: no copy of it is judged again, and the log is
 * known to hold one.
 */
export function applyDecision(world: World, item: DecisionItem): void {
  const isTimely = item.basis === world.decisions;
  if (isTimely) world.decisions += 1;
  const outcome = isTimely ? judge(world, item) : 'changed';
  world.hash.mix(decisionOutcomes.indexOf(outcome));
  const { verb, subject, count, ageMs } = item;
  world.work.decisions.push({ id: Buffer.from(item.id), verb, subject, count, ageMs, outcome });
}

function judge(world: World, item: DecisionItem): DecisionOutcome {
  if (item.verb === 'retain') return retain(world, item);
  if (!isName(item.subject)) return 'badName';
  const folded = foldName(item.subject);
  switch (item.verb) {
    case 'block':
      return block(world, folded, item);
    case 'unblock':
      if (!world.blocked.delete(folded)) return 'notBlocked';
      world.changes.blocks.add(folded);
      return 'ok';
    case 'release':
    case 'recover': {
      const name = world.names.get(folded);
      if (name === undefined) return 'unclaimed';
      return item.verb === 'release' ? release(world, name) : recover(world, name, item);
    }
  }
}

function retain(world: World, { subject, count, ageMs }: DecisionItem): DecisionOutcome {
  const canonical = canonicalRoom(subject);
  if (canonical === undefined) return 'badRoom';
  const room = world.rooms.get(canonical);
  if (room === undefined) return 'noRoom';
  const retention = room.retention ?? new Retention();
  retention.decide(count, ageMs, room, world.clockMs);
  room.retention = retention.isIdle ? undefined : retention;
  world.changes.floors.add(room);
  world.hash.mix53(retention.event);
  world.hash.mix53(retention.n);
  return 'ok';
}

/** Its sessions stay, so that each line on its way gets a definite answer: that it was refused. */
function block(world: World, folded: string, { subject, why }: DecisionItem): DecisionOutcome {
  world.blocked.set(folded, why);
  world.changes.blocks.add(folded);
  const text = blockedText(world.names.get(folded)?.display ?? subject, why);
  for (const session of sessionsOf(world, folded)) {
    world.leaveRooms(session);
    tell(world, session, 'NAME_BLOCKED', text);
  }
  return 'ok';
}

/** What is told to whoever bears a blocked name. */
export function blockedText(name: string, why: string): string {
  return `the name "${name}" is blocked${why === '' ? '' : `: ${why}`}; ask whoever runs this chat, or use another name`;
}

/** Whoever claims it next is somebody else, who must not read what the one before said in private. */
function release(world: World, name: Name): DecisionOutcome {
  const { folded, display } = name;
  for (const session of sessionsOf(world, folded)) {
    tell(world, session, 'SESSION_EXPIRED', `the name "${display}" was released: whoever claims it has it`);
    world.end(session);
  }
  const direct = [...world.rooms.values()].filter(({ pair }) => pair?.includes(folded) === true);
  for (const room of direct.sort(compareRooms)) {
    room.retention ??= new Retention();
    room.retention.deleteAll(room);
    world.changes.floors.add(room);
    world.hash.mix53(room.events);
  }
  world.names.delete(folded);
  world.changes.names.delete(name);
  world.changes.removedNames.add(folded);
  return 'ok';
}

/** The sessions were opened with the token that was lost, or stolen: they end. */
function recover(world: World, name: Name, { tokenHash }: DecisionItem): DecisionOutcome {
  if (isAllZero(tokenHash)) return 'badToken';
  for (const session of sessionsOf(world, name.folded)) {
    tell(world, session, 'SESSION_EXPIRED', `the name "${name.display}" belongs to another token now`);
    world.end(session);
  }
  name.tokenHash = Buffer.from(tokenHash);
  world.changes.names.add(name);
  return 'ok';
}

function sessionsOf(world: World, folded: string): Session[] {
  return world.sessions
    .sorted()
    .filter(({ name }) => name.folded === folded)
    .sort(compareSessions);
}

function tell(world: World, { id }: Session, code: OutcomeCode, text: string): void {
  world.work.told.push({ session: id, code, text });
}
