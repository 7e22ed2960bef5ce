/** Who may speak as a server here: the pure judgement of a hello (RELIABILITY.md 41–44). */
import t from 'tap';
import {
  helloOf,
  judgePeer,
  type Membership,
  type PeerBook,
  type PeerLives,
  type Self,
} from '../../src/daemon/server/hello.js';
import { type Hello, membershipHash } from '../../src/wire/index.js';

const bytes = (n: number): Uint8Array => new Uint8Array(16).fill(n);
const members = [1, 2, 3].map((id) => ({ id, birthId: bytes(100 + id) }));
const membership: Membership = { clusterId: bytes(7), epoch: 1, members };
const book: PeerBook = {
  clusterId: bytes(7),
  epoch: 1,
  membershipHash: membershipHash(1, members),
  needs: 0,
  links: new Map(members.map((member) => [member.id, member])),
};
const life = (counter: number, random = 1): number => counter * 2 ** 32 + random;
const self: Self = { id: 1, birthId: bytes(101), incarnation: life(1), address: 'h:9001' };
const other = (more: Partial<Self> = {}): Self => ({
  id: 2,
  birthId: bytes(102),
  incarnation: life(5),
  address: 'h:9002',
  ...more,
});

function judge(hello: Hello, lives: Partial<PeerLives> = {}, alive = false): string {
  const verdict = judgePeer(hello, self, book, () => ({ latest: 0, connected: 0, ...lives }), alive);
  if (verdict.kind === 'refuse') t.match(verdict.text, /: \w+|;/, 'it says what to do');
  return verdict.kind === 'refuse' ? verdict.code : verdict.kind;
}

t.test('a member with its own disk', async (t) => {
  const hello = helloOf('server', other(), membership);
  t.equal(judge(hello), 'accept');
  t.equal(judge(hello, { latest: life(4) }), 'accept', 'a later life');
});

t.test('a hello that is said twice takes no link from whoever answers on it', async (t) => {
  const hello = helloOf('server', other(), membership);
  t.equal(judge(hello, { latest: life(5), connected: life(5) }), 'probe', 'the same life on a new connection');
  t.equal(judge(hello, { latest: life(5), connected: life(5) }, true), 'BUSY', 'the link it has answers');
  t.equal(judge(hello, { latest: life(5) }), 'accept', 'the link it had is closed');
});

t.test('lives', async (t) => {
  const hello = helloOf('server', other(), membership);
  t.equal(judge(hello, { latest: life(6) }), 'OLD_INCARNATION', 'a restored backup');
  t.equal(judge(hello, { latest: life(5, 9) }), 'OLD_INCARNATION', 'a copy: one counter, two lives');
  t.equal(judge(hello, { latest: life(4), connected: life(4) }), 'probe');
  t.equal(judge(hello, { latest: life(4), connected: life(4) }, true), 'DUPLICATE_ID');
  t.equal(judge(hello, { latest: life(5, 9), connected: life(5, 9) }, true), 'DUPLICATE_ID');
});

t.test('strangers', async (t) => {
  const at = (more: Partial<Membership>): Hello => helloOf('server', other(), { ...membership, ...more });
  t.equal(judge(at({ clusterId: bytes(8) })), 'FOREIGN_CLUSTER');
  t.equal(judge(helloOf('server', other(), undefined)), 'FOREIGN_CLUSTER');
  t.equal(judge(at({ members: members.slice(0, 2) })), 'FOREIGN_CLUSTER');
  t.equal(judge(at({ epoch: 2, members: members.slice(0, 2) })), 'accept', 'epochs are exchanged, not matched');
  t.equal(judge(helloOf('server', other({ id: 9 }), membership)), 'UNKNOWN_ID');
  t.equal(judge(helloOf('server', other({ id: 1, birthId: bytes(101) }), membership)), 'DUPLICATE_ID');
  const emptied = helloOf('server', other({ birthId: bytes(9) }), membership);
  t.equal(judge(emptied), 'newcomer');
  t.equal(judge(emptied, { latest: life(9) }), 'newcomer', 'its lives begin anew');
  t.equal(judge(emptied, { connected: life(4) }), 'probe', 'while the directory that is known is there, it stays out');
  t.equal(judge(emptied, { connected: life(4) }, true), 'DUPLICATE_ID');
  const early = judgePeer(helloOf('server', other(), membership), self, undefined, () => ({ latest: 0, connected: 0 }));
  t.match(early, { kind: 'refuse', code: 'NOT_READY' });
});
