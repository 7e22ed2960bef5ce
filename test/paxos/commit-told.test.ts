/** When a leader tells how far slots are chosen: at once to whom it matters, to others with what they get anyway. */
import t from 'tap';
import type { Accepted } from '../../src/wire/index.js';
import { Lone } from './lone.js';

/** Leads three servers, of which the third serves nobody; the election's own slot is committed and told. */
function leading() {
  const lone = new Lone();
  const ballot = lone.lead();
  for (const [peer, serves] of [
    [2, true],
    [3, false],
  ] as const) {
    lone.says.set(peer, { promised: ballot, happy: true, serves });
  }
  lone.pass(200);
  const accepted = (slot: number): Accepted => ({ type: 'accepted', ballot, incarnation: 1, slot, count: 1 });
  lone.receive(2, accepted(1));
  lone.pass(10);
  lone.sent.length = 0;
  let batch = 0;
  return {
    lone,
    submit: () => lone.step({ kind: 'submit', batch: ++batch, bytes: Buffer.from(`line ${batch}`) }),
    vote: (slot: number) => lone.receive(2, accepted(slot)),
    /** Frames to `peer` since the last call, as type and number. */
    told: (peer: number) => {
      const frames = lone.sent.filter(({ to }) => to === peer).map(({ message }) => message);
      return frames.flatMap((message) => {
        if (message.type === 'commit') return [`commit ${message.upto}`];
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

t.test('whoever begins to serve is told at once from then on', async (t) => {
  const { lone, submit, vote, told } = leading();
  const { ballot } = lone.replica.view;
  lone.says.set(3, { promised: ballot, happy: true, serves: true });
  lone.pass(100);
  lone.sent.length = 0;
  submit();
  vote(2);
  t.same(told(3), ['accept 2', 'commit 2']);
});

t.test('a server announces that it serves, and that it does no more', async (t) => {
  const lone = new Lone();
  lone.lead();
  lone.pass(200);
  const said = () =>
    lone
      .frames('heartbeatReply')
      .filter(({ round }) => round === 0)
      .at(-1)?.serves;
  t.equal(said(), true, 'taken for granted until the shell speaks');
  for (const serves of [false, true, false]) {
    lone.sent.length = 0;
    lone.step({ kind: 'serves', serves });
    t.equal(said(), serves, 'at once');
  }
  lone.sent.length = 0;
  lone.step({ kind: 'serves', serves: false });
  t.equal(said(), undefined, 'and only when it changes');
});
