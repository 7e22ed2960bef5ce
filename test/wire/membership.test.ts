/** The membership hash: as PROTOCOL.md says, moved by ids, birth ids and epoch, by nothing else. */
import { createHash } from 'node:crypto';
import t from 'tap';
import { InvariantError } from '../../src/base/index.js';
import { type MemberAddress, membershipHash } from '../../src/wire/index.js';

const members: MemberAddress[] = [1, 2, 3].map((id) => ({
  id,
  birthId: Buffer.alloc(16, 0x10 + id),
  address: `127.0.0.1:${9009 + id}`,
}));

t.test('computed as the page says', async (t) => {
  const text = `${Buffer.from('synod membership').toString('hex')}${'0000000000000005'}0003${[1, 2, 3]
    .map((id) => `000${id}${`1${id}`.repeat(16)}`)
    .join('')}`;
  const expected = createHash('sha256').update(Buffer.from(text, 'hex')).digest().subarray(0, 16);
  t.same(membershipHash(5, members), expected);
});

t.test('what moves it and what does not', async (t) => {
  const hash = membershipHash(1, members).toString('hex');
  t.equal(membershipHash(1, members.toReversed()).toString('hex'), hash, 'order');
  t.equal(
    membershipHash(
      1,
      members.map((m) => ({ ...m, address: 'x' })),
    ).toString('hex'),
    hash,
    'address',
  );
  t.not(membershipHash(2, members).toString('hex'), hash, 'epoch');
  t.not(membershipHash(1, members.slice(1)).toString('hex'), hash, 'a member less');
  t.not(
    membershipHash(
      1,
      members.map((m) => ({ ...m, id: m.id + 1 })),
    ).toString('hex'),
    hash,
    'ids',
  );
  for (const [i, member] of members.entries()) {
    const other = members.with(i, { ...member, birthId: Buffer.alloc(16, 0xff) });
    t.not(membershipHash(1, other).toString('hex'), hash, `birth id of ${member.id}`);
  }
});

t.test('what our own code must not do', async (t) => {
  const [first] = members as [MemberAddress];
  t.throws(() => membershipHash(1, [first, first]), InvariantError, 'twice');
  t.throws(() => membershipHash(1, [{ ...first, id: 0 }]), InvariantError);
  t.throws(() => membershipHash(1, [{ ...first, birthId: Buffer.alloc(15) }]), InvariantError);
});
