/** Who is swept when, how often, and in pieces of what size. */
import t from 'tap';
import { SWEEP_MS, Sweeper, type Swept } from '../../src/net/sweeper.js';
import { FakeClock } from '../support/fake-clock.js';

/** Counts what it is told; `act` is what it does about it. */
class Member implements Swept {
  sweeps = 0;
  elapsedMs = 0;
  act: () => void = () => undefined;

  onSweep(elapsedMs: number): void {
    this.sweeps++;
    this.elapsedMs += elapsedMs;
    this.act();
  }
}

function crowd(count: number): { clock: FakeClock; sweeper: Sweeper; members: Member[] } {
  const clock = new FakeClock();
  const sweeper = new Sweeper(clock);
  const members = Array.from({ length: count }, () => new Member());
  for (const member of members) sweeper.add(member);
  return { clock, sweeper, members };
}

t.test('ten thousand are swept in parts, each once a sweep, and their times add up', (t) => {
  const { clock, members } = crowd(10_000);
  clock.advance(SWEEP_MS);
  const first = members.filter(({ sweeps }) => sweeps > 0).length;
  t.ok(first > 0 && first < 200, `${first} of 10,000 in one piece`);
  clock.advance(10 * SWEEP_MS);
  const { sweeps, elapsedMs } = members[0] as Member;
  t.ok(sweeps >= 8 && elapsedMs >= 8 * SWEEP_MS && elapsedMs <= 11 * SWEEP_MS, `${sweeps} sweeps, ${elapsedMs} ms`);
  t.ok(members.every((member) => Math.abs(member.sweeps - sweeps) <= 1));
  t.end();
});

t.test('who leaves while others are swept is not swept, who comes then is swept next time', (t) => {
  const { clock, sweeper, members } = crowd(3);
  const [first, second] = members as [Member, Member, Member];
  const late = new Member();
  first.act = () => {
    first.act = () => undefined;
    sweeper.remove(second);
    sweeper.add(late);
  };
  clock.advance(SWEEP_MS);
  t.same([first.sweeps, second.sweeps, late.sweeps], [1, 0, 0]);
  clock.advance(SWEEP_MS);
  t.same([first.sweeps, second.sweeps, late.sweeps], [2, 0, 1]);
  t.end();
});

t.test('no timer without members, one again with the next', (t) => {
  const { clock, sweeper, members } = crowd(100);
  clock.advance(SWEEP_MS);
  for (const member of members) sweeper.remove(member);
  clock.advance(10 * SWEEP_MS);
  t.equal(clock.timers, 0);
  const late = new Member();
  sweeper.add(late);
  t.equal(clock.timers, 1);
  late.act = () => sweeper.remove(late);
  clock.advance(SWEEP_MS);
  t.equal(late.sweeps, 1);
  t.equal(clock.timers, 0);
  t.end();
});
