/** State hashes: a server outvoted stops, without a majority nobody acknowledges, with one the others go on. */
import t from 'tap';
import { Lone } from './lone.js';

const hash = (byte: number): Uint8Array => new Uint8Array(8).fill(byte);

function leader(): Lone {
  const lone = new Lone();
  const ballot = lone.lead();
  lone.receive(2, { type: 'accepted', ballot, incarnation: 1, slot: 1, count: 1 });
  lone.says.set(2, { promised: ballot, commit: 1 });
  lone.replica.setHash(1000, hash(1));
  return lone;
}

t.test('a server against which a majority stands stops', async (t) => {
  const lone = leader();
  lone.says.set(2, { hashSlot: 1000, hash: hash(2) });
  lone.pass(100);
  lone.says.set(3, { hashSlot: 1000, hash: hash(2) });
  t.throws(() => lone.pass(100), /differs from that of servers 2, 3/);
});

t.test('while no majority agrees nobody leads, and nobody tries to', async (t) => {
  const lone = leader();
  lone.says.set(3, { hashSlot: 1000, hash: hash(2) });
  lone.pass(100);
  const { disputed, happy, ballot } = lone.replica.view;
  t.ok(disputed && !happy);
  lone.step({ kind: 'submit', batch: 1, bytes: Buffer.from('x') });
  lone.pass(20_000);
  t.notOk(
    lone.frames('accept').some(({ slot }) => slot > 1),
    'nothing is proposed',
  );
  t.same(lone.replica.view.promised, ballot, 'and no ballot follows another');
});

t.test('with a majority on its side a server goes on, also when that has moved on', async (t) => {
  const lone = leader();
  const { ballot } = lone.replica.view;
  lone.says.set(3, { hashSlot: 1000, hash: hash(2) });
  lone.pass(100);
  lone.says.set(2, { promised: ballot, commit: 1, hashSlot: 1000, hash: hash(1) });
  lone.pass(100);
  t.ok(lone.replica.view.happy, 'server 3 is the odd one');
  lone.replica.setHash(2000, hash(7));
  lone.says.set(2, { promised: ballot, commit: 1, hashSlot: 2000, hash: hash(7) });
  lone.pass(100);
  t.ok(lone.replica.view.happy, 'agreeing at 2,000 is agreeing at 1,000');
});
