/** Reads that wait for the read index: each gets its own answer once, and there is a bound. */
import t from 'tap';
import { limits } from '../../src/base/index.js';
import { FreshReads } from '../../src/daemon/server/fresh-reads.js';

function rig() {
  const asked: number[] = [];
  return { asked, reads: new FreshReads({ read: (id) => asked.push(id) }) };
}

t.test('answers may come in any order, and once each', async (t) => {
  const { asked, reads } = rig();
  const done: string[] = [];
  for (const name of ['first', 'second']) reads.begin((fresh) => done.push(`${name} ${fresh}`));
  const [first, second] = asked as [number, number];
  reads.answered(second, true);
  reads.answered(first, false);
  reads.answered(first, true);
  reads.answered(second, false);
  t.same(done, ['second true', 'first false']);
});

t.test('past the bound the answer is no, at once; an answer makes room', async (t) => {
  const { asked, reads } = rig();
  for (let i = 0; i < limits.readsWaitingMax; i++) reads.begin(() => undefined);
  const done: boolean[] = [];
  reads.begin((fresh) => done.push(fresh));
  t.same(done, [false]);
  t.equal(asked.length, limits.readsWaitingMax, 'the driver was not asked');
  reads.answered(asked[0] as number, true);
  reads.begin((fresh) => done.push(fresh));
  reads.answered(asked.at(-1) as number, true);
  t.same(done, [false, true]);
});
