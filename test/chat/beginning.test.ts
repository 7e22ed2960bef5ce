/** Where a room's history begins when old slots are gone: found by halves, the same as by looking at all of it. */
import t from 'tap';
import { Prng } from '../../src/base/index.js';
import { RoomBeginning } from '../../src/chat/beginning.js';
import { indexRows } from '../../src/chat/checkpoint.js';
import { Room } from '../../src/chat/model.js';
import { keepsAll } from '../../src/chat/retention.js';
import type { Row } from '../../src/chat/types.js';

/**
 * A room with `spans` spans in rising slots, a row finished after every few; and its rows as a store would have them.
 */
function build(random: Prng, spans: number): { room: Room; stored: Row[]; slots: number[] } {
  const room = new Room('#r');
  const stored: Row[] = [];
  const slots: number[] = [];
  let slot = 0;
  for (let i = 0; i < spans; i++) {
    slot += random.below(4);
    if (slot === 0) slot = 1;
    const count = random.between(1, 5);
    const span = { kind: 'posts', slot, firstEvent: room.events + 1, firstN: room.posts + 1, count } as const;
    room.tail.append({ ...span, author: 'a', runOffset: 0, index: 0 });
    room.events += count;
    room.posts += count;
    for (let n = 0; n < count; n++) slots.push(slot);
    if (random.chance(1, 4)) room.finishRow();
  }
  // A checkpoint has taken some of the finished rows.
  const taken = random.below(room.finished.length + 1);
  for (const row of room.finished.splice(0, taken)) stored.push(...indexRows(room, row));
  stored.sort((a, b) => Buffer.compare(a.key, b.key));
  return { room, stored, slots };
}

t.test('the first event whose slot is kept, in few steps', async (t) => {
  const random = new Prng(7);
  let most = 0;
  for (let round = 0; round < 400; round++) {
    const { room, stored, slots } = build(random, random.below(80));
    const highest = slots.at(-1) ?? 0;
    for (const kept of [1, 2, random.between(1, highest + 2), highest, highest + 1, highest + 100]) {
      const beginning = new RoomBeginning(room, kept, keepsAll);
      let steps = 0;
      for (let range = beginning.nextRange(); range !== undefined; range = beginning.nextRange()) {
        const { from, to } = range;
        const found = stored.filter(({ key }) => Buffer.compare(key, from) >= 0 && Buffer.compare(key, to) < 0);
        beginning.addRows(found.slice(-1));
        steps++;
      }
      most = Math.max(most, steps);
      const at = slots.findIndex((slot) => slot >= kept);
      const wanted = at < 0 ? slots.length + 1 : at + 1;
      if (beginning.firstEvent !== wanted) {
        t.equal(beginning.firstEvent, wanted, `round ${round}, slots from ${kept} kept`);
        return;
      }
    }
  }
  t.ok(most <= 8, `at most ${most} rows were read`);
});
