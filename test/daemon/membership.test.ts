/** The decision about a registration: waiting, sealing, coming back, adoption and every refusal. */
import * as fc from 'fast-check';
import t from 'tap';
import {
  type Applicant,
  changedSeal,
  decide,
  type Seal,
  type Standing,
  seatsOf,
  type Verdict,
} from '../../src/daemon/balancer/membership.js';
import { sameMembers, zero16 } from '../../src/daemon/members.js';

const bytes = (n: number): Uint8Array => new Uint8Array(16).fill(n);

function applicant(id: number, more: Partial<Applicant> = {}): Applicant {
  return {
    id,
    address: `h:${9000 + id}`,
    birthId: bytes(100 + id),
    incarnation: 1000 + id,
    clusterId: zero16,
    epoch: 0,
    members: [],
    ...more,
  };
}

function standing(connected: Applicant[], seal?: Seal): Standing {
  return { servers: 3, seal, connected: new Map(connected.map((one) => [one.id, one])) };
}

const sealed: Seal = {
  clusterId: bytes(7),
  epoch: 1,
  members: [1, 2, 3].map((id) => ({ id, birthId: bytes(100 + id), address: `h:${9000 + id}` })),
  joining: [],
};
const shows = { clusterId: sealed.clusterId, epoch: 1, members: sealed.members };

function refusal(verdict: Verdict): string {
  return verdict.kind === 'refuse' ? verdict.code : `not refused: ${verdict.kind}`;
}

t.test('before the seal', async (t) => {
  t.same(decide(standing([]), applicant(2)), { kind: 'wait', id: 2, registered: 1 });
  t.same(decide(standing([applicant(1)]), applicant(2)), { kind: 'wait', id: 2, registered: 2 });
  const verdict = decide(standing([applicant(3), applicant(1)]), applicant(2));
  t.same(verdict, { kind: 'mint', id: 2, members: sealed.members }, 'sorted by id, with birth ids and addresses');
});

t.test('only connected registrants count: one that left and came back is one', async (t) => {
  const verdict = decide(standing([applicant(2)]), applicant(2, { address: 'h:1' }));
  t.same(verdict, { kind: 'wait', id: 2, registered: 1 });
});

t.test('id 0 gets the lowest missing id; the same directory gets the same one again', async (t) => {
  t.same(decide(standing([]), applicant(0)), { kind: 'wait', id: 1, registered: 1 });
  t.same(decide(standing([applicant(1)]), applicant(0)), { kind: 'wait', id: 2, registered: 2 });
  const verdict = decide(standing([applicant(1), applicant(3)]), applicant(0));
  t.equal(verdict.kind, 'mint');
  t.equal(verdict.kind === 'mint' && verdict.id, 2);
  const same = applicant(0, { birthId: bytes(102), incarnation: 1002 });
  t.same(decide(standing([applicant(2)]), same), { kind: 'wait', id: 2, registered: 1 });
});

t.test('a second one with the id of a connected registrant: probe, then refuse or take over', async (t) => {
  const other = applicant(1, { birthId: bytes(9), incarnation: 5 });
  t.same(decide(standing([applicant(1)]), other), { kind: 'probe', id: 1 });
  t.equal(refusal(decide(standing([applicant(1)]), other, true)), 'DUPLICATE_ID');
  t.same(decide(standing([]), other), { kind: 'wait', id: 1, registered: 1 }, 'the dead link was taken out');
});

t.test('a copied data directory under another id is a duplicate too', async (t) => {
  const copy = applicant(2, { birthId: bytes(101), incarnation: 5 });
  t.same(decide(standing([applicant(1)]), copy), { kind: 'probe', id: 1 });
  t.equal(refusal(decide(standing([applicant(1)]), copy, true)), 'DUPLICATE_ID');
});

t.test('after the seal', async (t) => {
  t.same(decide(standing([], sealed), applicant(2, shows)), { kind: 'back', id: 2 });
  t.same(
    decide(standing([], sealed), applicant(2, { ...shows, address: 'h:1' })),
    { kind: 'back', id: 2 },
    'any address',
  );
  t.same(decide(standing([], sealed), applicant(2)), { kind: 'back', id: 2 }, 'crashed before it had written its seal');
  t.equal(refusal(decide(standing([], sealed), applicant(4))), 'UNKNOWN_ID');
  t.equal(refusal(decide(standing([], sealed), applicant(0))), 'UNKNOWN_ID');
  t.same(decide(standing([], sealed), applicant(2, { birthId: bytes(1) })), { kind: 'back', id: 2 }, 'an emptied disk');
  t.equal(refusal(decide(standing([], sealed), applicant(2, { ...shows, clusterId: bytes(8) }))), 'FOREIGN_CLUSTER');
  const fewer = { ...shows, members: sealed.members.slice(0, 1) };
  t.equal(refusal(decide(standing([], sealed), applicant(2, fewer))), 'FOREIGN_CLUSTER');
});

t.test('a duplicate of a live member is told so, an emptied disk is let in once the member is gone', async (t) => {
  const emptied = applicant(2, { birthId: bytes(1), incarnation: 5 });
  t.same(decide(standing([applicant(2, shows)], sealed), emptied), { kind: 'probe', id: 2 });
  t.equal(refusal(decide(standing([applicant(2, shows)], sealed), emptied, true)), 'DUPLICATE_ID');
  t.same(decide(standing([], sealed), emptied), { kind: 'back', id: 2 });
});

t.test('adoption: an unsealed balancer takes over what a server shows', async (t) => {
  const verdict = decide(standing([applicant(1)]), applicant(2, shows));
  t.equal(verdict.kind, 'adopt');
  if (verdict.kind !== 'adopt') return;
  t.same(verdict.seal.clusterId, sealed.clusterId);
  t.ok(sameMembers(verdict.seal.members, sealed.members));
  t.equal(verdict.seal.members.find(({ id }) => id === 2)?.address, 'h:9002');
  t.equal(
    refusal(decide(standing([], verdict.seal), applicant(3, { ...shows, clusterId: bytes(8) }))),
    'FOREIGN_CLUSTER',
  );
});

t.test('the seal follows the log of a member', async (t) => {
  const seats = sealed.members.map((member) => ({ ...member, votes: true, takes: 0 }));
  t.equal(changedSeal(sealed, { epoch: 1, seats }), undefined, 'nothing new');
  const invited = { id: 4, birthId: bytes(0), votes: false, takes: 3, address: '' };
  const asked = changedSeal(sealed, { epoch: 2, seats: [...seats, invited] });
  t.match(asked, { epoch: 2, joining: [4] });
  if (asked === undefined) return;
  t.equal(seatsOf(asked), 3);
  t.equal(asked.members[1]?.address, 'h:9002', 'it keeps the address it knows');
  t.same(decide(standing([], asked), applicant(4)), { kind: 'back', id: 4 }, 'who is invited learns of the cluster');
  t.equal(refusal(decide(standing([], asked), applicant(5))), 'UNKNOWN_ID');
  t.same(decide(standing([], asked), applicant(1, { ...shows, epoch: 2 })), { kind: 'back', id: 1 });
  const after = changedSeal(asked, { epoch: 3, seats: seats.slice(0, 2) });
  t.equal(refusal(decide(standing([], after), applicant(3, shows))), 'UNKNOWN_ID', 'whoever was replaced is out');
});

t.test('a seal taken over from a server gets those who have no seat yet from its log', async (t) => {
  const adopted = { ...sealed, epoch: 2 };
  const seats = sealed.members.map((member) => ({ ...member, votes: true, takes: 0 }));
  const invited = { id: 4, birthId: bytes(0), votes: false, takes: 3, address: '' };
  const whole = changedSeal(adopted, { epoch: 2, seats: [...seats, invited] });
  t.match(whole, { epoch: 2, joining: [4] });
  t.equal(whole && changedSeal(whole, { epoch: 2, seats: [...seats, invited] }), undefined, 'told again it is no news');
});

t.test('a server that was replaced is told so, a stranger is told how to get a seat', async (t) => {
  const seal = {
    ...sealed,
    epoch: 4,
    members: [...sealed.members.slice(0, 2), { ...sealed.members[2], id: 4 }],
  } as Seal;
  const text = (verdict: Verdict): string => (verdict.kind === 'refuse' ? verdict.text : verdict.kind);
  t.match(
    text(decide(standing([], seal), applicant(3, shows))),
    /^server 3 was replaced, .* the members are 1, 2, 4: /,
  );
  t.match(text(decide(standing([], seal), applicant(7))), /^INVALID: .*synod server replace OLD --with 7/);
});

t.test('adoption refuses a membership in which the one who shows it is not, and nonsense', async (t) => {
  const early = 'NOT_READY';
  t.equal(refusal(decide(standing([]), applicant(4, shows))), early, 'invited, and it came before a member did');
  t.equal(refusal(decide(standing([]), applicant(2, { ...shows, birthId: bytes(1) }))), early, 'an emptied disk');
  t.equal(refusal(decide(standing([]), applicant(1, { ...shows, members: sealed.members.slice(0, 2) }))), 'BAD_HELLO');
  t.equal(refusal(decide(standing([]), applicant(1, { ...shows, members: [] }))), 'BAD_HELLO');
});

t.test('every refusal ends in what to do', async (t) => {
  for (const one of [applicant(4), applicant(0), applicant(2, { ...shows, clusterId: bytes(8) })]) {
    const verdict = decide(standing([], sealed), one);
    t.match(verdict.kind === 'refuse' && verdict.text, /: .*(start|use)/);
  }
});

t.test('property: whatever applies, a seal never changes and only its own disks come back', async (t) => {
  const anyone = fc.record({
    id: fc.integer({ min: 0, max: 5 }),
    disk: fc.integer({ min: 100, max: 105 }),
    life: fc.integer({ min: 1, max: 3 }),
    shows: fc.boolean(),
    alive: fc.boolean(),
  });
  await fc.assert(
    fc.property(fc.array(anyone, { maxLength: 60 }), (applicants) => {
      let seal: Seal | undefined;
      const connected = new Map<number, Applicant>();
      for (const { id, disk, life, shows: showing, alive } of applicants) {
        const one = applicant(id, {
          birthId: bytes(disk),
          incarnation: life,
          ...(showing && seal !== undefined
            ? { clusterId: seal.clusterId, epoch: seal.epoch, members: seal.members }
            : {}),
        });
        let verdict = decide({ servers: 3, seal, connected }, one);
        for (let probes = 0; verdict.kind === 'probe'; probes++) {
          if (probes > 6) return false;
          if (!alive) connected.delete(verdict.id);
          verdict = decide({ servers: 3, seal, connected }, one, alive);
        }
        if (verdict.kind === 'refuse') continue;
        if (verdict.kind === 'mint' || verdict.kind === 'adopt') {
          if (seal !== undefined) return false;
          const members = verdict.kind === 'mint' ? verdict.members : verdict.seal.members;
          seal = { clusterId: bytes(7), epoch: 1, members, joining: [] };
          if (
            members.length !== 3 ||
            new Set(members.map((member) => Buffer.from(member.birthId).toString('hex'))).size !== 3
          )
            return false;
        }
        if (verdict.kind === 'wait' && verdict.registered > 2) return false;
        if (verdict.kind === 'back') {
          const member = seal?.members.find((candidate) => candidate.id === verdict.id);
          if (member === undefined) return false;
        }
        connected.set(verdict.id, { ...one, id: verdict.id });
      }
      return true;
    }),
    { numRuns: 1000 },
  );
  t.pass('1000 random queues of applicants');
});
