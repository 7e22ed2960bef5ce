/**
 * Frames that no peer of ours would send: sound to the wire, impossible in content. They are ignored and break nothing.
 */
import t from 'tap';
import { limits } from '../../src/base/index.js';
import { encode } from '../../src/wire/index.js';
import { Lone, promiseOf } from './lone.js';

const top = Number.MAX_SAFE_INTEGER;
const highest = { round: top, server: 2, incarnation: 1 };
const value = Buffer.from('v');

/** All that was sent can be put on the wire. */
function encodes(lone: Lone): boolean {
  for (const { message } of lone.sent) encode(message);
  return true;
}

t.test('a round at the end of all rounds is neither promised nor outbid', async (t) => {
  const lone = new Lone();
  lone.says.set(2, { promised: highest });
  lone.receive(2, { type: 'prepare', ballot: highest, commit: 0 });
  lone.receive(2, { type: 'accept', ballot: highest, slot: 1, value });
  lone.receive(2, { type: 'commit', ballot: highest, upto: 0 });
  t.equal(lone.replica.view.promised.round, 0);
  const first = lone.campaign();
  lone.receive(2, { type: 'nack', refused: first, promised: highest });
  lone.receive(3, { type: 'nack', refused: first, promised: highest });
  const next = lone.campaign();
  t.ok(next.round > first.round && next.round < 100, `it campaigns at round ${next.round}`);
  t.ok(encodes(lone));
});

t.test('a promise of votes far above any commit index makes no leader fill the slots between', async (t) => {
  const lone = new Lone();
  const ballot = lone.campaign();
  const entries = [{ slot: 2 ** 40, ballot: { round: 1, server: 2, incarnation: 1 }, chosen: false, value }];
  lone.receive(2, promiseOf(ballot, { entries }));
  t.not(lone.replica.view.role, 'leader');
  t.ok(lone.frames('accept').length === 0);
  lone.campaign();
  lone.lead();
  t.equal(lone.replica.view.role, 'leader', 'an honest promise still makes one');
});

t.test('a commit index at the end of all slots breaks no leader and stops no log', async (t) => {
  const lone = new Lone();
  const ballot = lone.campaign();
  lone.receive(2, promiseOf(ballot, { commit: top }));
  t.not(lone.replica.view.role, 'leader');
  lone.lead();
  lone.receive(2, { type: 'accepted', ballot: lone.replica.view.ballot, incarnation: 1, slot: 1, count: 4096 });
  t.equal(lone.replica.view.commit, 1);
  lone.receive(3, { type: 'accepted', ballot: lone.replica.view.ballot, incarnation: 1, slot: top - 1, count: 1 });
  lone.receive(3, { type: 'learn', request: 1, from: top, upto: 0 });
  lone.receive(3, { type: 'readIndexOk', request: 1, index: top });
  lone.receive(3, { type: 'forwardOk', ballot: lone.replica.view.ballot, batch: 1, slot: top });
  lone.pass(100);
  t.ok(encodes(lone));
});

t.test('a value that fits no entry is not voted for: it could not be passed on in a promise', async (t) => {
  const lone = new Lone();
  const ballot = { round: 1, server: 2, incarnation: 1 };
  lone.receive(2, { type: 'accept', ballot, slot: 1, value: Buffer.alloc(limits.frameBytesMaxServer - 100) });
  t.equal(lone.frames('accepted').length, 0);
});

t.test('the parts of two lives are never put together into one promise', async (t) => {
  const lone = new Lone();
  const ballot = lone.campaign();
  const vote = (slot: number) => ({ slot, ballot: { round: 1, server: 2, incarnation: 1 }, chosen: false, value });
  lone.receive(2, promiseOf(ballot, { part: 1, parts: 2, entries: [vote(3)] }));
  lone.receive(2, promiseOf(ballot, { incarnation: 2, part: 0, parts: 2, entries: [vote(1)] }));
  t.equal(lone.replica.view.role, 'candidate', 'the vote in slot 2 moved from one part to the other');
  lone.receive(2, promiseOf(ballot, { incarnation: 2, part: 1, parts: 2, entries: [vote(2), vote(3)] }));
  t.equal(lone.replica.view.role, 'leader');
  t.same([...new Set(lone.frames('accept').map(({ slot }) => slot))], [1, 2, 3]);
});

t.test('a promise whose parts changed shape with a restart is still believed when it is complete', async (t) => {
  const lone = new Lone();
  const ballot = lone.campaign();
  lone.receive(2, promiseOf(ballot, { part: 0, parts: 2, commit: 0 }));
  lone.receive(2, promiseOf(ballot, { incarnation: 2, commit: 4 }));
  t.equal(lone.replica.view.role, 'leader');
});
