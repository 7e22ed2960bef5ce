/** Where a room's stream begins, and what is lost and what is not when a server keeps less than was asked for. */
import t from 'tap';
import { RoomStream } from '../../src/client/room-stream.js';
import type { Subscribed } from '../../src/wire/index.js';

function subscribed(request: number, nextEvent: number): Subscribed {
  return {
    type: 'subscribed',
    request,
    code: 'ok',
    room: '#a',
    nextEvent,
    headEvent: 200,
    headN: 200,
    topic: '',
    people: [],
  };
}

t.test('a room whose beginning is no longer kept begins later: no gap', async (t) => {
  const stream = new RoomStream('#a', 'all');
  t.equal(stream.subscribe(1).fromEvent, 1);
  t.same(stream.onSubscribed(subscribed(1, 120)), { kind: 'open' });
  t.equal(stream.nextEvent, 120);
});

t.test('what went while the client was away is said to be missing', async (t) => {
  const stream = new RoomStream('#a', 'all');
  stream.subscribe(1);
  stream.onSubscribed(subscribed(1, 1));
  stream.disconnected();
  t.equal(stream.subscribe(2).fromEvent, 1);
  t.same(stream.onSubscribed(subscribed(2, 120)), { kind: 'jumped', missing: 119 });
  t.equal(stream.nextEvent, 120, 'and the stream goes on behind it');
  stream.disconnected();
  stream.subscribe(3);
  t.same(stream.onSubscribed(subscribed(3, 120)), { kind: 'open' });
});
