/** A peer that comes back with an old disk is found out by what it says it remembers, before a vote of it counts. */
import t from 'tap';
import { limits } from '../../src/base/index.js';
import { PeerMemory } from '../../src/daemon/server/peer-memory.js';
import type { PaxosMessage } from '../../src/paxos/index.js';

const ballot = (round: number) => ({ round, server: 1, incarnation: 7 });

function reply(round: number, commit: number): PaxosMessage {
  return {
    type: 'heartbeatReply',
    round: 1,
    promised: ballot(round),
    leads: ballot(0),
    majority: false,
    abdicated: false,
    happy: true,
    commit,
    hashSlot: 0,
    hash: new Uint8Array(8),
  };
}
const vote: PaxosMessage = { type: 'accepted', ballot: ballot(9), slot: 5, count: 1, incarnation: 7 } as PaxosMessage;

function seen(round: number, commit: number): PeerMemory {
  const memory = new PeerMemory();
  memory.lives(1);
  memory.hears(reply(round, commit));
  return memory;
}

t.test('the first life is taken at its word, and one that is linked again', async (t) => {
  const memory = new PeerMemory();
  memory.lives(1);
  t.equal(memory.hears(vote), 'ok');
  t.equal(memory.hears(reply(4, 100)), 'ok');
  memory.lives(1);
  t.equal(memory.hears(vote), 'ok');
});

t.test('votes of a new life wait until it has shown what it remembers', async (t) => {
  const memory = seen(4, 100);
  memory.lives(2);
  t.equal(memory.hears(vote), 'wait');
  t.equal(memory.hears({ type: 'heartbeat', round: 3 }), 'ok', 'everything else passes');
  t.equal(memory.hears(reply(4, 60)), 'ok', 'a commit index may fall to the last hint');
  t.equal(memory.hears(vote), 'ok');
});

t.test('a fallen promise or a commit index far below: an old disk', async (t) => {
  for (const old of [reply(3, 100), reply(3, 1_000_000), reply(4, 100_000 - limits.uncommittedSlotsMax - 1)]) {
    const memory = seen(4, 100_000);
    memory.lives(2);
    t.equal(memory.hears(old), 'forgot');
    t.equal(memory.hears(vote), 'wait');
    memory.lives(1);
    memory.lives(3);
    t.equal(memory.hears(reply(4, 100_000)), 'ok', 'the newest disk is welcome afterwards');
  }
});
