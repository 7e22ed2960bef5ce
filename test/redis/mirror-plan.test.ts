/** The mirror's decisions about one room. */
import t from 'tap';
import {
  isBehind,
  matchOf,
  nextOf,
  type Post,
  type PostPage,
  placeOf,
  type StreamTop,
} from '../../src/redis/mirror-plan.js';

const post = (n: number): Post => ({ n, slot: 10 + n, from: 'aaron', text: `t${n}`, time: 'T', kind: 'post' });
const page = (numbers: readonly number[], headN: number, fresh = true): PostPage => ({
  posts: numbers.map(post),
  headN,
  fresh,
});
const fieldsOf = (n: number, more: Record<string, string> = {}): ReadonlyMap<string, string> =>
  new Map(Object.entries({ n: `${n}`, slot: `${10 + n}`, from: 'aaron', text: `t${n}`, ...more }));
const top = (id: string, entry?: StreamTop['entry']): StreamTop => ({
  id,
  isClaimed: true,
  ...(entry === undefined ? {} : { entry }),
});

t.test('where a stream stands', async (t) => {
  t.same(placeOf(top('0-0')), { n: 0 });
  t.same(placeOf(top('7-0', { id: '7-0', fields: fieldsOf(7) })), { n: 7 });
  t.same(placeOf(top('7-0')), { n: 7 }, 'readers may have deleted all');
  t.same(placeOf(top('7-0', { id: '5-0', fields: fieldsOf(5) })), { n: 7 }, '… or the last ones');
  t.match(placeOf(top('1767225600000-1')), { foreign: /1767225600000-1/ });
  t.match(placeOf(top('99999999999999999-0')), { foreign: /99999999999999999-0/ }, 'no number of ours');
  t.match(placeOf(top('7-0', { id: '7-0', fields: new Map([['a', 'b']]) })), { foreign: /7-0/ });
});

t.test('whether it is the stream of the room', async (t) => {
  const seven = top('7-0', { id: '7-0', fields: fieldsOf(7) });
  t.equal(matchOf(7, seven, page([7], 9)), 'same');
  t.equal(matchOf(7, seven, page([8, 9], 9)), 'unknown', 'the servers have deleted what could be compared');
  t.equal(matchOf(7, top('7-0'), page([7], 9)), 'unknown', 'Redis has nothing to compare');
  t.match(matchOf(7, seven, page([], 6)), { foreign: /7-0.*6/ }, 'more than the room ever had');
  t.equal(matchOf(7, seven, page([], 6, false)), 'later', '… but a server without a quorum cannot know');
  for (const change of [{ slot: '1' }, { from: 'lala' }, { text: 'x' }]) {
    const other = top('7-0', { id: '7-0', fields: fieldsOf(7, change) });
    t.match(matchOf(7, other, page([7], 9)), { foreign: /message 7/ }, JSON.stringify(change));
  }
});

t.test('whether Redis has lost something', async (t) => {
  t.equal(isBehind('0-0', 1), true);
  t.equal(isBehind('9-0', 10), true);
  t.equal(isBehind('10-0', 10), false);
  t.equal(isBehind('11-0', 10), false, 'somebody else was faster');
  t.equal(isBehind('1-1', 10), false, 'that is another trouble');
});

t.test('what follows', async (t) => {
  t.same(nextOf(0, page([1, 2], 2)), { posts: [post(1), post(2)], missing: 0, more: false });
  t.same(nextOf(1, page([1, 2], 5)), { posts: [post(2)], missing: 0, more: true }, 'nothing twice');
  t.same(nextOf(2, page([5, 6], 6)), { posts: [post(5), post(6)], missing: 2, more: false });
  t.same(nextOf(2, page([], 2)), { posts: [], missing: 0, more: false });
  t.same(nextOf(5, page([1, 2], 2)), { posts: [], missing: 0, more: false }, 'a server that is behind');
});
