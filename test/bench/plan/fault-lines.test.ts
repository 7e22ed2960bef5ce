/** Faults as people write them, what they become, and what is refused. */
import t from 'tap';
import {
  faultEndMs,
  faultText,
  linkBodies,
  readFault,
  readLinkSpec,
  serversNamed,
} from '../../../src/bench/plan/fault-lines.js';
import { PlanError } from '../../../src/proxy/index.js';

t.test('a mode for a time, on all links, on those of a server or of whoever leads', async (t) => {
  const fault = readFault('3s..5s p:1::a:2');
  t.match(fault, { kind: 'links', atMs: 3_000, untilMs: 5_000, spec: { kind: 'mode', server: '*', mode: 'p:1::a:2' } });
  if (fault.kind !== 'links') throw new Error('no fault on links');
  t.same(
    linkBodies('f', fault.spec, () => 0),
    [
      { id: 'f mode all p1 *>*', match: { from: '*', to: '*', classes: 'p' }, do: { type: 'delay', time: '1s' } },
      { id: 'f mode all a2 *>*', match: { from: '*', to: '*', classes: 'a' }, do: { type: 'delay', time: '2s' } },
    ],
  );
  t.match(readFault('0s..1s 2=d:0'), { spec: { server: 2, mode: 'd:0' } });
  const led = readLinkSpec(['leader=d:0']);
  t.same(
    linkBodies('f', led, () => 3).map((body) => body.match),
    [
      { from: 3, to: '*' },
      { from: '*', to: 3 },
    ],
  );
});

t.test('the words of synod link', async (t) => {
  const body = (line: string): unknown => linkBodies('f', readLinkSpec(line.split(' ')), () => 2)[0];
  t.same(body('cut 1 3'), { preset: 'cut', a: 1, b: 3, id: 'f' });
  t.same(body('isolate leader'), { preset: 'isolate', server: 2, id: 'f' });
  t.match(body('halves 1,2/3'), { preset: 'halves', groups: [[1, 2], [3]] });
  t.match(body('delay 1 client 20ms'), { preset: 'delay', a: 1, b: 'client', time: '20ms' });
  t.match(body('loss 1 * 5%'), { preset: 'loss', probability: '5%' });
});

t.test('kill and pause, when they are over, and as text', async (t) => {
  t.match(readFault('5s kill leader'), { kind: 'kill', server: 'leader', restartAfterMs: 2_000 });
  t.match(readFault('500ms kill s2 1s'), { kind: 'kill', atMs: 500, server: 2, restartAfterMs: 1_000 });
  t.match(readFault('5s pause follower 2s'), { kind: 'pause', server: 'follower', forMs: 2_000 });
  t.equal(faultEndMs(readFault('5s kill 1')), 7_000);
  t.equal(faultEndMs(readFault('5s..6s d:0')), 6_000);
  for (const line of ['5s kill leader', '3s..4.5s delay 1 2 20ms', '200ms pause 1 2s']) {
    t.equal(faultText(readFault(line)), line);
  }
});

t.test('the servers that it names', async (t) => {
  t.same(serversNamed(readFault('1s kill 7')), [7]);
  t.same(serversNamed(readFault('1s kill leader')), []);
  t.same(serversNamed(readFault('1s..2s halves 1,2/3,9')), [1, 2, 3, 9]);
  t.same(serversNamed(readFault('1s..2s delay 1 4 20ms')), [1, 4]);
  t.same(serversNamed(readFault('1s..2s 5=a:1')), [5]);
});

for (const [line, says] of [
  ['', /is no fault: write FROM\.\.UNTIL/],
  ['kill leader', /"kill" is no time/],
  ['5 kill leader', /"5" is no time up to 24h; write it with its unit/],
  ['5s', /is no fault/],
  ['5s explode 1', /is no fault/],
  ['5s kill', /is no fault/],
  ['5s kill 0', /'0' is no server/],
  ['5s kill nobody', /'nobody' is no server: give its number, or leader, or follower/],
  ['5s kill 1 2s 3s', /is no fault/],
  ['5s pause 1', /is no fault/],
  ['5s..3s d:0', /ends before it begins/],
  ['5s..5s d:0', /ends before it begins/],
  ['1s..2s..3s d:0', /is no fault/],
  ['1s..2s x:1', /'x:1' is no fault: .* p prepare/],
  ['1s..2s cut 1', /cut takes A B, not '1'/],
  ['1s..2s delay 1 2 soon', /"soon" is no time/],
  ['1s..2s loss 1 2 200%', /is no probability/],
  ['1s..2s p:1 a:2', /is no fault on links/],
] as const) {
  t.test(`'${line}' is refused`, async (t) => {
    t.throws(() => readFault(line), says);
    t.throws(() => readFault(line), PlanError);
  });
}
