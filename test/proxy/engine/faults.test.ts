/** The rules at work: links and their ends, changes that reach held frames and watchers, and records of frames. */
import t from 'tap';
import { Faults, kindOf } from '../../../src/proxy/engine/faults.js';
import { FrameLine } from '../../../src/proxy/engine/frame-line.js';
import type { ProxyEvent } from '../../../src/proxy/engine/hub.js';
import { readRule } from '../../../src/proxy/plan/rule.js';
import { encode, type Message, registry } from '../../../src/wire/index.js';
import { FakeClock } from '../../support/fake-clock.js';
import { accept, ballot, commit } from '../framed-pair.js';

function worldOf() {
  const clock = new FakeClock();
  const faults = new Faults(clock, 1);
  const events: ProxyEvent[] = [];
  const lineOf = (from: number, to: number, out: string[]): FrameLine =>
    new FrameLine(faults, faults.link(from, to), {
      emit: (frame) => out.push(Buffer.from(frame).toString()),
      damage: (frame) => frame,
      breakOff: () => undefined,
      onReleased: () => undefined,
    });
  return { clock, faults, events, lineOf };
}

const rule = (id: string, action: unknown = 'clog', match: object = {}) => readRule({ id, match, do: action }, '');

t.test('links: one object for the same ends; servers are whoever has been welcomed by another', async (t) => {
  const { faults } = worldOf();
  t.equal(faults.link(1, 2), faults.link(1, 2));
  t.not(faults.link(1, 2), faults.link(2, 1));
  faults.link('client', 10);
  faults.link('unknown', 4);
  faults.link('balancer', 'unknown');
  t.same(faults.servers, [], 'a hello alone makes no server');
  for (const [from, to] of [
    [2, 1],
    [9, 2],
    ['client', 10],
  ] as const)
    faults.link(from, to).isProven = true;
  t.same(faults.servers, [1, 2, 9], 'a welcome does, between servers');
  t.same(
    [...faults.links].map(({ name }) => name),
    ['unknown>unknown', '1>2', '2>1', 'client>10', 'unknown>4', 'balancer>unknown', '9>2'],
  );
});

t.test('a change reaches every line at once, and whoever watches is told', async (t) => {
  const { clock, faults, lineOf } = worldOf();
  const out: string[] = [];
  const lines = [lineOf(1, 2, out), lineOf(2, 1, out), lineOf(1, 3, out)];
  let changes = 0;
  const end = faults.onChange(() => changes++);
  faults.setRules([rule('a'), rule('b', 'clog', { from: 1 })]);
  t.equal(changes, 1);
  for (const [place, line] of lines.entries()) {
    const fate = line.link.rules.judge(registry.accept.code, 5, clock.monotonicMs());
    if (fate !== undefined) line.settle(fate, registry.accept.code, Buffer.from(`line ${place}`), clock.monotonicMs());
  }
  clock.advance(1_000_000);
  t.same(out, []);
  t.same(faults.removeRules(['a', 'nobody']), ['a']);
  clock.advance(1);
  t.same(out, ['line 1'], 'b holds the frames from 1');
  faults.setRules([rule('c', 'drop')]);
  t.same(faults.heal(), ['b', 'c']);
  clock.advance(1);
  t.same(out, ['line 1', 'line 0', 'line 2'], 'in the order of their arrival');
  t.equal(changes, 4);
  t.same(faults.removeRules(['a']), []);
  t.equal(changes, 4, 'nothing has changed');
  end();
  faults.setRules([rule('d')]);
  t.equal(changes, 4);
  for (const line of lines) line.close();
  t.equal(faults.lines.size, 0);
});

t.test('changes of rules are events', async (t) => {
  const { faults, events } = worldOf();
  faults.hub.listen(['rule'], (event) => events.push(event));
  faults.setRules([rule('a', 'drop', { from: 1 })]);
  faults.removeRules(['a']);
  t.match(events, [
    { event: 'rule', set: 'a', text: 'a: drop on 1>"*"', rule: { id: 'a', do: { type: 'drop' } } },
    { event: 'rule', removed: 'a' },
  ]);
});

t.test('records of frames: what it was, what was done and by which rule; only while somebody listens', async (t) => {
  const { clock, faults, events } = worldOf();
  const tell = (message: Message): void => {
    const link = faults.link(3, 1);
    const frame = encode(message);
    const { code } = registry[message.type];
    faults.tell(link, code, frame, link.rules.judge(code, frame.length, clock.monotonicMs()));
  };
  faults.setRules([
    rule('slow', { type: 'delay', time: 5 }, { kinds: 'accept' }),
    rule('lost', 'drop', { kinds: 'accept' }),
  ]);
  tell(accept(4));
  const end = faults.hub.listen(['frame'], (event) => events.push(event));
  tell(accept(5));
  tell(commit(5));
  t.same(events, [
    {
      t: 0,
      event: 'frame',
      from: 3,
      to: 1,
      kind: 'accept',
      ballot: '3.1',
      slot: 5,
      bytes: encode(accept(5)).length,
      did: ['delay 5ms', 'drop'],
      rules: ['slow', 'lost'],
    },
  ]);
  end();
  events.length = 0;
  faults.hub.listen(['trace'], (event) => events.push(event));
  tell(commit(6));
  tell({ type: 'heartbeat', round: 1 });
  tell({ type: 'prepare', ballot, commit: 8 });
  t.match(events, [
    { event: 'trace', kind: 'commit', ballot: '3.1', slot: 6, did: [], rules: [] },
    { event: 'trace', kind: 'heartbeat', did: [] },
    { event: 'trace', kind: 'prepare', ballot: '3.1' },
  ]);
  t.notOk('slot' in (events[1] ?? {}) || 'ballot' in (events[1] ?? {}), 'a heartbeat has neither');
  const bad = encode(accept(1));
  bad[10] = 1;
  faults.tell(faults.link(3, 1), registry.accept.code, bad, undefined);
  t.match(events.at(-1), { kind: 'accept', unreadable: /reserved/ });
});

t.test('kinds by name, and those that no message has', async (t) => {
  t.equal(kindOf(registry.nack.code), 'nack');
  t.equal(kindOf(250), 'type 250');
});
