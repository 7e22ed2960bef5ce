/** When a leader tells how far slots are chosen: at once to whom it matters, to others with what they get anyway. */
import t from 'tap';
import { limits } from '../../src/base/index.js';
import type { Accepted } from '../../src/wire/index.js';
import { Lone } from './lone.js';

/** Leads three servers, of which the third serves nobody; the election's own slot is committed and told. */
function leading() {
  const lone = new Lone();
  const ballot = lone.lead();
  for (const peer of [2, 3]) lone.says.set(peer, { promised: ballot, happy: true });
  lone.pass(200);
  const accepted = (slot: number): Accepted => ({ type: 'accepted', ballot, incarnation: 1, slot, count: 1 });
  lone.receive(2, accepted(1));
  lone.pass(10);
  lone.receive(3, { type: 'serves', serves: false });
  lone.sent.length = 0;
  let batch = 0;
  return {
    lone,
    submit: () => lone.step({ kind: 'submit', batch: ++batch, bytes: Buffer.from(`line ${batch}`) }),
    vote: (slot: number) => lone.receive(2, accepted(slot)),
    /** Accepts, commits and calls to campaign to `peer` so far, as type and number. */
    told: (peer: number) => {
      const frames = lone.sent.filter(({ to }) => to === peer).map(({ message }) => message);
      return frames.flatMap((message) => {
        if (message.type === 'commit') return [`commit ${message.upto}`];
        if (message.type === 'campaign') return ['campaign'];
        return message.type === 'accept' ? [`accept ${message.slot}`] : [];
      });
    },
  };
}

t.test('a server that serves somebody hears of a commit at once, another one with the next accept', async (t) => {
  const { submit, vote, told } = leading();
  submit();
  vote(2);
  t.same(told(2), ['accept 2', 'commit 2']);
  t.same(told(3), ['accept 2']);
  submit();
  t.same(told(3), ['accept 2', 'commit 2', 'accept 3'], 'in one write, the commit first');
  t.same(told(2), ['accept 2', 'commit 2', 'accept 3'], 'and nobody twice');
});

t.test('without another accept it hears of it with the next tick, once', async (t) => {
  const { lone, submit, vote, told } = leading();
  submit();
  vote(2);
  lone.pass(10);
  t.same(told(3), ['accept 2', 'commit 2']);
  lone.pass(50);
  t.same(told(3), ['accept 2', 'commit 2']);
});

t.test('whoever begins to serve hears at once of what it was not told, and from then on', async (t) => {
  const { lone, submit, vote, told } = leading();
  submit();
  vote(2);
  lone.receive(3, { type: 'serves', serves: true });
  t.same(told(3), ['accept 2', 'commit 2']);
  submit();
  vote(3);
  t.same(told(3), ['accept 2', 'commit 2', 'accept 3', 'commit 3']);
});

t.test('a word that is not repeated is worth nothing, nor one from before the link broke', async (t) => {
  for (const ends of ['silence', 'link'] as const) {
    const { lone, submit, vote, told } = leading();
    if (ends === 'silence') lone.pass(limits.heartbeatMs * limits.heardRounds);
    else {
      lone.step({ kind: 'peerDown', peer: 3 });
      lone.step({ kind: 'peerUp', peer: 3, incarnation: 2 });
    }
    lone.sent.length = 0;
    submit();
    vote(2);
    t.same(told(3), ['accept 2', 'commit 2'], ends);
  }
});

t.test('a leader that stops, or gives way, leaves nobody untold', async (t) => {
  const stopping = leading();
  stopping.submit();
  stopping.lone.step({ kind: 'stop' });
  stopping.vote(2);
  t.same(stopping.told(3), ['accept 2', 'commit 2']);
  t.same(stopping.told(2), ['accept 2', 'commit 2', 'campaign']);

  const deposed = leading();
  deposed.submit();
  deposed.vote(2);
  const higher = { ...deposed.lone.replica.view.ballot, round: 100, server: 2 };
  deposed.lone.receive(2, { type: 'accept', ballot: higher, slot: 3, value: Buffer.from('other') });
  t.same(deposed.told(3), ['accept 2', 'commit 2']);
});

t.test('a server says at once when somebody comes, and with every heartbeat that nobody is there', async (t) => {
  const lone = new Lone();
  lone.lead();
  lone.pass(200);
  const said = () => lone.frames('serves').map(({ serves }) => serves);
  t.same(said(), [], 'nothing until the shell speaks');
  lone.step({ kind: 'serves', serves: false });
  t.same(said(), [false, false], 'to both');
  lone.step({ kind: 'serves', serves: false });
  t.same(said(), [false, false]);
  lone.pass(limits.heartbeatMs);
  t.same(said(), [false, false, false, false]);
  lone.step({ kind: 'serves', serves: true });
  lone.pass(500);
  t.same(said(), [false, false, false, false, true, true]);
});
