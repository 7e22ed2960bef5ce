/** A profile made by hand, and one that V8 made, are summed up by self time. */
import { Session } from 'node:inspector/promises';
import t from 'tap';
import { type CpuProfile, profileText, summarise } from '../../bench/cpu-profile.js';

function node(id: number, functionName: string, url = '', lineNumber = -1): CpuProfile['nodes'][number] {
  return { id, callFrame: { functionName, url, lineNumber } };
}

const profile: CpuProfile = {
  nodes: [
    node(1, '(root)'),
    node(2, '(idle)'),
    node(3, 'flush', 'file:///somewhere/dist/src/net/outbound.js', 40),
    node(4, 'flush', 'file:///somewhere/dist/src/net/outbound.js', 40),
    node(5, '', 'file:///elsewhere/node_modules/pino/lib/tools.js', 9),
    node(6, '(garbage collector)'),
  ],
  samples: [2, 3, 4, 5, 6, 2],
  timeDeltas: [100, 1000, 2000, 3000, 500, 1500],
};

t.test('time between two samples belongs to the first of them', async (t) => {
  const { idleMs, busyMs, functions } = summarise(profile);
  t.equal(idleMs, 1);
  t.equal(busyMs, 7);
  t.same(functions, [
    { name: 'flush', place: 'src/net/outbound.js:41', selfMs: 5 },
    { name: '(garbage collector)', place: '', selfMs: 1.5 },
    { name: '(anonymous)', place: 'node_modules/pino/lib/tools.js:10', selfMs: 0.5 },
  ]);
});

t.test('as text, the first few', async (t) => {
  const text = profileText(summarise(profile), 2);
  t.match(text, 'busy 7 ms, idle 1 ms');
  t.match(text, '  71.4 %        5 ms  flush  src/net/outbound.js:41');
  t.equal(text.split('\n').length, 3);
  t.notMatch(text, 'pino');
  t.notMatch(profileText(summarise({ nodes: [], samples: [], timeDeltas: [] }), 5), 'NaN');
});

t.test('a sample of nowhere is a broken profile', async (t) => {
  t.throws(() => summarise({ nodes: [], samples: [7], timeDeltas: [1] }), /node 7/);
});

t.test('a profile that V8 made', async (t) => {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  const endMs = performance.now() + 100;
  let sum = 0;
  while (performance.now() < endMs) sum += Math.sqrt(sum + 1);
  const made = (await session.post('Profiler.stop')) as { profile: CpuProfile };
  session.disconnect();
  const { busyMs, functions } = summarise(made.profile);
  t.ok(busyMs > 50, `${busyMs} ms busy`);
  t.ok(functions.some(({ place }) => /test\/bench\/cpu-profile\.test\.js:\d+$/.test(place)));
});
