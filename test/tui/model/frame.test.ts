/** Frames that would look the same are known to, and any that would not are known, too. */
import t from 'tap';
import { isSameFrame } from '../../../src/tui/model/frame.js';
import { play, scenes } from '../golden/scenes.js';
import { Desk } from '../support/desk.js';

t.test('the same model gives the same frame; another scene another one', async (t) => {
  const frames = scenes.map((scene) => {
    const desk = play(scene, 100, 30);
    t.ok(isSameFrame(desk.frame(), desk.frame()), scene.name);
    return desk.frame();
  });
  for (const [index, frame] of frames.entries()) {
    for (const other of frames.slice(index + 1)) t.notOk(isSameFrame(frame, other));
  }
});

t.test('a key, a colour or the cursor alone makes another frame', async (t) => {
  const desk = new Desk();
  desk.connect();
  desk.open();
  desk.saySafely('hello');
  desk.type('ab');
  let before = desk.frame();
  const isSame = (): boolean => {
    const now = desk.frame();
    const same = isSameFrame(before, now);
    before = now;
    return same;
  };
  t.ok(isSame());
  desk.press('Left');
  t.notOk(isSame(), 'the cursor');
  desk.model.theme = 'light';
  t.notOk(isSame(), 'the colours');
  desk.type('x');
  t.notOk(isSame(), 'a character');
  desk.wait(250);
  t.ok(isSame(), 'a quarter of a second in which nothing happens');
});
