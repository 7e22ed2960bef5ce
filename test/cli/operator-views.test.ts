/** What operators see: the member table, the comparison of hashes, and what test1 expects of each mode. */
import t from 'tap';
import { ExitError } from '../../src/base/index.js';
import { expectationFor, hasQuorum, isAsExpected, readFaults } from '../../src/cli/expected.js';
import { progressOf, type Word } from '../../src/cli/replacement.js';
import { isSound, type Probe, statusLines, statusView, unasked } from '../../src/cli/status-view.js';
import { type AskHash, type Comparable, compare } from '../../src/cli/verify.js';
import type { SeatAddress, Seats, Status } from '../../src/wire/index.js';

function statusOf(serverId: number, changes: Partial<Status> = {}): Status {
  return {
    type: 'status',
    request: 1,
    serverId,
    clusterId: Buffer.alloc(16, 0xab),
    role: 'follower',
    leader: 2,
    ballot: { round: 7, server: 2, incarnation: 1 },
    committed: 1041,
    applied: 1041,
    clients: 0,
    happy: true,
    http: '',
    faults: '',
    note: '',
    members: [1, 2, 3].map((id) => ({ id, address: `localhost:901${id}`, heard: true })),
    ...changes,
  };
}

function up(serverId: number, changes: Partial<Status> = {}, seats?: Seats): Probe {
  return { ok: true, address: `localhost:901${serverId}`, status: statusOf(serverId, changes), seats, rttMs: 0.84 };
}

const leader = up(2, { role: 'leader', committed: 1042, applied: 1042, clients: 1 });

t.test('the table: a row for everyone, a dead one too', async (t) => {
  const down: Probe = { ok: false, id: 3, address: 'localhost:9013', reason: 'connection refused' };
  const view = statusView([up(1, { clients: 2 }), leader, down], 3, 'abab');
  t.strictSame(statusLines(view), [
    'ID  ADDRESS         STATE  ROLE      BALLOT  COMMITTED  APPLIED  LAG  CLIENTS    RTT  NOTE',
    's1  localhost:9011  up     follower  7.2          1041     1041    1        2  0.8ms',
    's2  localhost:9012  up     leader    7.2          1042     1042    0        1  0.8ms',
    's3  localhost:9013  DOWN   -         -               -        -    -        -      -  connection refused',
    'quorum 2/3 ok · leader s2 · faults: none',
  ]);
  t.notOk(isSound(view), 'a dead server is not sound');
});

t.test('the JSON has the fields of the contract', async (t) => {
  const view = statusView([up(1), leader, up(3, { faults: 'p:10::a:20', http: '127.0.0.1:4711' })], 3, 'abab');
  t.strictSame(Object.keys(view), ['cluster', 'quorum', 'leader', 'servers']);
  t.strictSame(view.quorum, { up: 3, size: 3, ok: true });
  t.strictSame(view.servers[2], {
    id: 3,
    address: 'localhost:9013',
    state: 'up',
    role: 'follower',
    ballot: '7.2',
    committed: 1041,
    applied: 1041,
    lag: 1,
    hasLeader: true,
    clients: 0,
    rttMs: 0.8,
    http: '127.0.0.1:4711',
    faults: 'p:10::a:20',
    note: '',
    seat: null,
    takes: 0,
  });
  t.notOk(isSound(view), 'faults are switched on');
  t.match(statusLines(view).at(-1), /faults: s3 p:10::a:20/);
});

t.test('sound: everybody up, with a leader, and not far behind', async (t) => {
  t.ok(isSound(statusView([up(1), leader, up(3)], 3, '')), 'a few slots behind');
  t.notOk(isSound(statusView([up(1), leader, up(3, { applied: 41 })], 3, '')), 'a thousand behind');
  t.notOk(isSound(statusView([up(1), leader, up(3, { happy: false })], 3, '')), 'one that hears no leader');
});

/** Members 1, 2, 3 as `epoch` has them, changed; `votes`: whether the one who says so has one. */
function seatsOf(epoch: number, changes: Readonly<Record<number, Partial<SeatAddress>>>, votes = true): Seats {
  const ids = [...new Set([1, 2, 3, ...Object.keys(changes).map(Number)])];
  const seats = ids.map((id) => {
    const plain = { id, birthId: Buffer.alloc(16, id), votes: true, takes: 0, address: `localhost:901${id}` };
    return { ...plain, ...changes[id] };
  });
  return { type: 'seats', request: 1, epoch, governing: true, votes, seats };
}

t.test('who votes, who learns, who takes whose seat', async (t) => {
  const learning = seatsOf(2, { 3: { votes: false } });
  const emptied = statusView(
    [up(1, {}, learning), up(2, { role: 'leader' }, learning), up(3, {}, seatsOf(1, {}, false))],
    3,
    'abab',
  );
  t.strictSame(emptied.quorum, { up: 2, size: 3, ok: true }, 'a learner is no part of the quorum');
  t.match(emptied.servers, [{ seat: 'votes' }, { seat: 'votes' }, { seat: 'learns', takes: 0 }]);
  t.match(statusLines(emptied)[3], /^s3 .* learner /);
  t.notOk(isSound(emptied));

  const newcomer = statusView([up(1, {}, seatsOf(1, {})), leader, up(3, {}, seatsOf(1, {}, false))], 3, '');
  t.match(newcomer.servers[2], { seat: 'waits' });
  t.match(statusLines(newcomer)[3], /^s3 .* newcomer /);

  const invited = seatsOf(2, { 4: { birthId: Buffer.alloc(16), votes: false, takes: 3, address: '' } });
  const asked = statusView(
    [up(1, {}, invited), leader, up(3), { ok: false, id: 4, address: '', reason: 'new' }],
    3,
    '',
  );
  t.match(asked.servers[3], { seat: 'waits', takes: 3 });
  t.match(statusLines(asked)[4], /^s4 .* invited for s3 /);
  t.equal(asked.quorum.size, 3);

  const comes = seatsOf(3, { 4: { votes: false, takes: 3 } });
  t.match(statusLines(statusView([up(1, {}, comes), leader, up(3), up(4)], 3, ''))[4], /^s4 .* learner for s3 /);
  const gone = {
    ...comes,
    epoch: 4,
    seats: comes.seats.filter(({ id }) => id !== 3).map((s) => ({ ...s, votes: true, takes: 0 })),
  };
  const after = statusView([up(1, {}, gone), up(2, { role: 'leader' }, gone), up(3), up(4, {}, gone)], 3, '');
  t.match(after.servers, [{ seat: 'votes' }, { seat: 'votes' }, { seat: 'none' }, { seat: 'votes' }]);
  t.match(statusLines(after)[3], /^s3 .* no member /);
});

t.test('how far a replacement has come: the newest word counts', async (t) => {
  const pair = { replaced: 3, invited: 4 };
  const word = (id: number, seats: Seats, applied = 7): Word => ({
    address: `s${id}`,
    seats,
    status: statusOf(id, { applied, committed: applied }),
  });
  const plain = seatsOf(1, {});
  const invited = seatsOf(2, { 4: { birthId: Buffer.alloc(16), votes: false, takes: 3 } });
  const learns = seatsOf(3, { 4: { votes: false, takes: 3 } });
  const members = learns.seats.filter(({ id }) => id !== 3).map((seat) => ({ ...seat, votes: true, takes: 0 }));
  const voting = { ...learns, epoch: 4, governing: false, seats: members };
  t.equal(progressOf([], pair).step, undefined);
  t.equal(progressOf([word(1, plain)], pair).step, undefined);
  t.equal(progressOf([word(1, invited), word(2, plain)], pair).step, 'invited');
  t.match(progressOf([word(1, learns, 90), word(4, invited, 10)], pair), {
    step: 'learns',
    applied: 10,
    committed: 90,
  });
  t.equal(progressOf([word(1, voting), word(2, learns)], pair).step, 'votes');
  t.equal(progressOf([word(1, { ...voting, governing: true }), word(2, voting)], pair).step, 'done');
  const sealedLate = { ...seatsOf(2, {}), votes: false };
  t.equal(progressOf([word(1, invited), word(4, sealedLate)], pair).step, 'invited', 'the new one knows seats only');
  const before = progressOf([word(1, learns)], pair);
  t.equal(progressOf([word(2, plain)], pair, before).step, 'learns', 'a server that is behind takes nothing back');
  t.equal(progressOf([], pair, before).step, 'learns');
  const another = seatsOf(4, { 5: { birthId: Buffer.alloc(16), votes: false, takes: 3 } });
  t.match(progressOf([word(1, another)], pair, before), { step: undefined, rival: 5 });
  t.equal(progressOf([word(1, { ...voting, governing: true })], { replaced: 2, invited: 4 }).step, undefined);
});

t.test('lag counts what is committed anywhere and not applied here', async (t) => {
  const view = statusView(
    [up(1, { committed: 1042, applied: 1000 }), leader, up(3, { committed: 900, applied: 900 })],
    3,
    '',
  );
  t.strictSame(
    view.servers.map((server) => server.lag),
    [42, 0, 142],
  );
});

t.test('sound: all up, a leader, nobody recovering', async (t) => {
  t.ok(isSound(statusView([up(1), leader, up(3)], 3, '')));
  t.notOk(isSound(statusView([up(1), leader, up(3, { role: 'recovering' })], 3, '')));
  const lost = [
    up(1, { happy: false, leader: 0 }),
    up(2, { happy: false, leader: 0 }),
    up(3, { happy: false, leader: 0 }),
  ];
  const view = statusView(lost, 3, '');
  t.strictSame([view.quorum.ok, view.leader], [false, 0], 'three that follow nobody are no quorum');
  t.match(statusLines(view).at(-1), /quorum 3\/3 NOT OK · no leader/);
});

t.test('a candidate is shown as a follower: scripts know three roles', async (t) => {
  t.equal(statusView([up(1, { role: 'candidate' })], 3, '').servers[0]?.role, 'follower');
});

t.test('without a balancer the servers say who else there is', async (t) => {
  t.strictSame(unasked([up(1)]), [
    { id: 2, address: 'localhost:9012' },
    { id: 3, address: 'localhost:9013' },
  ]);
  t.strictSame(unasked([up(1), up(2), { ok: false, id: 0, address: 'localhost:9013', reason: 'refused' }]), []);
  const view = statusView([up(1)], 0, '');
  t.strictSame([view.quorum.size, view.cluster], [3, 'ab'.repeat(16)]);
});

/** A server that has applied through `applied` and remembers the hashes of `known` slots besides. */
function serverWith(id: number, applied: number, known: readonly number[], hash = (slot: number) => slot): Comparable {
  const ask: AskHash = async (slot) => {
    const at = slot === 0 ? applied : slot;
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32BE(hash(at), 4);
    if (at === applied || known.includes(at)) return { ok: true, slot: at, hash: bytes, nearest: 0 };
    return { ok: true, slot: 0, hash: Buffer.alloc(8), nearest: Math.max(0, ...known.filter((other) => other <= at)) };
  };
  return { id, address: `s${id}`, ask };
}

/** The exit code that a comparison fails with; undefined when it does not. */
async function exitCodeOf(comparing: Promise<unknown>): Promise<number | undefined> {
  try {
    await comparing;
    return undefined;
  } catch (error) {
    if (error instanceof ExitError) return error.exitCode;
    throw error;
  }
}

t.test('verify: equal at the same slot', async (t) => {
  const verdict = await compare([serverWith(1, 5, []), serverWith(2, 5, []), serverWith(3, 5, [])]);
  t.match(verdict, { ok: true, comparedThrough: 5 });
  t.strictSame(new Set(verdict.servers.map((server) => server.hash)), new Set(['0000000000000005']));
});

t.test('verify: a lagging server sets the slot, or the last thousand that all remember does', async (t) => {
  const near = await compare([serverWith(1, 2500, [2499, 2000]), serverWith(2, 2499, [2000])]);
  t.match(near, { ok: true, comparedThrough: 2499 });
  const far = await compare([serverWith(1, 9000, [2000, 1000]), serverWith(2, 2499, [2000, 1000])]);
  t.match(far, { ok: true, comparedThrough: 2000 });
});

t.test('verify: a difference is seen', async (t) => {
  const verdict = await compare([serverWith(1, 5, []), serverWith(2, 5, []), serverWith(3, 5, [], () => 99)]);
  t.equal(verdict.ok, false);
  t.equal(verdict.servers[2]?.hash, '0000000000000063');
});

t.test('verify: a server that cannot be asked is not called equal', async (t) => {
  const dead: Comparable = { id: 3, address: 's3', ask: async () => ({ ok: false, reason: 'refused' }) };
  const verdict = await compare([serverWith(1, 5, []), serverWith(2, 5, []), dead]);
  t.equal(verdict.ok, false);
  t.strictSame(verdict.servers[2], { id: 3, address: 's3', hash: null, note: 'refused' });
  t.equal(await exitCodeOf(compare([dead])), 4);
});

t.test('verify: no common slot is unknown, not equal', async (t) => {
  t.equal(await exitCodeOf(compare([serverWith(1, 9000, []), serverWith(2, 2499, [])])), 5);
});

t.test('an empty cluster is equal through slot 0', async (t) => {
  t.match(await compare([serverWith(1, 0, []), serverWith(2, 0, [])]), { ok: true, comparedThrough: 0 });
});

const modes: readonly { mode: string; fromS: number; uptoS: number }[] = [
  { mode: '', fromS: 0, uptoS: 3 },
  { mode: 'p:10::a:20::c:30', fromS: 29.95, uptoS: 31.5 },
  { mode: 'p:10::a:20::c:10', fromS: 9.95, uptoS: 11.5 },
  { mode: 'a:20', fromS: 0, uptoS: 3 },
  { mode: 'a:20::g:3', fromS: 5.95, uptoS: 7.5 },
  { mode: 'a:2::g:3', fromS: 1.95, uptoS: 3.5 },
  { mode: 's:5', fromS: 4.95, uptoS: 6.5 },
  { mode: 'r:9', fromS: 0, uptoS: 3 },
];
for (const { mode, fromS, uptoS } of modes) {
  t.test(`test1: mode ${mode || '(none)'}`, async (t) => {
    const expectation = expectationFor(readFaults(mode), true);
    t.match(expectation, { kind: 'shows', fromS, uptoS });
    t.ok(isAsExpected(expectation, fromS) && isAsExpected(expectation, uptoS), 'the edges are in');
    t.notOk(isAsExpected(expectation, uptoS + 0.1), 'later is not');
    t.notOk(isAsExpected(expectation, undefined), 'never is not');
    if (fromS > 0) t.notOk(isAsExpected(expectation, fromS - 0.1), 'earlier is not');
  });
}

t.test('test1: a dead link, or no quorum, must show nothing', async (t) => {
  const dead = readFaults('d:0');
  t.match(expectationFor(dead, true), { kind: 'never' });
  t.ok(isAsExpected({ kind: 'never' }, undefined));
  t.notOk(isAsExpected({ kind: 'never' }, 0.5));
  t.ok(hasQuorum(3, [readFaults(''), readFaults('c:30')]));
  t.notOk(hasQuorum(3, [readFaults(''), dead, dead]), 'G3');
  t.notOk(hasQuorum(3, [readFaults('')]), 'two are down');
});
