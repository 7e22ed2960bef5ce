/** What a server says of itself to operators when something is to be known. */
import t from 'tap';
import { type NoteFacts, noteOf } from '../../src/daemon/server/note.js';
import type { Seat } from '../../src/wire/index.js';

const bytes = (n: number): Uint8Array => new Uint8Array(16).fill(n);
const seat = (id: number, more: Partial<Seat> = {}): Seat => ({
  id,
  birthId: bytes(id),
  votes: true,
  takes: 0,
  ...more,
});

function facts(more: Partial<NoteFacts> = {}, ...seats: Seat[]): NoteFacts {
  return {
    isFull: false,
    fetchesState: false,
    latest: { epoch: 1, from: 1, seats: seats.length > 0 ? seats : [seat(1), seat(2), seat(3)] },
    self: { id: 1, birthId: bytes(1) },
    votes: true,
    leader: 2,
    newcomers: [],
    keepsNothing: false,
    ...more,
  };
}

t.test('nothing to say', async (t) => {
  t.equal(noteOf(facts()), '');
  t.equal(noteOf(facts({ leader: 0 })), '', 'no leader for a moment');
  t.equal(noteOf(facts({ newcomers: [3] })), '', 'it will be admitted');
});

t.test('the disk comes first', async (t) => {
  t.match(noteOf(facts({ isFull: true, votes: false })), /^disk full: free some space/);
  t.match(noteOf(facts({ fetchesState: true, votes: false })), /takes over the state/);
});

t.test('a newcomer waits, and says for what', async (t) => {
  const own = { id: 3, birthId: bytes(9) };
  t.match(
    noteOf(facts({ self: own, votes: false })),
    /^waits to be admitted: .*start those that are down with their own/,
  );
  t.match(
    noteOf(facts({ self: own, votes: false, keepsNothing: true })),
    /majority lost at once cannot come back: start a/,
  );
});

t.test('a learner learns', async (t) => {
  const learner = facts({ self: { id: 3, birthId: bytes(9) }, votes: false }, seat(1), seat(2));
  const comes = (more: Partial<Seat>): NoteFacts => ({
    ...learner,
    latest: { ...learner.latest, seats: [...learner.latest.seats, seat(3, { birthId: bytes(9), ...more })] },
  });
  t.match(noteOf(comes({ votes: false })), /^admitted, learns what it lacks: has no vote yet$/);
  t.match(noteOf(comes({ votes: false, takes: 2 })), /then it takes the seat of server 2$/);
  t.match(noteOf(comes({})), /^votes from one of the next slots on$/);
});

t.test('a majority that lost its data is named by who is left', async (t) => {
  const halted = noteOf(facts({ leader: 0, newcomers: [3, 2] }));
  t.match(halted, /^no majority: servers 2, 3 are back without the data .* start a new one$/);
  t.match(noteOf(facts({ leader: 0, newcomers: [3] })), /^no leader: server 3 is admitted once a majority of the oth/);
  const before = facts({ leader: 0, newcomers: [3] }, seat(1), seat(2, { votes: false }), seat(3));
  t.match(noteOf(before), /server 3 is back/, 'a learner is no voter');
});
