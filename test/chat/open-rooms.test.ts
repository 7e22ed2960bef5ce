/** The list of rooms that are open to all, page by page. */
import t from 'tap';
import { Bench, post, say } from './support.js';

t.test('channels in order, with the number of their last message, and no direct room', async (t) => {
  const bench = new Bench();
  const ann = bench.register(0, 'Ann');
  bench.register(1, 'bob');
  t.same(bench.state.openRooms('', 10), { rooms: [], more: false });
  bench.apply([
    bench.run(ann, 0, 1, [
      post('#c', 'one'),
      post('#a', 'two'),
      post('@ann,bob', 'between us'),
      post('#c', 'three'),
      say('join', '#b'),
    ]),
  ]);
  const all = [
    { room: '#a', headN: 1 },
    { room: '#b', headN: 0 },
    { room: '#c', headN: 2 },
  ];
  t.same(bench.state.openRooms('', 10), { rooms: all, more: false });
  t.same(bench.state.openRooms('', 2), { rooms: all.slice(0, 2), more: true });
  t.same(bench.state.openRooms('#b', 2), { rooms: all.slice(2), more: false });
  t.same(bench.state.openRooms('#aa', 10), { rooms: all.slice(1), more: false }, 'a name that is no room');
  t.same(bench.state.openRooms('#c', 10), { rooms: [], more: false });
  bench.apply([bench.run(ann, 0, 6, [post('#aa', 'new'), post('#c', 'four')])]);
  t.same(bench.state.openRooms('#a', 2), { rooms: [{ room: '#aa', headN: 1 }, all[1]], more: true }, 'a new room');
  t.same(bench.state.openRooms('#b', 2).rooms, [{ room: '#c', headN: 3 }]);
});
