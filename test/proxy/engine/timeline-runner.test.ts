/** The runner of timelines: each step at its time, never before, and nothing taken back that somebody else has set. */
import t from 'tap';
import { Faults } from '../../../src/proxy/engine/faults.js';
import type { ProxyEvent } from '../../../src/proxy/engine/hub.js';
import { TimelineRunner } from '../../../src/proxy/engine/timeline-runner.js';
import { readRule } from '../../../src/proxy/plan/rule.js';
import { readTimeline } from '../../../src/proxy/plan/timeline.js';
import { EarlyClock } from './early-clock.js';

class Bench {
  /** Its timers fire early: the runner must not. */
  readonly clock = new EarlyClock(() => 0.6);
  readonly faults = new Faults(this.clock, 7);
  readonly runner = new TimelineRunner(this.faults, () => this.faults.heal());
  readonly events: ProxyEvent[] = [];

  constructor() {
    this.faults.hub.listen(['timeline'], (event) => this.events.push(event));
  }

  start(...steps: readonly object[]): void {
    this.runner.start(readTimeline({ name: 'storm', steps }, { servers: [1, 2, 3], seed: 7 }));
  }

  /** Lets time pass until `ms` after the beginning; timers that were early need a moment more. */
  at(ms: number): string[] {
    this.clock.advance(1_000 + ms - this.clock.monotonicMs());
    return this.rules;
  }

  get rules(): string[] {
    return this.faults.book.list().map(({ rule }) => rule.id);
  }

  set(id: string): void {
    this.faults.setRules([readRule({ id, do: 'drop' }, '')]);
  }
}

const own = (id: string, more: object) => ({ ...more, rule: { id, do: 'drop' } });

t.test('steps are taken at their time, never before, and faults end at theirs', async (t) => {
  const bench = new Bench();
  t.equal(bench.runner.status, undefined);
  bench.start(
    own('a', { at: 10, for: 20 }),
    own('b', { at: 20, for: 20 }),
    { at: 100, heal: true },
    own('c', { at: 100 }),
  );
  bench.set('mine');
  t.same(bench.at(9.9), ['mine'], 'nothing is early');
  t.same(bench.at(12), ['mine', 'a']);
  t.same(bench.at(19.9), ['mine', 'a']);
  t.same(bench.at(22), ['mine', 'a', 'b'], 'they overlap');
  t.match(bench.runner.status, { name: 'storm', seed: 7, state: 'running', steps: 6, done: 2, elapsedMs: 22 });
  t.same(bench.at(29.9), ['mine', 'a', 'b']);
  t.same(bench.at(32), ['mine', 'b']);
  t.same(bench.at(42), ['mine']);
  t.same(bench.at(99.9), ['mine']);
  t.same(bench.at(102), ['c'], 'heal takes away whatever there is, what comes behind it stays');
  t.match(bench.runner.status, { state: 'finished', done: 6 });
  t.match(
    bench.events.map(({ t: _t, event: _event, timeline: _timeline, ...rest }) => rest),
    [
      { started: 'storm', seed: 7, steps: 6 },
      { step: 1, atMs: 10, text: 'set for 20ms a: drop on "*">"*"' },
      { step: 2, atMs: 20, text: 'set for 20ms b: drop on "*">"*"' },
      { step: 3, atMs: 30, text: 'remove a' },
      { step: 4, atMs: 40, text: 'remove b' },
      { step: 5, atMs: 100, text: 'heal' },
      { step: 6, atMs: 100, text: 'set c: drop on "*">"*"' },
      { finished: 'storm', done: 6 },
    ],
  );
  t.equal(bench.faults.deadlines.waiting, 0);
});

t.test('stop takes back what the timeline has set, and only that', async (t) => {
  const bench = new Bench();
  bench.start(own('a', { at: 0 }), own('b', { at: 0 }), own('late', { at: 50 }));
  bench.at(5);
  bench.set('mine');
  bench.set('b');
  bench.faults.removeRules(['a']);
  bench.set('a');
  t.same(bench.rules, ['b', 'mine', 'a']);
  bench.runner.stop();
  t.same(bench.rules, ['b', 'mine', 'a'], 'rules that somebody has put in their place stay');
  t.match(bench.events.at(-1), { stopped: 'storm', done: 2 });
  t.equal(bench.runner.status?.state, 'stopped');
  bench.runner.stop();
  t.equal(bench.events.filter(({ stopped }) => stopped !== undefined).length, 1, 'it stops once');
  t.same(bench.at(100), ['b', 'mine', 'a'], 'and no further step is taken');
  const another = new Bench();
  another.start(own('a', { at: 0 }), { at: 0, preset: 'isolate', server: 1 });
  another.set('mine');
  t.same(another.at(5), ['mine', 'a', 'steps[1] #1', 'steps[1] #2']);
  another.runner.stop();
  t.same(another.rules, ['mine']);
});

t.test('two steps that overlap under one name: the end of the first leaves the second alone', async (t) => {
  const bench = new Bench();
  bench.start(own('x', { at: 0, for: 20 }), own('x', { at: 10, for: 30 }));
  t.same(bench.at(22), ['x'], 'the second one holds');
  t.same(bench.at(42), []);
});

t.test(
  'another timeline, and stop, take back what the one before has left behind, though it has finished',
  async (t) => {
    const bench = new Bench();
    bench.start(own('a', { at: 0, for: '1h' }));
    t.same(bench.at(2), ['a']);
    bench.start(own('b', { at: 0 }));
    t.same(bench.at(4), ['b']);
    t.equal(bench.runner.status?.state, 'finished');
    bench.start(own('c', { at: 0, for: '1h' }));
    bench.set('mine');
    t.same(bench.at(6), ['mine', 'c']);
    bench.start(own('d', { at: 0 }));
    t.same(bench.at(8), ['mine', 'd']);
    t.match(bench.runner.status, { timeline: 4, state: 'finished' });
    bench.runner.stop();
    t.same(bench.rules, ['mine']);
    t.equal(bench.runner.status?.state, 'finished');
  },
);
