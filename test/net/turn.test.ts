/** The end of a turn: stages in order, one pass, nothing starved. */
import t from 'tap';
import { Stage, Turn } from '../../src/net/index.js';

function manual() {
  const runs: (() => void)[] = [];
  return { turn: new Turn((run) => runs.push(run)), runs };
}

t.test('stages run in their order, whatever the order of deferring', async (t) => {
  const { turn, runs } = manual();
  const seen: string[] = [];
  turn.defer(() => seen.push('closed'), Stage.closed);
  turn.defer(() => seen.push('socket'), Stage.socket);
  turn.defer(() => seen.push('submit'), Stage.submit);
  turn.defer(() => seen.push('late'), Stage.late);
  turn.defer(() => seen.push('wal'), Stage.wal);
  t.equal(runs.length, 1, 'scheduled once');
  runs.shift()?.();
  t.same(seen, ['submit', 'socket', 'wal', 'late', 'closed']);
  t.notOk(turn.busy);
});

t.test(
  'work for a later stage joins the pass, work for the same or an earlier one waits for the next turn',
  async (t) => {
    const { turn, runs } = manual();
    const seen: string[] = [];
    turn.defer(() => {
      seen.push('wal');
      turn.defer(() => seen.push('socket'), Stage.socket);
      turn.defer(() => seen.push('wal again'), Stage.wal);
      turn.defer(() => seen.push('submit'), Stage.submit);
    }, Stage.wal);
    runs.shift()?.();
    t.same(seen, ['wal', 'socket']);
    t.equal(runs.length, 1);
    runs.shift()?.();
    t.same(seen, ['wal', 'socket', 'submit', 'wal again']);
  },
);

t.test(
  'what the log and the late ones want sent goes in the same pass, and nothing is scheduled for nothing',
  async (t) => {
    const { turn, runs } = manual();
    const seen: string[] = [];
    turn.defer(() => {
      seen.push('submit');
      turn.defer(() => seen.push('socket'), Stage.socket);
      turn.defer(() => {
        seen.push('wal');
        turn.defer(() => seen.push('socket again'), Stage.socket);
        turn.defer(() => seen.push('late'), Stage.late);
      }, Stage.wal);
    }, Stage.submit);
    runs.shift()?.();
    t.same(seen, ['submit', 'socket', 'wal', 'late', 'socket again']);
    t.equal(runs.length, 0, 'an empty turn would cost a round through the event loop');
  },
);

t.test('an exception loses nothing of later turns', async (t) => {
  const { turn, runs } = manual();
  const seen: string[] = [];
  turn.defer(() => {
    throw new Error('bug');
  }, Stage.submit);
  turn.defer(() => seen.push('socket'), Stage.socket);
  t.throws(() => runs.shift()?.(), { message: 'bug' });
  runs.shift()?.();
  t.same(seen, ['socket']);
});
