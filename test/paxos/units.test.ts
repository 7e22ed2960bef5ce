/** The small ideas of paxos against slow, obvious twins: ballots, majorities, votes, patience. */
import fc from 'fast-check';
import t from 'tap';
import {
  ballotAbove,
  ballotText,
  compareBallots,
  isQuorum,
  majorityOf,
  sameBallot,
  Votes,
  zeroBallot,
} from '../../src/paxos/index.js';
import type { Ballot } from '../../src/wire/index.js';

const ballots: fc.Arbitrary<Ballot> = fc.record({
  round: fc.nat({ max: 3 }),
  server: fc.nat({ max: 3 }),
  incarnation: fc.nat({ max: 3 }),
});

/** Order by the text of the three fields, padded: obviously total. */
function key(ballot: Ballot): string {
  return [ballot.round, ballot.server, ballot.incarnation].map((part) => String(part).padStart(16, '0')).join('/');
}

t.test('ballots are totally ordered by round, server and incarnation', async (t) => {
  fc.assert(
    fc.property(ballots, ballots, (a, b) => {
      const expected = key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;
      return Math.sign(compareBallots(a, b)) === expected && sameBallot(a, b) === (expected === 0);
    }),
  );
  t.not(compareBallots({ round: 1, server: 1, incarnation: 1 }, { round: 1, server: 1, incarnation: 2 }), 0);
});

t.test('the next ballot is above every ballot of the rounds seen', async (t) => {
  fc.assert(fc.property(ballots, (seen) => compareBallots(ballotAbove(seen.round, 1, 0), seen) > 0));
  t.equal(ballotText(ballotAbove(6, 2, 99)), '7.2');
  t.equal(ballotText(zeroBallot), '-');
});

t.test('two majorities always share a server', async (t) => {
  for (const servers of [1, 3, 5, 7]) {
    const majority = majorityOf(servers);
    for (let a = 0; a < 2 ** servers; a++) {
      for (let b = 0; b < 2 ** servers; b++) {
        const size = (set: number): number => [...set.toString(2)].filter((bit) => bit === '1').length;
        if (size(a) < majority || size(b) < majority) continue;
        if ((a & b) === 0) t.fail(`${a} and ${b} of ${servers}`);
      }
    }
  }
  t.pass('checked every pair of groups up to seven servers');
});

/** Up to five seats, some of them perhaps without anybody who votes. */
const electorate = fc
  .record({
    seats: fc.constantFrom(1, 3, 5),
    voters: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }),
  })
  .map(({ seats, voters }) => ({ seats, voters: voters.slice(0, seats) }));

t.test('a quorum is reached exactly once, by distinct voters', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 9 })),
      fc.array(electorate, { minLength: 1, maxLength: 2 }),
      (arrivals, asked) => {
        const votes = new Votes(...asked);
        const seen = new Set<number>();
        const settled = (): boolean => asked.every((who) => isQuorum(who, (server) => seen.has(server)));
        let wasThere = false;
        for (const server of arrivals) {
          seen.add(server);
          if (votes.add(server) !== (!wasThere && settled())) return false;
          if (votes.reached !== settled() || !votes.has(server)) return false;
          wasThere ||= settled();
        }
        return true;
      },
    ),
  );
  t.pass('property held');
});
