/** One room's way into its stream, with a chat and a Redis of the test's own: what is asked of them. */
import t from 'tap';
import { silentLogger } from '../../src/base/index.js';
import type { Post, PostPage, StreamTop } from '../../src/redis/mirror-plan.js';
import { RoomMirror } from '../../src/redis/room-mirror.js';

const post = (n: number): Post => ({ n, slot: n, from: 'Amy', text: `${n}`, time: '', kind: 'post' });

interface Scene {
  readonly streamN: number;
  readonly knownN: number;
  readonly roomN: number;
  readonly isClaimed?: boolean;
  readonly isEmptied?: boolean;
}

/** A stream that stands at post `streamN`, and a server that knows up to `knownN` of the `roomN` that are committed. */
function setUp({ streamN, knownN, roomN, isClaimed = true, isEmptied = false }: Scene) {
  const asked: string[] = [];
  const fields = new Map(Object.entries(post(streamN)).map(([name, value]) => [name, String(value)]));
  const id = `${streamN}-0`;
  const top: StreamTop = { id, isClaimed, ...(isEmptied ? {} : { entry: { id, fields } }) };
  const claims: string[] = [];
  const source = {
    cluster: '01'.repeat(16),
    page: async (_: string, from: number, { fresh = false } = {}): Promise<PostPage> => {
      asked.push(`${fresh ? 'all' : 'one'} from ${from}`);
      const headN = fresh ? roomN : knownN;
      const posts = Array.from({ length: Math.max(0, headN - from + 1) }, (__, i) => post(from + i));
      return { posts, headN, fresh };
    },
  };
  const streams = {
    keyOf: (room: string) => room,
    top: async () => top,
    claim: async (cluster: string) => void claims.push(cluster),
    append: async (_: string, __: string, after: number, posts: readonly Post[]) => `${posts.at(-1)?.n ?? after}-0`,
  };
  return { asked, claims, mirror: new RoomMirror('#ops', source, streams, silentLogger) };
}

t.test('a start asks the server in use, and no majority', async (t) => {
  const { asked, mirror } = setUp({ streamN: 3, knownN: 5, roomN: 5 });
  t.equal(await mirror.step(), 'rest');
  t.same(asked, ['one from 3', 'one from 4']);
  t.ok(mirror.holds(5));
});

t.test('a majority is asked when that server knows less than the stream', async (t) => {
  const { asked, mirror } = setUp({ streamN: 3, knownN: 2, roomN: 4 });
  t.equal(await mirror.step(), 'rest', 'it has nothing behind the stream yet');
  t.same(asked, ['one from 3', 'all from 3', 'one from 4']);
  const foreign = setUp({ streamN: 3, knownN: 2, roomN: 2 });
  await t.rejects(foreign.mirror.step(), { code: 'FOREIGN_STREAM' }, 'and only a majority knows that it never had it');
});

t.test('whose the streams are, a room tells whose entry is one of its messages', async (t) => {
  const known = { streamN: 3, knownN: 5, roomN: 5 };
  const own = setUp(known);
  t.equal(await own.mirror.step(), 'rest');
  t.same(own.claims, [], 'that is known');
  const compared = setUp({ ...known, isClaimed: false });
  t.equal(await compared.mirror.step(), 'rest');
  t.same(compared.claims, ['01'.repeat(16)]);
  const emptied = setUp({ ...known, isClaimed: false, isEmptied: true });
  t.equal(await emptied.mirror.step(), 'unclaimed', 'and none that readers have emptied');
  t.same(emptied.claims, []);
  t.notOk(emptied.mirror.holds(1), 'it is looked at again');
  t.equal(await setUp({ ...known, isEmptied: true }).mirror.step(), 'rest');
});
