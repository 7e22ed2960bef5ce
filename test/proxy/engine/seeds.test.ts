/** The same seed and the same frames through real connections: the same frames are lost and late, however they come. */
import t from 'tap';
import { encode } from '../../../src/wire/index.js';
import { until } from '../../support/until.js';
import { accept, commit, FramedPair, helloOf } from '../framed-pair.js';

type Test = { teardown(end: () => Promise<void>): void };

const frames = 400;

/** What rules did to the frames of two callers, by link, as `slot what`, in the order in which they came. */
async function run(t: Test, seed: number, chunkBytes: number): Promise<Map<string, string[]>> {
  const pair = await FramedPair.start({ listenerEnd: 2 }, seed);
  t.teardown(() => pair.stop());
  const done = new Map<string, string[]>();
  pair.faults.hub.listen(['frame'], ({ from, slot, did }) => {
    const what = `${slot} ${(did as string[]).join(', ')}`;
    done.set(`${from}>2`, [...(done.get(`${from}>2`) ?? []), what]);
  });
  pair.rule({ id: 'loss', match: { kinds: 'accept', probability: '30%' }, do: 'drop' });
  pair.rule({
    id: 'late',
    match: { probability: 0.5 },
    do: { type: 'delay', distribution: 'uniform', least: 0, most: 9 },
  });
  const callers = [await pair.greet(helloOf('server', 1)), await pair.greet(helloOf('server', 3))];
  const stream = Buffer.concat(
    Array.from({ length: frames }, (_, at) => encode(at % 3 === 0 ? commit(at) : accept(at + 1, (at * 37) % 900))),
  );
  for (let at = 0; at < stream.length; at += chunkBytes) {
    for (const { caller } of callers) caller.socket.write(stream.subarray(at, at + chunkBytes));
    // Some of it is under way before the rest is written.
    if (at % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const dropped = (): number => [1, 3].reduce((sum, id) => sum + pair.faults.link(id, 2).counts.total('dropped'), 0);
  const received = (): number => callers.reduce((sum, { listener }) => sum + listener.slots().length, 0);
  await until('all that is not lost', 20_000, () => dropped() + received() === 2 * frames);
  return done;
}

t.test('two runs with one seed, cut and timed differently, and one with another seed', async (t) => {
  const first = await run(t, 7, 64_000);
  t.ok((first.get('1>2')?.length ?? 0) > 150, `${first.get('1>2')?.length} frames of ${frames} were touched`);
  t.same(await run(t, 7, 777), first, 'the same frames are lost and late by the same times');
  const other = await run(t, 8, 64_000);
  t.notSame(other.get('1>2'), first.get('1>2'), 'another seed decides otherwise');
  t.notSame(first.get('3>2'), first.get('1>2'), 'and so does another link');
});
