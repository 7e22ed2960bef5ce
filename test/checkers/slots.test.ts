/** The slot-by-slot comparison names a difference, a hole and a lagging server. */
import t from 'tap';
import { checkSlots } from './slots.js';

const log = (server: string, values: string) => ({
  server,
  slots: [...values].map((digest, index) => ({ slot: index + 1, digest })),
});

void t.test('equal prefixes are good', async (t) => {
  t.same(checkSlots([log('1', 'abc'), log('2', 'ab')]), { ok: true, problems: [], sharedThrough: 2, highest: 3 });
  t.same(checkSlots([]), { ok: true, problems: [], sharedThrough: 0, highest: 0 });
});

void t.test('a difference is named with both servers', async (t) => {
  const verdict = checkSlots([log('1', 'abc'), log('2', 'axc')]);
  t.notOk(verdict.ok);
  t.same(verdict.problems, ['slot 2: server 1 has b, server 2 has x']);
});

void t.test('a hole is named', async (t) => {
  const whole = log('1', 'abc');
  const holed = { server: '2', slots: whole.slots.filter(({ slot }) => slot !== 2) };
  t.same(checkSlots([whole, holed]).problems, ['server 2 has slot 3, due was 2']);
});
