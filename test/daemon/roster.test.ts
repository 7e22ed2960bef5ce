/** Who the members are as the log is applied, and when the leader proposes to change them. */
import t from 'tap';
import { limits } from '../../src/base/index.js';
import type { MembersChange } from '../../src/chat/index.js';
import { type AdmissionFacts, admissionDue, invitation } from '../../src/daemon/server/admission.js';
import { Roster } from '../../src/daemon/server/roster.js';
import type { Seat } from '../../src/wire/index.js';

const bytes = (n: number): Uint8Array => new Uint8Array(16).fill(n);
const sealed = { epoch: 1, members: [1, 2, 3].map((id) => ({ id, birthId: bytes(id) })) };
const seat = (id: number, more: Partial<Seat> = {}): Seat => ({
  id,
  birthId: bytes(id),
  votes: true,
  takes: 0,
  ...more,
});
const own = (id: number, birth = id): { id: number; birthId: Uint8Array } => ({ id, birthId: bytes(birth) });
const changed = (epoch: number, from: number, seats: Seat[]): MembersChange => ({ epoch, from, seats });

t.test('as sealed', async (t) => {
  const roster = new Roster(sealed, own(2), []);
  t.match(roster.configurations, [{ epoch: 1, from: 1, seats: 3, voters: [1, 2, 3], learners: [], reborn: [] }]);
});

t.test('an emptied disk is not the member whose id it has', async (t) => {
  const roster = new Roster(sealed, own(3, 9), []);
  t.match(roster.configurations, [{ seats: 3, voters: [1, 2] }]);
  t.same(roster.links(1).get(3)?.birthId, bytes(3), 'others under its id are judged by what the members know');
  const learning = roster.apply(changed(2, 100, [seat(1), seat(2), seat(3, { birthId: bytes(9), votes: false })]));
  t.match(learning, { epoch: 2, from: 100, voters: [1, 2], learners: [3], reborn: [3] });
  t.same(roster.links(1).get(3)?.birthId, bytes(3), 'until the new members govern');
  t.same(roster.links(2).get(3)?.birthId, bytes(9));
  t.match(roster.apply(changed(3, 5000, [seat(1), seat(2), seat(3, { birthId: bytes(9) })])), {
    voters: [1, 2, 3],
    learners: [],
    reborn: [],
  });
});

t.test('of members that it was only told of a server knows too little to vote among them', async (t) => {
  const late = { epoch: 4, members: sealed.members };
  t.match(new Roster(late, own(3), []).configurations, [{ seats: 3, voters: [1, 2] }]);
  const applied = [changed(5, 100, [seat(1), seat(2), seat(3)])];
  t.match(new Roster(late, own(3), applied).configurations[1], { voters: [1, 2, 3] });
});

t.test('whoever was sealed late learns the changes before its seal too, and they change nothing', async (t) => {
  const late = { epoch: 3, members: sealed.members };
  const steps = [
    changed(2, 100, [seat(1), seat(2), seat(3, { birthId: bytes(9), votes: false })]),
    changed(3, 9000, [seat(1), seat(2), seat(3)]),
    changed(4, 18_000, [seat(1), seat(2), seat(3), seat(4, { birthId: bytes(0), votes: false, takes: 3 })]),
  ];
  const living = new Roster(late, own(4), []);
  t.equal(living.apply(steps[0] as MembersChange), undefined);
  t.equal(living.apply(steps[1] as MembersChange), undefined);
  t.match(living.configurations, [{ epoch: 3, voters: [1, 2, 3] }]);
  t.match(living.apply(steps[2] as MembersChange), { epoch: 4, voters: [1, 2, 3], learners: [] });
  t.same(new Roster(late, own(4), steps.slice(1)).configurations, living.configurations, 'after a restart');
  t.match(new Roster(late, own(4), steps.slice(0, 2)).configurations, [{ epoch: 3 }]);
});

t.test('that it is out a server believes a majority; whoever was never let in waits for its invitation', async (t) => {
  const said = (...ids: number[]): ReadonlySet<number> => new Set(ids);
  const old = new Roster(sealed, own(3), []);
  t.equal(old.isOut(said(1), 7), false, 'one may be behind');
  t.equal(old.isOut(said(1, 9), 7), false, 'strangers have no say');
  t.equal(old.isOut(said(1, 2), 7), true);
  t.equal(old.isOut(said(1, 2), 0), true, 'also before it has applied anything');
  old.apply(changed(2, 100, [seat(1), seat(2), seat(4)]));
  t.equal(old.isOut(said(1, 4), 100), true, 'of those who have the vote now');
  const early = new Roster({ epoch: 2, members: sealed.members }, own(4), []);
  t.equal(early.isOut(said(1, 2, 3), 0), false, 'it came before its invitation was known');
  t.equal(early.isOut(said(1, 2, 3), 500), true, 'it was let in once');
});

t.test('after a restart it is what it was', async (t) => {
  const steps = [
    changed(2, 100, [seat(1), seat(2), seat(3), seat(4, { birthId: bytes(0), votes: false, takes: 3 })]),
    changed(3, 9000, [seat(1), seat(2), seat(3), seat(4, { votes: false, takes: 3 })]),
    changed(4, 18_000, [seat(1), seat(2), seat(4)]),
  ];
  const living = new Roster(sealed, own(1), []);
  for (const [i, step] of steps.entries()) {
    living.apply(step);
    const again = new Roster(sealed, own(1), steps.slice(Math.max(0, i - 1), i + 1));
    t.same(again.latest, living.latest);
    t.same(again.configurations, living.configurations, `after change ${i + 1}`);
    t.same([...again.links(step.epoch)], [...living.links(step.epoch)]);
  }
});

const facts = (more: Partial<AdmissionFacts> = {}): AdmissionFacts => ({
  latest: { epoch: 1, from: 1, seats: [seat(1), seat(2), seat(3)] },
  settled: true,
  newcomers: [],
  caughtUp: [],
  nowMs: 100_000,
  ...more,
});

t.test('admission: first it learns, then it votes', async (t) => {
  const newcomer = { id: 3, birthId: bytes(9), sinceMs: 100_000 - limits.newcomerMs };
  t.equal(admissionDue(facts()), undefined);
  t.equal(admissionDue(facts({ newcomers: [{ ...newcomer, sinceMs: 99_999 }] })), undefined, 'one that may be gone');
  t.equal(admissionDue(facts({ newcomers: [newcomer], settled: false })), undefined, 'one change at a time');
  t.equal(admissionDue(facts({ newcomers: [{ ...newcomer, id: 7 }] })), undefined, 'a stranger');
  const learning = admissionDue(facts({ newcomers: [newcomer] }));
  t.same(learning, { epoch: 2, seats: [seat(1), seat(2), seat(3, { birthId: bytes(9), votes: false })] });
  const latest = { epoch: 2, from: 1, seats: learning?.seats ?? [] };
  t.equal(admissionDue(facts({ latest, newcomers: [newcomer] })), undefined, 'it lacks slots still');
  t.same(admissionDue(facts({ latest, caughtUp: [2, 3] })), {
    epoch: 3,
    seats: [seat(1), seat(2), seat(3, { birthId: bytes(9) })],
  });
  const another = { id: 2, birthId: bytes(8), sinceMs: 0 };
  t.equal(admissionDue(facts({ latest, newcomers: [another] })), undefined, 'a majority of the seats keeps its votes');
});

t.test('replacing: invited, known, learning, voting; only then the old one is out', async (t) => {
  const latest = { epoch: 1, from: 1, seats: [seat(1), seat(2), seat(3)] };
  const asked = invitation(latest, 3, 4);
  const invited = seat(4, { birthId: bytes(0), votes: false, takes: 3 });
  t.same(asked, { item: { epoch: 2, seats: [seat(1), seat(2), seat(3), invited] } });
  const open = { epoch: 2, from: 1, seats: [seat(1), seat(2), seat(3), invited] };
  t.match(invitation(open, 3, 4), { done: /invited/ });
  t.match(invitation(open, 3, 5), { item: { seats: [seat(1), seat(2), seat(3), { id: 5, takes: 3 }] } });
  t.equal(admissionDue(facts({ latest: open, caughtUp: [4] })), undefined, 'nobody came yet');
  const came = admissionDue(facts({ latest: open, newcomers: [{ id: 4, birthId: bytes(4), sinceMs: 0 }] }));
  t.same(came?.seats[3], seat(4, { votes: false, takes: 3 }));
  const done = admissionDue(facts({ latest: { epoch: 3, from: 1, seats: came?.seats ?? [] }, caughtUp: [4] }));
  t.same(done, { epoch: 4, seats: [seat(1), seat(2), seat(4)] });
  t.match(invitation({ epoch: 4, seats: done?.seats ?? [] }, 3, 4), { done: /votes/ });
});

t.test('what cannot be replaced', async (t) => {
  const latest = { epoch: 1, from: 1, seats: [seat(1), seat(2), seat(3)] };
  t.match(invitation(latest, 7, 8), { refused: /no member: name one of 1, 2, 3/ });
  t.match(invitation(latest, 3, 2), { refused: /another id/ });
  t.match(invitation(latest, 3, 3), { refused: /new id/ });
  t.match(invitation(latest, 3, 0), { refused: /new id/ });
});
