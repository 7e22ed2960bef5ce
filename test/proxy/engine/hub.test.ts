/** Events and their listeners, streams of them, and who is overheard to lead. */
import { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { pourEvents } from '../../../src/proxy/engine/event-sink.js';
import { type EventName, Hub, type ProxyEvent } from '../../../src/proxy/engine/hub.js';
import { LeaderWatch } from '../../../src/proxy/engine/leader-watch.js';
import { FakeClock } from '../../support/fake-clock.js';

t.test('each listener gets the events that it named, with the time since the proxy began', async (t) => {
  const clock = new FakeClock();
  const hub = new Hub(clock);
  const rules: ProxyEvent[] = [];
  const both: ProxyEvent[] = [];
  hub.listen(['rule'], (event) => rules.push(event));
  const end = hub.listen(['rule', 'leader'], (event) => both.push(event));
  clock.advance(12.3456);
  hub.emit('rule', { set: 'a' });
  hub.emit('leader', { server: 1 });
  hub.emit('toxic', { proxy: 'x' });
  t.same(rules, [{ t: 12.346, event: 'rule', set: 'a' }]);
  t.same(
    both.map(({ event }) => event),
    ['rule', 'leader'],
  );
  end();
  hub.emit('rule', {});
  t.equal(both.length, 2);
});

t.test('what is heard is known, and a change of it is told', async (t) => {
  const hub = new Hub(new FakeClock());
  const heard: string[] = [];
  const names: readonly EventName[] = ['trace', 'rule', 'leader'];
  hub.onHeardChanged = () => heard.push(names.filter((name) => hub.hears(name)).join());
  const first = hub.listen(['trace', 'rule'], () => undefined);
  const second = hub.listen(['rule', 'leader'], () => undefined);
  first();
  second();
  second();
  t.same(heard, ['trace,rule', 'trace,rule,leader', 'rule,leader', '', '']);
});

t.test('a listener may end itself, or another one, while it is told', async (t) => {
  const hub = new Hub(new FakeClock());
  const told: string[] = [];
  const first = hub.listen(['rule'], () => {
    told.push('first');
    first();
    second();
  });
  const second = hub.listen(['rule'], () => told.push('second'));
  hub.listen(['rule'], () => told.push('third'));
  hub.emit('rule', {});
  hub.emit('rule', {});
  t.same(told, ['first', 'third', 'third']);
});

t.test('a stream gets a JSON object a line; one that is not read misses events and is told how many', async (t) => {
  const hub = new Hub(new FakeClock());
  const read: ProxyEvent[] = [];
  let taken: (() => void) | undefined;
  // Whoever reads takes one line, and the next one only when it is asked to.
  const stream = new Writable({
    write(chunk, _encoding, done) {
      read.push(
        ...String(chunk)
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as ProxyEvent),
      );
      taken = done;
    },
  });
  const readAll = async (): Promise<void> => {
    await nextTurn();
    while (stream.writableLength > 0) {
      taken?.();
      await nextTurn();
    }
  };
  const end = pourEvents(hub, ['trace'], stream);
  const filler = 'x'.repeat(1 << 20);
  for (let number = 1; number <= 20; number++) hub.emit('trace', { number, filler });
  t.ok(stream.writableLength < 8 << 20, `${stream.writableLength} bytes wait`);
  await readAll();
  const count = read.length;
  t.ok(count >= 3 && count < 8, `${count} lines waited`);
  t.same(
    read.map(({ number }) => number),
    Array.from({ length: count }, (_, at) => at + 1),
  );
  hub.emit('trace', { number: 21 });
  hub.emit('trace', { number: 22 });
  await readAll();
  t.match(read.slice(count), [
    { event: 'missed', count: 20 - count },
    { event: 'trace', number: 21 },
    { event: 'trace', number: 22 },
  ]);
  end();
  t.notOk(hub.hears('trace'));
});

t.test('a leader is an event when its ballot is higher than all before; older words change nothing', async (t) => {
  const hub = new Hub(new FakeClock());
  const events: string[] = [];
  hub.listen(['leader'], ({ server, ballot }) => events.push(`${server} by ${ballot}`));
  const watch = new LeaderWatch(hub);
  t.same([watch.server, watch.ballot], [0, '']);
  for (const [server, ballot] of [
    [1, '1.1'],
    [1, '1.1'],
    [2, '2.2'],
    [1, '1.1'],
    [3, '2.3'],
    [2, '2.2'],
    [3, '2.3'],
    [1, '10.1'],
    [3, '9.3'],
  ] as const) {
    watch.heard(server, ballot);
  }
  t.same(events, ['1 by 1.1', '2 by 2.2', '3 by 2.3', '1 by 10.1']);
  t.same([watch.server, watch.ballot], [1, '10.1']);
});
