/** Direct-message rooms: two people, and nobody else, not even by a second name or before a name is claimed. */
import t from 'tap';
import { Bench, flatten, post, say, token } from './support.js';

t.test('only the two may post, join, set a topic or read', async (t) => {
  const bench = new Bench({ wanted: () => true });
  const [ann, bob, eve] = [bench.register(0, 'Ann'), bench.register(1, 'bob'), bench.register(2, 'eve')];
  const { answers, groups } = bench.apply([
    bench.run(ann, 0, 1, [post('@bob,Ann', 'psst')]),
    bench.run(bob, 1, 1, [post('@ANN,BOB', 'what?')]),
    bench.run(eve, 2, 1, [
      post('@ann,bob', 'me too'),
      say('join', '@ann,bob'),
      say('topic', '@ann,bob', 'x'),
      say('leave', '@ann,bob'),
    ]),
  ]);
  t.same(
    answers.map(({ outcomes }) => outcomes),
    [[{ code: 'ok', count: 1, n: 1 }], [{ code: 'ok', count: 1, n: 2 }], [{ code: 'NOT_ALLOWED', count: 4, n: 0 }]],
  );
  t.same(
    groups.map(({ room }) => room),
    ['@ann,bob'],
    'one room, however it is spelt',
  );
  t.equal(bench.state.session(eve)?.lastSeq, 4, 'a refusal consumes the seq');
  t.same(
    flatten(groups.map(({ group }) => group)).map(({ from, text }) => [from, text]),
    [
      ['Ann', 'psst'],
      ['bob', 'what?'],
    ],
  );
  for (const room of ['@ann,bob', '@BOB,ANN']) {
    t.ok(bench.state.mayRead(room, token(0)));
    t.ok(bench.state.mayRead(room, token(1)));
    t.notOk(bench.state.mayRead(room, token(2)));
    t.notOk(bench.state.mayRead(room, undefined), 'no token, no direct room');
  }
  t.ok(bench.state.mayRead('#a', undefined), 'a channel is open to all');
  t.notOk(bench.state.mayRead('@ann,ann', token(0)), 'no room at all');
});

t.test('a second name of the same person opens its rooms; leaving a name does not close them', async (t) => {
  const bench = new Bench();
  const [ann, eve] = [bench.register(0, 'ann'), bench.register(2, 'eve')];
  const before = bench.apply([
    bench.run(ann, 0, 1, [
      post('@bob,zed', 'no'),
      say('nick', '', 'zed'),
      post('@bob,zed', 'yes'),
      post('@ann,bob', 'still'),
    ]),
  ]);
  t.same(
    before.answers[0]?.outcomes.map(({ code, n }) => [code, n]),
    [
      ['NOT_ALLOWED', 0],
      ['ok', 0],
      ['ok', 1],
      ['ok', 1],
    ],
  );
  t.same(bench.apply([bench.run(eve, 2, 1, [say('nick', '', 'ANN')])]).answers[0]?.outcomes[0]?.code, 'NAME_TAKEN');
  t.notOk(bench.state.mayRead('@ann,bob', token(2)), 'the name she left is not free');
});

t.test('direct rooms are found by the tokens of their two names, once something was said there', async (t) => {
  const bench = new Bench();
  const ann = bench.register(0, 'Ann');
  t.same(bench.state.directRooms(token(0)), []);
  bench.apply([bench.run(ann, 0, 1, [post('@ann,zoe', 'are you there?'), post('#a', 'hi'), post('@ann,bob', 'hi')])]);
  const rooms = [
    { room: '@ann,zoe', headEvent: 1 },
    { room: '@ann,bob', headEvent: 1 },
  ];
  t.same(bench.state.directRooms(token(0)), rooms);
  t.same(bench.state.directRooms(token(1)), [], 'nobody has claimed zoe');
  t.equal(bench.state.directOwners('@ann,zoe').length, 1);
  bench.register(1, 'Zoe');
  t.same(bench.state.directRooms(token(1)), [rooms[0]], 'what was said before her name was claimed is hers');
  t.equal(bench.state.directOwners('@ann,zoe').length, 2);
  t.same(bench.state.directOwners('#a'), []);
});

t.test('a room looked up in vain under one spelling and born under another is one room', async (t) => {
  const bench = new Bench({ wanted: () => true });
  const [ann, bob] = [bench.register(0, 'Ann'), bench.register(1, 'bob')];
  const { answers } = bench.apply([
    bench.run(ann, 0, 1, [post('@bob,Ann', '\u0007'), post('#a', 'elsewhere'), post('@ann,bob', 'first')]),
    bench.run(bob, 1, 1, [post('@bob,Ann', 'second'), post('#a', 'elsewhere'), post('@ann,bob', 'third')]),
  ]);
  const numbers = answers.map(({ outcomes }) =>
    outcomes.flatMap(({ count, n }) => Array.from({ length: count }, (_, i) => (n === 0 ? 0 : n + i))),
  );
  t.same(numbers, [
    [0, 1, 1],
    [2, 2, 3],
  ]);
});
