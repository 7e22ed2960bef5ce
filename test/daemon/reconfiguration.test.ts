/** Changes of the members that a server proposes: again after a while, no longer once decided; what others are told. */
import t from 'tap';
import { limits, silentLogger } from '../../src/base/index.js';
import { MembersView } from '../../src/daemon/server/members-view.js';
import { Reconfiguration } from '../../src/daemon/server/reconfiguration.js';
import { Roster } from '../../src/daemon/server/roster.js';
import type { Replica } from '../../src/paxos/index.js';
import type { Member } from '../../src/wire/index.js';

const members: Member[] = [1, 2, 3].map((id) => ({ id, birthId: Buffer.alloc(16, id) }));
const newBirth = Buffer.alloc(16, 33);

function rig() {
  const own = { id: 1, birthId: Buffer.alloc(16, 1) };
  const clusterId = Buffer.alloc(16, 9);
  const sealed = { clusterId, epoch: 1, members };
  const roster = new Roster(sealed, own, []);
  const view = { epoch: 1, votes: true, caughtUpPeers: [2] };
  const driver = { view: view as unknown as Replica['view'] };
  const told = new MembersView({
    self: { ...own, incarnation: 1, address: 'one:1' },
    sealed,
    roster,
    driver,
    demands: { needs: 0 },
    addressOf: (peer) => (peer === 2 ? 'two:2' : ''),
  });
  const proposed: (() => boolean)[] = [];
  const clock = { nowMs: 100_000, monotonicMs: () => clock.nowMs };
  const changes = new Reconfiguration({
    roster,
    members: told,
    driver,
    peers: { newcomers: [{ id: 3, birthId: newBirth, sinceMs: 0 }] },
    clock,
    logger: silentLogger,
    propose: (_item, isPending) => proposed.push(isPending),
  });
  /** The log has admitted server 3 as a learner. */
  const decide = (): void => {
    const seats = roster.latest.seats.map((seat) =>
      seat.id === 3 ? { ...seat, birthId: newBirth, votes: false } : seat,
    );
    roster.apply({ epoch: 2, from: 50, seats });
  };
  return { changes, clock, decide, proposed, told, view };
}

t.test('a change that is due is proposed, and again only after a while', async (t) => {
  const { changes, clock, proposed } = rig();
  changes.proposeDue(clock.nowMs);
  clock.nowMs += limits.membersRetryMs - 1;
  changes.proposeDue(clock.nowMs);
  t.equal(proposed.length, 1, 'it is on its way');
  clock.nowMs += 1;
  changes.proposeDue(clock.nowMs);
  t.equal(proposed.length, 2);
});

t.test('it is submitted again until the log has decided, and the next one waits until that governs', async (t) => {
  const { changes, clock, decide, proposed, view } = rig();
  changes.proposeDue(clock.nowMs);
  const isPending = proposed[0] as () => boolean;
  t.equal(isPending(), true);
  decide();
  t.equal(isPending(), false);
  view.caughtUpPeers = [2, 3];
  changes.proposeDue(clock.nowMs);
  t.equal(proposed.length, 1, 'slots before it are not decided');
  view.epoch = 2;
  changes.proposeDue(clock.nowMs);
  t.equal(proposed.length, 2, 'the learner gets its vote, without a wait: it is another change');
});

t.test('what others are told of the members', async (t) => {
  const { decide, told, view } = rig();
  t.equal(told.changedSeats, undefined, 'balancers know what was sealed');
  t.same(told.others, [2, 3]);
  t.same(told.addresses, ['one:1', 'two:2'], 'none is known of server 3');
  const before = told.book;
  decide();
  t.match(told.changedSeats, { epoch: 2, governing: false });
  t.same(told.book.links.get(3)?.birthId, members[2]?.birthId, 'its old directory still governs');
  view.epoch = 2;
  t.match(told.seats(7), { request: 7, epoch: 2, governing: true, votes: true });
  t.same(
    told.seats().seats.map(({ id, votes, address }) => [id, votes, address]),
    [
      [1, true, 'one:1'],
      [2, true, 'two:2'],
      [3, false, ''],
    ],
  );
  t.same(told.book.links.get(3)?.birthId, newBirth);
  t.notSame(told.book.membershipHash, before.membershipHash);
});
